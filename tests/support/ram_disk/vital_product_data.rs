//! Vital product data pages (SPC-4, 7.8; SBC-3, 6.5).

use bytes::{BufMut as _, Bytes, BytesMut};
use iscsi_pdu::{IscsiName, Lun};

use super::disk::Disk;
use super::inquiry::{PRODUCT, VENDOR};

const SUPPORTED_PAGES: u8 = 0x00;
const UNIT_SERIAL_NUMBER: u8 = 0x80;
const DEVICE_IDENTIFICATION: u8 = 0x83;
const BLOCK_LIMITS: u8 = 0xb0;
const BLOCK_DEVICE_CHARACTERISTICS: u8 = 0xb1;
const PAGES: [u8; 5] =
    [SUPPORTED_PAGES, UNIT_SERIAL_NUMBER, DEVICE_IDENTIFICATION, BLOCK_LIMITS, BLOCK_DEVICE_CHARACTERISTICS];

/// The page with its header, or `None` if there is none of this code.
pub(super) fn page(target: &IscsiName, lun: Lun, disk: &Disk, code: u8) -> Option<Bytes> {
    let body = match code {
        SUPPORTED_PAGES => Bytes::from_static(&PAGES),
        UNIT_SERIAL_NUMBER => serial_number(target, lun).into(),
        DEVICE_IDENTIFICATION => device_identification(target, lun),
        BLOCK_LIMITS => block_limits(disk),
        BLOCK_DEVICE_CHARACTERISTICS => block_device_characteristics(),
        _ => return None,
    };
    let mut page = BytesMut::with_capacity(4 + body.len());
    page.put_slice(&[0x00, code]);
    page.put_u16(u16::try_from(body.len()).ok()?);
    page.put_slice(&body);
    Some(page.freeze())
}

/// A stable identifier of a unit: FNV-1a over target name and LUN.
fn fingerprint(target: &IscsiName, lun: Lun) -> u64 {
    let bytes = target.as_str().bytes().chain(lun.0);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn serial_number(target: &IscsiName, lun: Lun) -> String {
    format!("{:016x}", fingerprint(target, lun))
}

/// A T10 vendor designator and a locally assigned NAA name of the unit, and the name of the target.
fn device_identification(target: &IscsiName, lun: Lun) -> Bytes {
    const ASCII: u8 = 2;
    const BINARY: u8 = 1;
    const UTF8: u8 = 3;
    const T10_VENDOR: u8 = 0x01;
    const NAA: u8 = 0x03;
    /// SCSI name string, associated with the target device.
    const TARGET_NAME: u8 = 0x80 | 0x20 | 0x08;
    let vendor = [VENDOR, PRODUCT.as_slice(), serial_number(target, lun).as_bytes()].concat();
    let naa = fingerprint(target, lun) & (u64::MAX >> 4) | 0x3 << 60;
    // With its NUL, padded to a multiple of four.
    let mut name = target.as_str().as_bytes().to_vec();
    name.resize((name.len() + 1).next_multiple_of(4), 0);
    let mut designators = BytesMut::new();
    put_designator(&mut designators, ASCII, T10_VENDOR, &vendor);
    put_designator(&mut designators, BINARY, NAA, &naa.to_be_bytes());
    put_designator(&mut designators, 0x50 | UTF8, TARGET_NAME, &name);
    designators.freeze()
}

fn put_designator(page: &mut BytesMut, code_set: u8, kind: u8, designator: &[u8]) {
    page.put_slice(&[code_set, kind, 0, u8::try_from(designator.len()).unwrap_or(u8::MAX)]);
    page.put_slice(designator.get(..usize::from(u8::MAX)).unwrap_or(designator));
}

/// The block limits page, with the size of the medium as the only limit: 60 bytes.
fn block_limits(disk: &Disk) -> Bytes {
    let most = u32::try_from(disk.blocks()).unwrap_or(u32::MAX);
    let mut page = BytesMut::zeroed(4);
    page.put_u32(most);
    page.put_u32(most);
    page.put_bytes(0, 60 - page.len());
    page.freeze()
}

/// A medium that does not rotate: 60 bytes.
fn block_device_characteristics() -> Bytes {
    let mut page = BytesMut::with_capacity(60);
    page.put_u16(0x0001);
    page.put_bytes(0, 60 - page.len());
    page.freeze()
}

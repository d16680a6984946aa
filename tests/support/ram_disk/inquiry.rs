//! INQUIRY with its vital product data (SPC-4, 6.6 and 7.8; SBC-3, 6.5).

use bytes::{BufMut as _, Bytes, BytesMut};
use iscsi_pdu::{IscsiName, Lun};

use super::cdb::Cdb;
use super::scsi::Plan;
use super::unit::Unit;
use super::{Sense, provisioning, write_same};

/// T10 vendor identification, eight bytes.
const VENDOR: &[u8; 8] = b"RAMDISK ";
/// Product identification, sixteen bytes.
const PRODUCT: &[u8; 16] = b"Virtual disk    ";
const REVISION: &[u8; 4] = b"0001";
/// SAM-5, SPC-4, SBC-3, iSCSI.
const VERSION_DESCRIPTORS: [u16; 4] = [0x00a0, 0x0460, 0x04c0, 0x0960];
/// Direct access block device, connected.
const DISK: u8 = 0x00;
/// The peripheral byte for a LUN at which no device is possible.
const NO_DEVICE: u8 = 0x7f;

const SUPPORTED_PAGES: u8 = 0x00;
const UNIT_SERIAL_NUMBER: u8 = 0x80;
const DEVICE_IDENTIFICATION: u8 = 0x83;
const EXTENDED_INQUIRY: u8 = 0x86;
const BLOCK_LIMITS: u8 = 0xb0;
const BLOCK_DEVICE_CHARACTERISTICS: u8 = 0xb1;
const LOGICAL_BLOCK_PROVISIONING: u8 = 0xb2;
const PAGES: [u8; 7] = [
    SUPPORTED_PAGES,
    UNIT_SERIAL_NUMBER,
    DEVICE_IDENTIFICATION,
    EXTENDED_INQUIRY,
    BLOCK_LIMITS,
    BLOCK_DEVICE_CHARACTERISTICS,
    LOGICAL_BLOCK_PROVISIONING,
];

/// Bytes that are best transferred by one command: a burst of the default length.
const OPTIMAL_TRANSFER: u32 = 256 << 10;

pub(super) fn execute(target: &IscsiName, lun: Lun, unit: Option<&Unit>, cdb: &Cdb) -> Plan {
    let allocation_length = cdb.allocation_length(3, 2);
    let page = cdb.byte(2);
    if !cdb.flag(1, 0x01) {
        if page != 0 {
            return Plan::Check(Sense::INVALID_FIELD);
        }
        return Plan::data(standard(unit.is_some()), allocation_length);
    }
    let Some(unit) = unit else { return Plan::Check(Sense::UNIT_NOT_SUPPORTED) };
    match vital_product_data(target, lun, unit, page) {
        Some(data) => Plan::data(data, allocation_length),
        None => Plan::Check(Sense::INVALID_FIELD),
    }
}

fn standard(unit_exists: bool) -> Bytes {
    let mut data = BytesMut::with_capacity(96);
    data.put_u8(if unit_exists { DISK } else { NO_DEVICE });
    // Not removable; SPC-4; hierarchical LUNs, response data format 2; 91 bytes follow; command queueing.
    data.put_slice(&[0x00, 0x06, 0x12, 91, 0x00, 0x00, 0x02]);
    data.put_slice(VENDOR);
    data.put_slice(PRODUCT);
    data.put_slice(REVISION);
    data.put_bytes(0, 58 - data.len());
    for descriptor in VERSION_DESCRIPTORS {
        data.put_u16(descriptor);
    }
    data.put_bytes(0, 96 - data.len());
    data.freeze()
}

/// The page with its header, or `None` if there is none of this code.
fn vital_product_data(target: &IscsiName, lun: Lun, unit: &Unit, code: u8) -> Option<Bytes> {
    let body = match code {
        SUPPORTED_PAGES => supported_pages(unit),
        UNIT_SERIAL_NUMBER | DEVICE_IDENTIFICATION if !unit.settings().is_named => return None,
        UNIT_SERIAL_NUMBER => serial_number(target, lun, unit).into(),
        DEVICE_IDENTIFICATION => device_identification(target, lun, unit),
        EXTENDED_INQUIRY => extended_inquiry(unit),
        BLOCK_LIMITS => block_limits(unit),
        BLOCK_DEVICE_CHARACTERISTICS => block_device_characteristics(),
        LOGICAL_BLOCK_PROVISIONING if unit.settings().is_thin => provisioning::page(),
        _ => return None,
    };
    let mut page = BytesMut::with_capacity(4 + body.len());
    page.put_slice(&[0x00, code]);
    page.put_u16(u16::try_from(body.len()).ok()?);
    page.put_slice(&body);
    Some(page.freeze())
}

/// The last page is there only if the unit is thin.
fn supported_pages(unit: &Unit) -> Bytes {
    let pages = Bytes::from_static(&PAGES);
    if unit.settings().is_thin { pages } else { pages.slice(..PAGES.len() - 1) }
}

fn serial_number(target: &IscsiName, lun: Lun, unit: &Unit) -> String {
    format!("{:016x}", unit.fingerprint(target, lun))
}

/// A T10 vendor designator and a locally assigned NAA name of the unit, and the name of the target.
fn device_identification(target: &IscsiName, lun: Lun, unit: &Unit) -> Bytes {
    const ASCII: u8 = 2;
    const BINARY: u8 = 1;
    const UTF8: u8 = 3;
    const T10_VENDOR: u8 = 0x01;
    const NAA: u8 = 0x03;
    /// SCSI name string, associated with the target device.
    const TARGET_NAME: u8 = 0x80 | 0x20 | 0x08;
    let vendor = [VENDOR, PRODUCT.as_slice(), serial_number(target, lun, unit).as_bytes()].concat();
    let naa = unit.fingerprint(target, lun) & (u64::MAX >> 4) | 0x3 << 60;
    // With its NUL, padded to a multiple of four.
    let mut name = target.as_str().as_bytes().to_vec();
    name.resize((name.len() + 1).next_multiple_of(4), 0);
    let mut designators = BytesMut::new();
    put_designator(&mut designators, ASCII, T10_VENDOR, &vendor);
    put_designator(&mut designators, BINARY, NAA, &naa.to_be_bytes());
    put_designator(&mut designators, 0x50 | UTF8, TARGET_NAME, &name);
    designators.freeze()
}

/// Whether a designator with its header is among those of a unit.
pub(super) fn has_designator(target: &IscsiName, lun: Lun, unit: &Unit, designator: &[u8]) -> bool {
    let page = device_identification(target, lun, unit);
    let mut rest = &page[..];
    while let Some(&[_, _, _, length]) = rest.first_chunk() {
        let Some((known, behind)) = rest.split_at_checked(4 + usize::from(length)) else { return false };
        if known == designator {
            return true;
        }
        rest = behind;
    }
    false
}

fn put_designator(page: &mut BytesMut, code_set: u8, kind: u8, designator: &[u8]) {
    page.put_slice(&[code_set, kind, 0, u8::try_from(designator.len()).unwrap_or(u8::MAX)]);
    page.put_slice(designator.get(..usize::from(u8::MAX)).unwrap_or(designator));
}

/// The extended INQUIRY data: every task attribute, and `V_SUP` if there is a volatile cache: 60 bytes.
fn extended_inquiry(unit: &Unit) -> Bytes {
    const ATTRIBUTES: u8 = 0x07;
    let mut page = BytesMut::with_capacity(60);
    page.put_slice(&[0x00, ATTRIBUTES, u8::from(unit.settings().write_cache)]);
    page.put_bytes(0, 60 - page.len());
    page.freeze()
}

/// The block limits (SBC-4): the largest and the best length of a transfer, and the limits of other commands, 60 bytes.
fn block_limits(unit: &Unit) -> Bytes {
    let settings = unit.settings();
    let blocks = |bytes: u32| {
        let blocks = u64::from(bytes / settings.block_size).clamp(1, settings.blocks);
        u32::try_from(blocks).unwrap_or(u32::MAX)
    };
    let (unmapped, ranges) = if settings.is_thin { (u32::MAX, provisioning::MOST_RANGES) } else { (0, 0) };
    let atomic = unit.most_atomic_blocks().into();
    let mut page = BytesMut::with_capacity(60);
    // WRITE SAME of 0 blocks is possible; COMPARE AND WRITE takes as many blocks as its field counts.
    page.put_slice(&[0, u8::MAX, 0, 0]);
    // Lengths of transfers; of PRE-FETCH, none; of UNMAP, with a granularity of one block.
    for number in [blocks(settings.longest_transfer), blocks(OPTIMAL_TRANSFER), 0, unmapped, ranges, 1, 0] {
        page.put_u32(number);
    }
    page.put_u64(write_same::LONGEST / u64::from(settings.block_size));
    // Lengths of WRITE ATOMIC; alignment and granularity, one block each; with boundaries.
    for number in [atomic, 0, 0, atomic, atomic] {
        page.put_u32(number);
    }
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

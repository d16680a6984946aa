//! INQUIRY (SPC-4, 6.6).

use bytes::{BufMut as _, Bytes, BytesMut};
use iscsi_pdu::Lun;

use super::cdb::Cdb;
use super::portal::ServedTarget;
use super::scsi::Outcome;
use super::{Sense, vital_product_data};

/// T10 vendor identification, eight bytes.
pub(super) const VENDOR: &[u8; 8] = b"RAMDISK ";
/// Product identification, sixteen bytes.
pub(super) const PRODUCT: &[u8; 16] = b"Virtual disk    ";
const REVISION: &[u8; 4] = b"0001";
/// SAM-5, SPC-4, SBC-3, iSCSI.
const VERSION_DESCRIPTORS: [u16; 4] = [0x00a0, 0x0460, 0x04c0, 0x0960];
/// Direct access block device, connected.
const DISK: u8 = 0x00;
/// The peripheral byte for a LUN at which no device is possible.
const NO_DEVICE: u8 = 0x7f;

pub(super) fn execute(target: &ServedTarget, lun: Lun, cdb: &Cdb) -> Outcome {
    let allocation_length = cdb.allocation_length(3, 2);
    let page = cdb.byte(2);
    if !cdb.flag(1, 0x01) {
        if page != 0 {
            return Outcome::Check(Sense::INVALID_FIELD);
        }
        return Outcome::data(standard(target.unit(lun).is_some()), allocation_length);
    }
    let Some(disk) = target.unit(lun) else { return Outcome::Check(Sense::UNIT_NOT_SUPPORTED) };
    match vital_product_data::page(&target.name, lun, disk, page) {
        Some(data) => Outcome::data(data, allocation_length),
        None => Outcome::Check(Sense::INVALID_FIELD),
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

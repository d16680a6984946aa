//! REPORT LUNS (SPC-4, 6.33).

use bytes::{BufMut as _, BytesMut};

use super::Sense;
use super::cdb::Cdb;
use super::portal::ServedTarget;
use super::scsi::Outcome;

/// `SELECT REPORT` values: units; well-known units; both.
const UNITS: u8 = 0x00;
const WELL_KNOWN: u8 = 0x01;
const BOTH: u8 = 0x02;

pub(super) fn execute(target: &ServedTarget, cdb: &Cdb) -> Outcome {
    let mut list = BytesMut::new();
    match cdb.byte(2) {
        UNITS | BOTH => target.luns().for_each(|lun| list.put_slice(&lun.0)),
        WELL_KNOWN => {}
        _ => return Outcome::Check(Sense::INVALID_FIELD),
    }
    let mut data = BytesMut::with_capacity(8 + list.len());
    data.put_u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
    data.put_u32(0);
    data.put_slice(&list);
    Outcome::data(data.freeze(), cdb.allocation_length(6, 4))
}

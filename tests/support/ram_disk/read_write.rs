//! READ, WRITE and SYNCHRONIZE CACHE in all their lengths (SBC-3, 5.11 to 5.36).

use super::Sense;
use super::cdb::{Cdb, operation};
use super::disk::{Disk, Extent};
use super::scsi::Outcome;

pub(super) fn read(disk: &Disk, cdb: &Cdb) -> Outcome {
    extent(disk, cdb).map_or_else(Outcome::Check, Outcome::Read)
}

pub(super) fn write(disk: &Disk, cdb: &Cdb) -> Outcome {
    extent(disk, cdb).map_or_else(Outcome::Check, Outcome::Write)
}

/// There is no cache: only the range is checked.
pub(super) fn synchronize_cache(disk: &Disk, cdb: &Cdb) -> Outcome {
    let (lba, count) = if cdb.operation() == operation::SYNCHRONIZE_CACHE_10 {
        (cdb.number(2, 4), cdb.number(7, 2))
    } else {
        (cdb.number(2, 8), cdb.number(10, 4))
    };
    match disk.extent(lba, count) {
        Some(_) => Outcome::GOOD,
        None => Outcome::Check(Sense::LBA_OUT_OF_RANGE),
    }
}

fn extent(disk: &Disk, cdb: &Cdb) -> Result<Extent, Sense> {
    let (lba, count) = match cdb.operation() {
        // A CDB of 6 bytes has no protection field, and 0 blocks mean 256.
        operation::READ_6 | operation::WRITE_6 => (cdb.number(1, 3) & 0x1f_ffff, six_byte_count(cdb)),
        _ if cdb.flag(1, 0xe0) => return Err(Sense::INVALID_FIELD),
        operation::READ_10 | operation::WRITE_10 => (cdb.number(2, 4), cdb.number(7, 2)),
        operation::READ_12 | operation::WRITE_12 => (cdb.number(2, 4), cdb.number(6, 4)),
        _ => (cdb.number(2, 8), cdb.number(10, 4)),
    };
    disk.extent(lba, count).ok_or(Sense::LBA_OUT_OF_RANGE)
}

fn six_byte_count(cdb: &Cdb) -> u64 {
    match cdb.byte(4) {
        0 => 256,
        count => count.into(),
    }
}

//! READ CAPACITY (10) and (16) (SBC-3, 5.15 and 5.16).

use bytes::{BufMut as _, BytesMut};

use super::Sense;
use super::cdb::Cdb;
use super::disk::Disk;
use super::scsi::Outcome;

/// Service action of READ CAPACITY (16).
const READ_CAPACITY_16: u8 = 0x10;

pub(super) fn read_capacity_10(disk: &Disk) -> Outcome {
    let mut data = BytesMut::with_capacity(8);
    // All ones means: ask READ CAPACITY (16).
    data.put_u32(u32::try_from(disk.blocks() - 1).unwrap_or(u32::MAX));
    data.put_u32(disk.block_size());
    Outcome::data(data.freeze(), usize::MAX)
}

pub(super) fn service_action_in_16(disk: &Disk, cdb: &Cdb) -> Outcome {
    if cdb.byte(1) & 0x1f != READ_CAPACITY_16 {
        return Outcome::Check(Sense::INVALID_FIELD);
    }
    let mut data = BytesMut::with_capacity(32);
    data.put_u64(disk.blocks() - 1);
    data.put_u32(disk.block_size());
    data.put_bytes(0, 32 - data.len());
    Outcome::data(data.freeze(), cdb.allocation_length(10, 4))
}

//! READ and WRITE as a block device sends them: in the shortest form that fits, the data in the caller's memory.

use bytes::BytesMut;

use crate::scsi::{RawCommand, Replay, Transfer, TransferLength, WriteData};

/// READ, in the shortest form that fits (SBC-3, 5.8 to 5.13): reads `blocks` blocks of `block_size` bytes from `lba`
/// on; the transfer must stay below 4 GiB.
///
/// ```
/// use iscsi_initiator::scsi::read_blocks;
/// assert_eq!(read_blocks(8, 1, 512).cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
/// assert_eq!(read_blocks(1 << 32, 1, 512).cdb[0], 0x88);
/// ```
#[must_use]
pub fn read_blocks(lba: u64, blocks: u32, block_size: u32) -> RawCommand {
    let transfer = Transfer::Read(blocks.saturating_mul(block_size));
    block_command(("READ (10)", 0x28), ("READ (16)", 0x88), lba, blocks, (transfer, Replay::Repeat))
}

/// READ like [`read_blocks`], into a buffer of the length of the blocks.
#[must_use]
pub fn read_blocks_into(lba: u64, blocks: u32, buffer: BytesMut) -> RawCommand {
    let transfer = Transfer::ReadInto(buffer);
    block_command(("READ (10)", 0x28), ("READ (16)", 0x88), lba, blocks, (transfer, Replay::Repeat))
}

/// WRITE, in the shortest form that fits (SBC-3, 5.28 to 5.33): writes `data`, a whole number of blocks, from `lba`
/// on; the transfer must stay below 4 GiB.
#[must_use]
pub fn write_blocks(lba: u64, blocks: u32, data: impl Into<WriteData>) -> RawCommand {
    block_command(
        ("WRITE (10)", 0x2a),
        ("WRITE (16)", 0x8a),
        lba,
        blocks,
        (Transfer::Write(data.into()), Replay::IfSole),
    )
}

/// The form of ten bytes where address and count fit it, else the one of sixteen.
fn block_command(
    short: (&'static str, u8),
    long: (&'static str, u8),
    lba: u64,
    blocks: u32,
    (transfer, replay): (Transfer, Replay),
) -> RawCommand {
    let (name, cdb) = match (u32::try_from(lba), u16::try_from(blocks)) {
        (Ok(lba), Ok(blocks)) => (short.0, cdb_10(short.1, lba.to_be_bytes(), blocks.to_be_bytes())),
        _ => (long.0, cdb_16(long.1, lba.to_be_bytes(), blocks.to_be_bytes())),
    };
    let (cdb, transfer_length) = (cdb.into(), TransferLength::Exact);
    RawCommand { name, cdb, transfer, transfer_length, replay, is_repeated: true }
}

fn cdb_10(operation_code: u8, lba: [u8; 4], blocks: [u8; 2]) -> [u8; 16] {
    let mut cdb = [0; 16];
    cdb[0] = operation_code;
    cdb[2..6].copy_from_slice(&lba);
    cdb[7..9].copy_from_slice(&blocks);
    cdb
}

fn cdb_16(operation_code: u8, lba: [u8; 8], blocks: [u8; 4]) -> [u8; 16] {
    let mut cdb = [0; 16];
    cdb[0] = operation_code;
    cdb[2..10].copy_from_slice(&lba);
    cdb[10..14].copy_from_slice(&blocks);
    cdb
}

//! READ and WRITE, in the shortest form that fits (SBC-3, 5.8 to 5.13 and 5.28 to 5.33).

use bytes::Bytes;

use super::{Command, Transfer};

/// Reads `blocks` blocks of `block_size` bytes from `lba` on; the transfer must stay below 4 GiB.
///
/// ```
/// use iscsi_initiator::scsi::read_blocks;
/// assert_eq!(read_blocks(8, 1, 512).cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
/// assert_eq!(read_blocks(1 << 32, 1, 512).cdb[0], 0x88);
/// ```
#[must_use]
pub fn read_blocks(lba: u64, blocks: u32, block_size: u32) -> Command {
    let transfer = Transfer::Read(blocks.saturating_mul(block_size));
    command(("READ (10)", 0x28), ("READ (16)", 0x88), lba, blocks, transfer)
}

/// Writes `data`, a whole number of blocks, from `lba` on; the transfer must stay below 4 GiB.
#[must_use]
pub fn write_blocks(lba: u64, blocks: u32, data: Bytes) -> Command {
    command(("WRITE (10)", 0x2a), ("WRITE (16)", 0x8a), lba, blocks, Transfer::Write(data))
}

/// The form of ten bytes where address and count fit it, else the one of sixteen.
fn command(
    short: (&'static str, u8),
    long: (&'static str, u8),
    lba: u64,
    blocks: u32,
    transfer: Transfer,
) -> Command {
    if let (Ok(lba), Ok(blocks)) = (u32::try_from(lba), u16::try_from(blocks)) {
        return Command::new(short.0, short.1, transfer)
            .with(2, &lba.to_be_bytes())
            .with(7, &blocks.to_be_bytes());
    }
    Command::new(long.0, long.1, transfer).with(2, &lba.to_be_bytes()).with(10, &blocks.to_be_bytes())
}

//! A command descriptor block with the data it moves, and the commands without parameter data: TEST UNIT READY,
//! SYNCHRONIZE CACHE, READ and WRITE.

use bytes::BytesMut;

use super::write_data::WriteData;

/// A SCSI command ready for a logical unit
/// ([RFC 7143, section 11.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.3)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// Its name in the standard, for errors.
    pub name: &'static str,
    /// The command descriptor block, zero-padded.
    pub cdb: [u8; 16],
    /// The data that it moves.
    pub transfer: Transfer,
    /// The amount of data that has to move.
    pub transfer_length: TransferLength,
    /// Whether the command is sent again where the session's [policy](crate::RetryPolicy) says so.
    pub is_repeated: bool,
}

/// Data that a command moves
/// ([RFC 7143, section 11.3.4](https://www.rfc-editor.org/rfc/rfc7143#section-11.3.4)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// None.
    None,
    /// Up to this many bytes to the initiator.
    Read(u32),
    /// Up to as many bytes to the initiator as this buffer is long, into it; fewer than 2^32.
    ReadInto(BytesMut),
    /// These bytes to the target; fewer than 2^32.
    Write(WriteData),
}

/// The amount of data that a command has to move to succeed
/// ([RFC 7143, section 11.4.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferLength {
    /// All of it, and no more: the initiator chose the length, as with READ and WRITE. If the target reports a
    /// residual, or does not send or take everything, the command fails with
    /// [`Error::Incomplete`](crate::Error::Incomplete).
    Exact,
    /// Any amount up to the length, which is an allocation length, as with INQUIRY. Residuals are only reported.
    UpTo,
}

impl TransferLength {
    /// Exact for the commands that move blocks of the medium (SBC-3), an upper bound for all others.
    const fn of(operation_code: u8) -> Self {
        match operation_code {
            // READ (6), (10), (12), (16).
            0x08 | 0x28 | 0xa8 | 0x88
            // WRITE (6), (10), (12), (16), WRITE ATOMIC (16).
            | 0x0a | 0x2a | 0xaa | 0x8a | 0x9c
            // WRITE AND VERIFY and VERIFY (10), (12), (16).
            | 0x2e | 0xae | 0x8e | 0x2f | 0xaf | 0x8f
            // WRITE SAME (10), (16), COMPARE AND WRITE, ORWRITE (16).
            | 0x41 | 0x93 | 0x89 | 0x8b => Self::Exact,
            _ => Self::UpTo,
        }
    }
}

impl Command {
    /// Returns a command with this operation code and all other bytes 0. The operation code determines whether its
    /// length is exact.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{Command, Transfer};
    /// let read = Command::new("READ (10)", 0x28, Transfer::Read(512)).with(2, &8_u32.to_be_bytes()).with(8, &[1]);
    /// assert_eq!(read.cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
    /// assert_eq!(read.transfer_length, iscsi_initiator::scsi::TransferLength::Exact);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, operation_code: u8, transfer: Transfer) -> Self {
        let mut cdb = [0; 16];
        cdb[0] = operation_code;
        let transfer_length = TransferLength::of(operation_code);
        Self { name, cdb, transfer, transfer_length, is_repeated: true }
    }

    /// Returns the command without repetitions: its first status is the result, whatever it is.
    #[must_use]
    pub fn once(self) -> Self {
        Self { is_repeated: false, ..self }
    }

    /// Returns the command with a field that begins at byte `at`; bytes beyond byte 15 are cut off.
    #[must_use]
    pub fn with(mut self, at: usize, field: &[u8]) -> Self {
        self.cdb.iter_mut().skip(at).zip(field).for_each(|(place, byte)| *place = *byte);
        self
    }
}

/// TEST UNIT READY (SPC-4, 6.47): checks that the logical unit accepts commands.
#[must_use]
pub fn test_unit_ready() -> Command {
    Command::new("TEST UNIT READY", 0x00, Transfer::None)
}

/// SYNCHRONIZE CACHE (10) over the whole medium (SBC-3, 5.22): ends when all written data are stable.
#[must_use]
pub fn synchronize_cache() -> Command {
    Command::new("SYNCHRONIZE CACHE", 0x35, Transfer::None)
}

/// SYNCHRONIZE CACHE (16) over the whole medium (SBC-3, 5.23), for units that support only this form.
#[must_use]
pub fn synchronize_cache_16() -> Command {
    Command::new("SYNCHRONIZE CACHE (16)", 0x91, Transfer::None)
}

/// READ, in the shortest form that fits (SBC-3, 5.8 to 5.13): reads `blocks` blocks of `block_size` bytes from `lba`
/// on; the transfer must stay below 4 GiB.
///
/// ```
/// use iscsi_initiator::scsi::read_blocks;
/// assert_eq!(read_blocks(8, 1, 512).cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
/// assert_eq!(read_blocks(1 << 32, 1, 512).cdb[0], 0x88);
/// ```
#[must_use]
pub fn read_blocks(lba: u64, blocks: u32, block_size: u32) -> Command {
    let transfer = Transfer::Read(blocks.saturating_mul(block_size));
    block_command(("READ (10)", 0x28), ("READ (16)", 0x88), lba, blocks, transfer)
}

/// READ like [`read_blocks`], into a buffer of the length of the blocks.
#[must_use]
pub fn read_blocks_into(lba: u64, blocks: u32, buffer: BytesMut) -> Command {
    let transfer = Transfer::ReadInto(buffer);
    block_command(("READ (10)", 0x28), ("READ (16)", 0x88), lba, blocks, transfer)
}

/// WRITE, in the shortest form that fits (SBC-3, 5.28 to 5.33): writes `data`, a whole number of blocks, from `lba`
/// on; the transfer must stay below 4 GiB.
#[must_use]
pub fn write_blocks(lba: u64, blocks: u32, data: impl Into<WriteData>) -> Command {
    block_command(("WRITE (10)", 0x2a), ("WRITE (16)", 0x8a), lba, blocks, Transfer::Write(data.into()))
}

/// The form of ten bytes where address and count fit it, else the one of sixteen.
fn block_command(
    short: (&'static str, u8),
    long: (&'static str, u8),
    lba: u64,
    blocks: u32,
    transfer: Transfer,
) -> Command {
    let (name, cdb) = match (u32::try_from(lba), u16::try_from(blocks)) {
        (Ok(lba), Ok(blocks)) => (short.0, cdb_10(short.1, lba.to_be_bytes(), blocks.to_be_bytes())),
        _ => (long.0, cdb_16(long.1, lba.to_be_bytes(), blocks.to_be_bytes())),
    };
    Command { name, cdb, transfer, transfer_length: TransferLength::Exact, is_repeated: true }
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

#[cfg(test)]
mod tests {
    use super::{Command, Transfer, TransferLength};
    use crate::scsi;

    #[test]
    fn only_commands_that_move_blocks_have_an_exact_length() {
        let exact = |operation| {
            let command = Command::new("", operation, Transfer::None);
            command.transfer_length == TransferLength::Exact
        };
        let all: Vec<u8> = (0..=u8::MAX).filter(|operation| exact(*operation)).collect();
        let reads_and_writes = [
            0x08, 0x0a, 0x28, 0x2a, 0x2e, 0x2f, 0x41, 0x88, 0x89, 0x8a, 0x8b, 0x8e, 0x8f, 0x93, 0x9c, 0xa8,
            0xaa, 0xae, 0xaf,
        ];
        assert_eq!(all, reads_and_writes);
        for command in
            [scsi::inquiry(), scsi::report_luns(1), scsi::read_capacity_10(), scsi::read_capacity_16()]
        {
            assert_eq!(command.transfer_length, TransferLength::UpTo, "{}", command.name);
        }
    }
}

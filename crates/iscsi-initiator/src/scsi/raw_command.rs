//! A command descriptor block with the data it moves.

use bytes::BytesMut;

use super::command::Command;
use super::write_data::WriteData;
use super::{Cdb, Replay};

/// A SCSI command as a session carries it out, whatever it means
/// ([RFC 7143, section 11.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.3)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawCommand {
    /// Its name in the standard, for errors.
    pub name: &'static str,
    /// The command descriptor block.
    pub cdb: Cdb,
    /// The data that it moves.
    pub transfer: Transfer,
    /// The amount of data that has to move.
    pub transfer_length: TransferLength,
    /// What may be done with it when its session is lost, and it may have been carried out.
    pub replay: Replay,
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
    /// These bytes to the target, and others to the initiator: a bidirectional command.
    Both {
        /// The bytes to the target; fewer than 2^32.
        write: WriteData,
        /// The most bytes to the initiator.
        read: u32,
    },
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

impl RawCommand {
    /// Returns a command with this operation code and all other bytes 0. The operation code determines whether its
    /// length is exact.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{RawCommand, Transfer};
    /// let read = RawCommand::new("READ (10)", 0x28, Transfer::Read(512)).with(2, &8_u32.to_be_bytes()).with(8, &[1]);
    /// assert_eq!(read.cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
    /// assert_eq!(read.transfer_length, iscsi_initiator::scsi::TransferLength::Exact);
    /// ```
    #[must_use]
    pub fn new(name: &'static str, operation_code: u8, transfer: Transfer) -> Self {
        Self::from_cdb(name, Cdb::new(operation_code), transfer)
    }

    /// Returns a command with this block. Its operation code determines whether its length is exact; together with its service
    /// action it determines what may be done with it when its session is lost ([`Replay::of`]).
    #[must_use]
    pub fn from_cdb(name: &'static str, cdb: Cdb, transfer: Transfer) -> Self {
        let (transfer_length, replay) = (TransferLength::of(cdb.operation_code()), Replay::of(&cdb));
        Self { name, cdb, transfer, transfer_length, replay, is_repeated: true }
    }

    /// Returns the form in which a session carries out a command.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{RawCommand, Replay, TestUnitReady};
    /// let command = RawCommand::of(&TestUnitReady);
    /// assert_eq!((command.name, command.replay), ("TEST UNIT READY", Replay::Repeat));
    /// ```
    #[must_use]
    pub fn of<C: Command>(command: &C) -> Self {
        Self { replay: C::REPLAY, ..Self::from_cdb(C::NAME, command.cdb(), command.transfer()) }
    }

    /// Returns the command without repetitions: its first status is the result, whatever it is.
    #[must_use]
    pub fn once(self) -> Self {
        Self { is_repeated: false, ..self }
    }

    /// Returns the command with a field that begins at byte `at` of its block, as [`Cdb::with`] does.
    #[must_use]
    pub fn with(self, at: usize, field: &[u8]) -> Self {
        let cdb = self.cdb.with(at, field);
        let replay = Replay::of(&cdb);
        Self { cdb, replay, ..self }
    }
}

impl<C: Command> From<C> for RawCommand {
    fn from(command: C) -> Self {
        Self::of(&command)
    }
}

#[cfg(test)]
mod tests {
    use super::{RawCommand, Transfer, TransferLength};
    use crate::scsi;

    #[test]
    fn only_commands_that_move_blocks_have_an_exact_length() {
        let exact = |operation| {
            let command = RawCommand::new("", operation, Transfer::None);
            command.transfer_length == TransferLength::Exact
        };
        let all: Vec<u8> = (0..=u8::MAX).filter(|operation| exact(*operation)).collect();
        let reads_and_writes = [
            0x08, 0x0a, 0x28, 0x2a, 0x2e, 0x2f, 0x41, 0x88, 0x89, 0x8a, 0x8b, 0x8e, 0x8f, 0x93, 0x9c, 0xa8,
            0xaa, 0xae, 0xaf,
        ];
        assert_eq!(all, reads_and_writes);
        for command in
            [RawCommand::from(scsi::StandardInquiry::default()), scsi::ReportLuns::default().into()]
        {
            assert_eq!(command.transfer_length, TransferLength::UpTo, "{}", command.name);
        }
    }
}

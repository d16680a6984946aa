//! A SCSI command whose answer has a type of its own.

use bytes::Bytes;

use super::{Cdb, CommandError, Replay, Transfer};

/// A SCSI command and its answer. A session sends it and parses the answer:
/// [`Session::send`](crate::Session::send).
///
/// ```
/// use bytes::Bytes;
/// use iscsi_initiator::scsi::{Cdb, Command, CommandError, Replay, Transfer};
///
/// /// A vendor's command that returns a temperature.
/// struct ReadTemperature;
///
/// impl Command for ReadTemperature {
///     type Answer = u8;
///     const NAME: &'static str = "READ TEMPERATURE";
///     const REPLAY: Replay = Replay::Repeat;
///
///     fn cdb(&self) -> Cdb {
///         Cdb::new(0xc1).with(4, &[1])
///     }
///
///     fn transfer(&self) -> Transfer {
///         Transfer::Read(1)
///     }
///
///     fn parse(&self, data: Bytes) -> Result<u8, CommandError> {
///         data.first().copied().ok_or_else(|| CommandError::invalid(Self::NAME, "no data"))
///     }
/// }
/// ```
pub trait Command {
    /// What the logical unit answers.
    type Answer;
    /// Its name in the standard, for errors.
    const NAME: &'static str;
    /// What may be done with it when its session is lost, and it may have been carried out.
    const REPLAY: Replay;

    /// Returns the command descriptor block.
    fn cdb(&self) -> Cdb;

    /// Returns the data that it moves.
    fn transfer(&self) -> Transfer;

    /// Parses the data that the logical unit has sent with status GOOD: as many bytes as [`transfer`](Self::transfer) permits, or
    /// fewer.
    ///
    /// # Errors
    /// [`CommandError::InvalidResponse`] for data that do not have the form that the standard requires.
    fn parse(&self, data: Bytes) -> Result<Self::Answer, CommandError>;
}

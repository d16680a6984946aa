//! A command descriptor block with the data it moves, and the two commands that move none.

use iscsi_pdu::ScsiStatus;

use super::{Completion, SenseData, Transfer};
use crate::Error;

/// A SCSI command ready for a logical unit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Command {
    /// Its name in the standard, for errors.
    pub name: &'static str,
    /// The command descriptor block, zero-padded.
    pub cdb: [u8; 16],
    /// What it moves.
    pub transfer: Transfer,
}

impl Command {
    /// A command of this operation code, all other octets 0.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{Command, Transfer};
    /// let read = Command::new("READ (10)", 0x28, Transfer::Read(512)).with(2, &8_u32.to_be_bytes()).with(8, &[1]);
    /// assert_eq!(read.cdb[..9], [0x28, 0, 0, 0, 0, 8, 0, 0, 1]);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, operation_code: u8, transfer: Transfer) -> Self {
        let mut cdb = [0; 16];
        cdb[0] = operation_code;
        Self { name, cdb, transfer }
    }

    /// The same with a field that begins at octet `at`; what reaches beyond octet 15 is cut off.
    #[must_use]
    pub fn with(mut self, at: usize, field: &[u8]) -> Self {
        self.cdb.iter_mut().skip(at).zip(field).for_each(|(place, octet)| *place = *octet);
        self
    }
}

/// TEST UNIT READY (SPC-4, 6.47): is the logical unit there?
#[must_use]
pub fn test_unit_ready() -> Command {
    Command::new("TEST UNIT READY", 0x00, Transfer::None)
}

/// SYNCHRONIZE CACHE (10) over the whole medium (SBC-3, 5.22): ends when everything written is stable.
#[must_use]
pub fn synchronize_cache() -> Command {
    Command::new("SYNCHRONIZE CACHE", 0x35, Transfer::None)
}

impl Completion {
    /// The completion itself with status GOOD, an error with any other.
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data.
    pub fn into_good(self, command: &'static str) -> Result<Self, Error> {
        if self.status == ScsiStatus::GOOD {
            return Ok(self);
        }
        Err(Error::Command { command, status: self.status, sense: SenseData::parse(&self.sense) })
    }
}

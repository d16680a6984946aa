//! The end of a SCSI command: status, sense data, and how much data moved.

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::ScsiStatus;

use super::{SenseData, SenseKey};

/// How a SCSI command ended, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// SCSI status.
    pub status: ScsiStatus,
    /// Sense data, empty if there is none.
    pub sense: Bytes,
    /// What was read.
    pub data: Bytes,
    /// Bytes asked for and not moved, by the target's count (11.4.5); never more than were asked for.
    pub underflow: u32,
    /// Bytes the target had beyond those asked for, by its own count.
    pub overflow: u32,
    /// Why not all of the data moved, or more than all. Only for a command whose length is exact
    /// ([`TransferLength::Exact`](super::TransferLength)).
    pub incomplete: Option<Incomplete>,
}

/// Why a command of exact length is not complete, whatever its status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// The target reports bytes that it did not transfer (residual underflow, RFC 7143, 11.4.5.1).
    Underflow {
        /// How many, by its count.
        residual: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports bytes beyond the transfer (residual overflow, RFC 7143, 11.4.5.2).
    Overflow {
        /// How many, by its count.
        residual: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports nothing, but did not send all data of a read.
    NotSent {
        /// Bytes that came.
        received: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports nothing, but did not take all data of a write: it requested none or not all of the rest.
    NotTaken {
        /// Bytes that it took.
        taken: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
}

impl fmt::Display for Incomplete {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Underflow { residual, expected } => write!(
                formatter,
                "the target reports that {residual} of {expected} bytes were not transferred (residual underflow)"
            ),
            Self::Overflow { residual, expected } => write!(
                formatter,
                "the target reports {residual} bytes beyond the {expected} of the transfer (residual overflow)"
            ),
            Self::NotSent { received, expected } => {
                write!(formatter, "the target sent {received} of {expected} bytes")
            }
            Self::NotTaken { taken, expected } => {
                write!(formatter, "the target took {taken} of {expected} bytes and requested no more")
            }
        }
    }
}

/// A command that was not carried out, or whose answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// A status other than GOOD.
    Status {
        /// The command's name.
        command: &'static str,
        /// Its status.
        status: ScsiStatus,
        /// Sense data, with CHECK CONDITION.
        sense: Option<SenseData>,
    },
    /// Not all data moved, or too much.
    Incomplete {
        /// The command's name.
        command: &'static str,
        /// What is missing or too much.
        incomplete: Incomplete,
    },
    /// Data that do not have the form or the amount that the standard requires.
    InvalidResponse {
        /// The command's name.
        command: &'static str,
        /// What is wrong with them.
        reason: String,
    },
}

impl Completion {
    /// The completion itself if the command was carried out: with status GOOD, or with a recovered error
    /// ([`Self::recovered_error`]), and with all of its data if its length is exact.
    ///
    /// # Errors
    /// [`CommandError::Status`] with status and sense data, [`CommandError::Incomplete`] with the numbers.
    pub fn into_good(self, command: &'static str) -> Result<Self, CommandError> {
        if self.status != ScsiStatus::GOOD && self.recovered_error().is_none() {
            return Err(CommandError::Status {
                command,
                status: self.status,
                sense: SenseData::parse(&self.sense),
            });
        }
        match self.incomplete {
            Some(incomplete) => Err(CommandError::Incomplete { command, incomplete }),
            None => Ok(self),
        }
    }

    /// The sense data of a command that was carried out although it ended in CHECK CONDITION: the sense key is
    /// RECOVERED ERROR, and about this command rather than an earlier one (SPC-4, 4.5.5).
    #[must_use]
    pub fn recovered_error(&self) -> Option<SenseData> {
        let sense = SenseData::parse(&self.sense).filter(|_| self.status == ScsiStatus::CHECK_CONDITION)?;
        (sense.key == SenseKey::RECOVERED_ERROR && !sense.deferred).then_some(sense)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use iscsi_pdu::ScsiStatus;

    use super::{CommandError, Completion, Incomplete};

    const RECOVERED: [u8; 18] = [0x70, 0, 1, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x17, 0x01, 0, 0, 0, 0];

    fn completion(status: ScsiStatus, sense: &[u8], incomplete: Option<Incomplete>) -> Completion {
        let (sense, data) = (Bytes::copy_from_slice(sense), Bytes::new());
        Completion { status, sense, data, underflow: 0, overflow: 0, incomplete }
    }

    #[test]
    fn a_recovered_error_is_a_success_that_keeps_its_sense_data() {
        let recovered = completion(ScsiStatus::CHECK_CONDITION, &RECOVERED, None);
        let sense = recovered.recovered_error().unwrap();
        assert_eq!((sense.key.name(), sense.asc, sense.ascq), ("RECOVERED ERROR", 0x17, 1));
        assert_eq!(recovered.clone().into_good("READ (10)"), Ok(recovered));
    }

    #[test]
    fn a_recovered_error_excuses_no_missing_data() {
        let incomplete = Incomplete::Underflow { residual: 1, expected: 2 };
        for (status, sense) in [(ScsiStatus::GOOD, &[][..]), (ScsiStatus::CHECK_CONDITION, &RECOVERED)] {
            let error = completion(status, sense, Some(incomplete)).into_good("READ (10)").unwrap_err();
            assert_eq!(error, CommandError::Incomplete { command: "READ (10)", incomplete });
        }
    }

    /// Of an earlier command, of another key, or with another status than CHECK CONDITION.
    #[test]
    fn what_only_looks_like_a_recovered_error_is_none() {
        let with = |at: usize, byte| {
            let mut sense = RECOVERED;
            sense[at] = byte;
            sense
        };
        for sense in [with(0, 0x71), with(2, 0), with(2, 6), with(0, 0)] {
            let completion = completion(ScsiStatus::CHECK_CONDITION, &sense, None);
            assert_eq!(completion.recovered_error(), None, "{sense:x?}");
            assert!(matches!(completion.into_good(""), Err(CommandError::Status { .. })), "{sense:x?}");
        }
        let busy = completion(ScsiStatus::BUSY, &RECOVERED, None);
        assert!(busy.recovered_error().is_none() && busy.into_good("").is_err());
    }
}

//! The end of a SCSI command: status, sense data, and how much data moved.

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::ScsiStatus;

use super::{SenseData, SenseKey};

/// The result of a SCSI command, with any status ([RFC 7143, section
/// 11.4](https://www.rfc-editor.org/rfc/rfc7143#section-11.4)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// SCSI status.
    pub status: ScsiStatus,
    /// Sense data, empty if there is none.
    pub sense: Bytes,
    /// The data read.
    pub data: Bytes,
    /// The number of bytes requested but not moved, by the target's count (RFC 7143, 11.4.5); never more than were
    /// requested.
    pub underflow: u32,
    /// The number of bytes that the target had beyond those requested, by its count.
    pub overflow: u32,
    /// Of a bidirectional command, the number of bytes to be read that did not come, by the target's count; `underflow` and
    /// `overflow` are those of the bytes written.
    pub read_underflow: u32,
    /// Of a bidirectional command, the number of bytes that the target had beyond those to be read, by its count.
    pub read_overflow: u32,
    /// The reason why the data moved are not those requested. Only for a command of exact length
    /// ([`TransferLength::Exact`](super::TransferLength)).
    pub incomplete: Option<Incomplete>,
}

/// The reason why a command of exact length is incomplete, with any status
/// ([RFC 7143, section 11.4.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// The target reports bytes that it did not transfer (residual underflow, RFC 7143, 11.4.5.1).
    Underflow {
        /// The number of bytes, by its count.
        residual: u32,
        /// The number of bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports bytes beyond the transfer (residual overflow, RFC 7143, 11.4.5.2).
    Overflow {
        /// The number of bytes, by its count.
        residual: u32,
        /// The number of bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports no residual, but did not send all data of a read.
    NotSent {
        /// The number of bytes received.
        received: u32,
        /// The number of bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports no residual, but did not request all data of a write.
    NotTaken {
        /// The number of bytes that it accepted.
        taken: u32,
        /// The number of bytes of the whole transfer.
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

/// The failure of a single SCSI command, which does not end the session
/// ([RFC 7143, section 11.4.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.2)).
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
    /// Too few or too many data moved.
    Incomplete {
        /// The command's name.
        command: &'static str,
        /// The missing or surplus data.
        incomplete: Incomplete,
    },
    /// Data that do not have the form or the amount that the standard requires.
    InvalidResponse {
        /// The command's name.
        command: &'static str,
        /// The reason.
        reason: String,
    },
}

impl CommandError {
    /// Returns the error for data that do not have the form that the standard requires.
    pub fn invalid(command: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidResponse { command, reason: reason.into() }
    }
}

impl Completion {
    /// Returns GOOD, without data and residuals.
    #[must_use]
    pub const fn good() -> Self {
        Self {
            status: ScsiStatus::GOOD,
            sense: Bytes::new(),
            data: Bytes::new(),
            underflow: 0,
            overflow: 0,
            read_underflow: 0,
            read_overflow: 0,
            incomplete: None,
        }
    }

    /// Returns the completion if the command succeeded: with status GOOD or CONDITION MET, or a recovered error
    /// ([`Self::recovered_error`]), and with all of its data if its length is exact.
    ///
    /// # Errors
    /// [`CommandError::Status`] with status and sense data, [`CommandError::Incomplete`] with the numbers.
    pub fn into_good(self, command: &'static str) -> Result<Self, CommandError> {
        let is_good = matches!(self.status, ScsiStatus::GOOD | ScsiStatus::CONDITION_MET);
        if !is_good && self.recovered_error().is_none() {
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

    /// Returns the sense data of a command that succeeded although it ended in CHECK CONDITION: the sense key is
    /// RECOVERED ERROR, and the error is that of this command, not a deferred one (SPC-4, 4.5.5).
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
        let sense = Bytes::copy_from_slice(sense);
        Completion { status, sense, incomplete, ..Completion::good() }
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

//! The result of a command, as a cell of the table.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::SenseData;

/// The words for a command that succeeded, or the error.
pub(super) type Outcome = Result<&'static str, Error>;

/// The words for a command that succeeded, and whose effect was checked.
pub(super) const DONE: &str = "done";

/// The words for an answer that is right or not.
pub(super) const fn answered(is_right: bool) -> &'static str {
    if is_right { DONE } else { "GOOD, and a wrong answer" }
}

/// The cell of a result.
pub(super) fn cell(outcome: &Outcome) -> String {
    match outcome {
        Ok(words) => (*words).to_owned(),
        Err(Error::Command { sense: Some(SenseData { key, asc, ascq, .. }), .. }) => {
            format!("{} {asc:02X}/{ascq:02X}", key.name())
        }
        Err(Error::Command { status, .. }) => status.to_string(),
        Err(Error::Incomplete { incomplete, .. }) => incomplete.to_string(),
        Err(Error::InvalidResponse { reason, .. }) => format!("unusable answer: {reason}"),
        Err(Error::TargetFailure { response, .. }) => format!("iSCSI response 0x{:02x}", response.0),
        Err(Error::Rejected { .. }) => "rejected".to_owned(),
        Err(Error::Aborted { .. } | Error::Timeout { .. }) => "not answered".to_owned(),
        Err(Error::ConnectionLost { .. } | Error::Ambiguous { .. } | Error::SessionEnded(_)) => {
            "connection closed".to_owned()
        }
        Err(Error::Protocol(error)) => format!("protocol error: {error}"),
        Err(error) => error.to_string(),
    }
}

/// Whether the session may still be used after this result. LIO closes the connection some time after a Reject.
pub(super) fn leaves_session_usable(outcome: &Outcome) -> bool {
    match outcome {
        Ok(_) => true,
        Err(Error::Rejected { .. } | Error::Aborted { .. } | Error::Timeout { .. }) => false,
        Err(error) => error.leaves_session_open(),
    }
}

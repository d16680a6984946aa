//! Failures of a session as values, and the end of a session.

use std::time::Duration;

use iscsi_login::ProtocolViolation;
use iscsi_pdu::{AsyncEvent, LogoutResponseCode, RejectReason};

use super::logout::LogoutCause;

/// Something that went wrong in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The target closed the connection, between two PDUs.
    Closed,
    /// The connection was lost, for this reason.
    Lost(String),
    /// A digest does not match ([RFC 7143, section 7.8](https://www.rfc-editor.org/rfc/rfc7143#section-7.8)).
    Digest(iscsi_pdu::Error),
    /// A status number is missing, so a response is lost ([RFC 7143, section
    /// 7.9](https://www.rfc-editor.org/rfc/rfc7143#section-7.9)).
    Gap(ProtocolError),
    /// The target sent a malformed PDU or one that has no place in the session ([RFC 7143, section
    /// 7.7](https://www.rfc-editor.org/rfc/rfc7143#section-7.7)).
    Format(ProtocolError),
    /// The target rejected a PDU that cannot be repeated.
    Rejected(RejectReason),
    /// The target did not answer in time.
    Silent(Silence),
    /// The target announced that it drops the connection or the session ([RFC 7143, section
    /// 11.9.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.9.1)).
    Announced {
        /// The event.
        event: AsyncEvent,
        /// Seconds to wait before a new connection.
        time2wait: u16,
    },
}

/// A request that was not answered within its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The name of the request; `None` for a logout.
    pub operation: Option<&'static str>,
    /// Whether the target had requested a logout, which was not answered either.
    pub logout_requested: bool,
    /// The limit.
    pub limit: Duration,
}

impl From<iscsi_pdu::Error> for Failure {
    fn from(error: iscsi_pdu::Error) -> Self {
        match error {
            iscsi_pdu::Error::Digest { .. } => Self::Digest(error),
            _ => Self::Format(error.into()),
        }
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Format(error)
    }
}

/// The end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The target answered the logout that this side requested.
    LoggedOut(LogoutCause, LogoutResponseCode),
    /// The session failed.
    Failed(Failure),
}

/// A rule of [RFC 7143](https://www.rfc-editor.org/rfc/rfc7143) that the target broke after login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A malformed PDU.
    #[error(transparent)]
    Pdu(#[from] iscsi_pdu::Error),
    /// Text keys that are malformed or out of place.
    #[error(transparent)]
    Text(#[from] ProtocolViolation),
    /// A PDU with a value other than the expected one.
    #[error("{pdu}: {rule} (got {received:#x}, expected {expected:#x})")]
    Sequence {
        /// The PDU.
        pdu: &'static str,
        /// The rule it breaks.
        rule: &'static str,
        /// The received value.
        received: u64,
        /// The expected value.
        expected: u64,
    },
    /// A PDU with an invalid value, where more than one value is valid.
    #[error("{pdu}: {rule} (got {received:#x})")]
    Value {
        /// The PDU.
        pdu: &'static str,
        /// The rule it breaks.
        rule: &'static str,
        /// The received value.
        received: u64,
    },
    /// The target rejected a PDU of the initiator.
    #[error("target rejected a PDU of the initiator: {}", .0.meaning())]
    Rejected(RejectReason),
}

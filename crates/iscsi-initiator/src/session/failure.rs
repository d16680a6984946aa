//! Failures that end a session.

use iscsi_login::ProtocolViolation;
use iscsi_pdu::AsyncEvent;

/// The reason why a session cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The target broke a rule.
    Protocol(ProtocolError),
    /// The target announced that it drops the connection or the session (RFC 7143, 11.9.1).
    Announced {
        /// The event.
        event: AsyncEvent,
        /// Seconds to wait before a new connection.
        time2wait: u16,
    },
}

impl<E: Into<ProtocolError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Protocol(error.into())
    }
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
    Rejected(iscsi_pdu::RejectReason),
}

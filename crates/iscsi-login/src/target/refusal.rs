//! Refusals, with the status that tells the initiator (RFC 7143, 11.13.5).

use iscsi_pdu::LoginStatus;

use crate::ProtocolViolation;

/// Why a login was refused, for the target's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {reason}")]
pub struct Refusal {
    /// What the initiator was told.
    pub status: LoginStatus,
    /// What is behind it.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(status: LoginStatus, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl From<ProtocolViolation> for Refusal {
    fn from(violation: ProtocolViolation) -> Self {
        Self::new(LoginStatus::INITIATOR_ERROR, violation.to_string())
    }
}

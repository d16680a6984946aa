//! Reasons for which the target ends a connection.

use iscsi_login::target::Refusal;

/// The end of a connection that was not a logout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The initiator sent bytes that are no PDU in place here.
    #[error("malformed PDU: {0}")]
    Malformed(#[from] iscsi_pdu::Error),
    /// The initiator broke a rule.
    #[error("{0}")]
    ProtocolViolation(String),
    /// The login was refused.
    #[error("login refused: {0}")]
    Refused(#[from] Refusal),
    /// The initiator took too long to log in.
    #[error("login timed out")]
    LoginTimeout,
}

impl Fault {
    /// A rule, in the RFC's words and numbers.
    pub(crate) fn violation(rule: impl Into<String>) -> Self {
        Self::ProtocolViolation(rule.into())
    }
}

//! Reasons for which a connection ends early.

use std::io;

use iscsi_login::target::Refusal;

/// The end of a connection that was not a logout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The socket failed or the peer left.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
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
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    NoRandomBytes(String),
}

impl Fault {
    /// A rule, in the RFC's words and numbers.
    pub(crate) fn violation(rule: impl Into<String>) -> Self {
        Self::ProtocolViolation(rule.into())
    }
}

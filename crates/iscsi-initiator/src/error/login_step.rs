//! The step of a login that an error names.

use std::fmt;

use iscsi_pdu::Stage;

/// The step that a login is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginStep {
    /// Name resolution and the TCP connection.
    Connecting,
    /// A Login Response in this stage.
    Negotiating(Stage),
}

impl fmt::Display for LoginStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => formatter.write_str("while connecting"),
            Self::Negotiating(stage) => write!(formatter, "during {stage}"),
        }
    }
}

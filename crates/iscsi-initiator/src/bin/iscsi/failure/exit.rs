//! Exit codes. Scripts rely on them: codes are added, never changed.

use std::process::ExitCode;

use iscsi_initiator::Fault;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// Anything that has no code of its own, interruption included.
    Other = 1,
    /// Invalid arguments.
    Usage = 2,
    /// The target refused the initiator's credentials (status 0201, 0202).
    CredentialsRefused = 3,
    /// The target did not authenticate itself, or a required authentication did not take place.
    TargetNotAuthenticated = 4,
    /// The login was refused for another reason.
    LoginRefused = 5,
    /// The target violated the protocol.
    Protocol = 6,
    /// Could not connect, connection lost, timed out.
    Network = 7,
    /// A SCSI command failed.
    Command = 8,
    /// Secret store or secret file.
    Secrets = 9,
    /// A local file, or data that do not match.
    Local = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::InvalidArgument => Self::Usage,
            Fault::Secrets => Self::Secrets,
            Fault::CredentialsRefused => Self::CredentialsRefused,
            Fault::TargetNotAuthenticated => Self::TargetNotAuthenticated,
            Fault::LoginRefused => Self::LoginRefused,
            Fault::Protocol => Self::Protocol,
            Fault::Network => Self::Network,
            Fault::Command => Self::Command,
            Fault::Internal => Self::Other,
        }
    }
}

//! The exit codes. They are a contract with scripts: codes are added, never changed.

use std::process::ExitCode;

use iscsi_initiator::Fault;

use crate::failure::Failure;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// Anything that has no code of its own, an interruption among it.
    Other = 1,
    /// The arguments ask for what cannot be.
    Usage = 2,
    /// The target refused our credentials (status 0201, 0202).
    CredentialsRefused = 3,
    /// The target did not authenticate itself, or a demanded authentication did not take place.
    TargetNotAuthenticated = 4,
    /// The login was refused for another reason.
    LoginRefused = 5,
    /// The target broke the protocol.
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

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Usage { .. } | Failure::Url(_) | Failure::Portal(_) | Failure::Name { .. } => {
                Self::Usage
            }
            Failure::Initiator(error) => error.fault().into(),
            Failure::Store(_)
            | Failure::UnknownScope { .. }
            | Failure::SecretFile(_)
            | Failure::Import(_)
            | Failure::NotAllImported { .. }
            | Failure::WeakSecrets { .. }
            | Failure::SecretsDiffer => Self::Secrets,
            Failure::Local { .. }
            | Failure::NameFile { .. }
            | Failure::OpenFiles { .. }
            | Failure::Results(_) => Self::Local,
            Failure::Unfinished { source, .. } => Self::from(&**source),
            Failure::LoginsFailed { exit, .. } | Failure::HeldSessionsLost { exit, .. } => *exit,
            Failure::Interrupted | Failure::Generator(_) | Failure::Json(_) | Failure::Runtime(_) => {
                Self::Other
            }
        }
    }
}

//! Failures of the program, their exit codes, and hints about what to do.

mod hints;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iscsi_initiator::{Error, Fault, PortalError, UrlError};
use iscsi_secrets::open_iscsi::ImportError;
use iscsi_secrets::{ChapNameError, GeneratorError, SecretFileError, StoreError};
use serde::{Deserialize, Serialize};

/// An error below a failure.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error of a command that failed, wholly or in part. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Invalid arguments.
    #[error("{message}")]
    Usage { message: String, hint: &'static str },
    #[error("unusable URL")]
    Url(#[from] UrlError),
    #[error(transparent)]
    Portal(#[from] PortalError),
    /// An invalid name.
    #[error("unusable {what}: {reason}")]
    Name { what: &'static str, reason: String },
    #[error(transparent)]
    Initiator(#[from] Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the secret store has no entry for {name}")]
    UnknownScope { name: String },
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    #[error(transparent)]
    Import(#[from] ImportError),
    /// An import that was carried out in part.
    #[error("not everything was imported: {left_out} left out, {kept} kept as in the store")]
    NotAllImported { left_out: usize, kept: usize },
    #[error("the two secrets typed in are not the same")]
    SecretsDiffer,
    /// More logins of a benchmark failed than `--allow-failures` permits.
    #[error("{failed} of {attempts} logins failed; most frequent cause: {cause}")]
    LoginsFailed { failed: u64, attempts: u64, cause: String, exit: Exit },
    /// More reads and writes of a benchmark failed than `--allow-failures` permits.
    #[error("{failed} of {attempts} operations failed; most frequent cause: {cause}")]
    OperationsFailed { failed: u64, attempts: u64, cause: String, exit: Exit },
    /// A logical unit that did not keep what a benchmark had written.
    #[error("{mismatches} {} other data than were written; first at {first}", if *mismatches == 1 { "block holds" } else { "blocks hold" })]
    WrongData { mismatches: u64, first: String },
    /// Blocks that a benchmark had written and could not read.
    #[error("{unreadable} blocks could not be read back; cause: {cause}")]
    NotReadBack { unreadable: u64, cause: String, exit: Exit },
    /// Sessions that a benchmark holds open ended before it did.
    #[error("{lost} of {held} sessions held open were lost; most frequent cause: {cause}")]
    HeldSessionsLost { lost: u64, held: u64, cause: String, exit: Exit },
    #[error(
        "too many open files: the run needs {needed} files and sockets at the same time, and the limit is {limit}"
    )]
    OpenFiles { needed: u64, limit: u64 },
    /// A local file that can be read and does not hold what it should.
    #[error("{message}")]
    File { message: String, source: Option<Cause>, hint: Option<&'static str> },
    /// Data that are not those that were expected.
    #[error("{0}")]
    Differs(String),
    #[error("{count} {} found", if *count == 1 { "weakness was" } else { "weaknesses were" })]
    WeakSecrets { count: usize },
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// An operation on a file, pipe or terminal of this host.
    #[error("cannot {action}")]
    Local { action: String, source: io::Error },
    #[error("no usable initiator name in {}", path.display())]
    NameFile { path: PathBuf, source: Cause },
    /// A block device of this host that cannot be attached, detached or taken over.
    #[error("{message}")]
    Device { message: String, source: Option<io::Error>, hint: &'static str },
    /// A transfer that ended early.
    #[error("{done}")]
    Unfinished { done: String, source: Box<Failure> },
    /// A command that ended in RESERVATION CONFLICT, with what the unit reports of its reservation.
    #[error("{reservation}")]
    Reserved { reservation: String, source: Box<Failure> },
    #[error("interrupted")]
    Interrupted,
    #[error("cannot write the result as JSON")]
    Json(#[source] serde_json::Error),
    #[error("cannot start")]
    Runtime(#[source] io::Error),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: &'static str) -> Self {
        Self::Usage { message: message.into(), hint }
    }

    /// For `map_err`: the step that failed.
    pub(crate) fn local(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Local { action: action.into(), source }
    }

    /// For `map_err`: the step on a file that failed.
    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::local(format!("{verb} {}", path.display()))
    }

    /// An invalid name from the arguments or a variable.
    pub(crate) fn unusable(what: &'static str, error: &dyn std::error::Error) -> Self {
        // The exit code tells who is at fault.
        Self::Name { what, reason: error.to_string().trim_start_matches("caller: ").to_owned() }
    }

    /// For `map_err`: an invalid CHAP name.
    #[allow(clippy::needless_pass_by_value, reason = "that is how map_err gives it")]
    pub(crate) fn chap_name(error: ChapNameError) -> Self {
        Self::unusable("CHAP name", &error)
    }

    /// The error of the library below this failure.
    pub(crate) fn of_initiator(&self) -> Option<&Error> {
        match self {
            Self::Initiator(error) => Some(error),
            Self::Unfinished { source, .. } | Self::Reserved { source, .. } => source.of_initiator(),
            _ => None,
        }
    }

    /// Whether the program was interrupted.
    pub(crate) const fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Unfinished { source, .. } | Self::Reserved { source, .. } => source.is_interruption(),
            _ => false,
        }
    }
}

/// An exit code. Scripts rely on them: codes are added, never changed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
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
            | Failure::Device { .. }
            | Failure::NameFile { .. }
            | Failure::OpenFiles { .. }
            | Failure::File { .. }
            | Failure::Differs(_) => Self::Local,
            Failure::Unfinished { source, .. } | Failure::Reserved { source, .. } => Self::from(&**source),
            Failure::LoginsFailed { exit, .. }
            | Failure::OperationsFailed { exit, .. }
            | Failure::NotReadBack { exit, .. }
            | Failure::HeldSessionsLost { exit, .. } => *exit,
            Failure::WrongData { .. }
            | Failure::Interrupted
            | Failure::Generator(_)
            | Failure::Json(_)
            | Failure::Runtime(_) => Self::Other,
        }
    }
}

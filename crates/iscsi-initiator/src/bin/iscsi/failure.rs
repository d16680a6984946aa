//! What can go wrong in the program.

use std::io::{self, Write as _, stderr};
use std::path::{Path, PathBuf};

use iscsi_initiator::{Error, PortalError, UrlError};
use iscsi_secrets::open_iscsi::ImportError;
use iscsi_secrets::{ChapNameError, GeneratorError, SecretFileError, StoreError};

use crate::bench::results_file::ResultsFileError;
use crate::exit::Exit;
use crate::initiator_name::NameFileFault;
use crate::printable::printable;
use crate::redact::redacted;

/// Why a command was not, or not wholly, carried out. No secret is part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Arguments that make no sense together.
    #[error("{message}")]
    Usage { message: String, hint: &'static str },
    #[error("unusable URL")]
    Url(#[from] UrlError),
    #[error(transparent)]
    Portal(#[from] PortalError),
    /// A name that is none.
    #[error("unusable {what}: {reason}")]
    Name { what: &'static str, reason: String },
    #[error(transparent)]
    Initiator(#[from] Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the secret store knows nothing of {name}")]
    UnknownScope { name: String },
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The rest of an import was carried out.
    #[error("not everything was imported: {left_out} left out, {kept} kept as in the store")]
    NotAllImported { left_out: usize, kept: usize },
    #[error("the two secrets typed in are not the same")]
    SecretsDiffer,
    /// More logins of a measurement failed than may.
    #[error("{failed} of {attempts} logins failed; most frequent cause: {cause}")]
    LoginsFailed { failed: u64, attempts: u64, cause: String, exit: Exit },
    /// What was to be there while it was measured was not.
    #[error("{lost} of {held} sessions held open were lost; most frequent cause: {cause}")]
    HeldSessionsLost { lost: u64, held: u64, cause: String, exit: Exit },
    #[error("{needed} files and sockets have to be open at the same time, and the limit is {limit}")]
    OpenFiles { needed: u64, limit: u64 },
    #[error(transparent)]
    Results(#[from] ResultsFileError),
    #[error("{count} {} found", if *count == 1 { "weakness was" } else { "weaknesses were" })]
    WeakSecrets { count: usize },
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// A file, pipe or terminal of this host.
    #[error("cannot {action}")]
    Local { action: String, source: io::Error },
    #[error("no usable initiator name in {}", path.display())]
    NameFile { path: PathBuf, source: NameFileFault },
    /// A transfer that ended before its end.
    #[error("{done}")]
    Unfinished { done: String, source: Box<Failure> },
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

    /// For `map_err`: the step that the operating system refused.
    pub(crate) fn local(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Local { action: action.into(), source }
    }

    /// The same, for a step with a file.
    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::local(format!("{verb} {}", path.display()))
    }

    /// What was typed as a name, or stood in a variable, and is none.
    pub(crate) fn unusable(what: &'static str, error: &dyn std::error::Error) -> Self {
        // Who is at fault is said by the exit code.
        Self::Name { what, reason: error.to_string().trim_start_matches("caller: ").to_owned() }
    }

    /// For `map_err`: a text that no CHAP name can be.
    #[allow(clippy::needless_pass_by_value, reason = "that is how map_err gives it")]
    pub(crate) fn chap_name(error: ChapNameError) -> Self {
        Self::unusable("CHAP name", &error)
    }

    /// The error of the library, if that is what failed.
    pub(crate) fn of_initiator(&self) -> Option<&Error> {
        match self {
            Self::Initiator(error) => Some(error),
            Self::Unfinished { source, .. } => source.of_initiator(),
            _ => None,
        }
    }

    /// Whether somebody ended the program.
    pub(crate) const fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Unfinished { source, .. } => source.is_interruption(),
            _ => false,
        }
    }
}

/// One line on standard error about something that was done on the way.
pub(crate) fn note(text: &str) {
    say("note", text);
}

/// One line on standard error about something that does not stop the program.
pub(crate) fn warn(text: &str) {
    say("warning", text);
}

/// One line on standard error about what to do next.
pub(crate) fn hint(text: &str) {
    say("hint", text);
}

/// What cannot be printed there cannot be told at all.
fn say(label: &str, text: &str) {
    _ = writeln!(stderr(), "{label}: {}", printable(&redacted(text)));
}

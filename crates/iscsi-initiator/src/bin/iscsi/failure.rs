//! What can go wrong in the program, and how it is shown.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use iscsi_initiator::{Error, PortalError, UrlError};
use iscsi_secrets::open_iscsi::ImportError;
use iscsi_secrets::{ChapNameError, GeneratorError, SecretFileError, StoreError};

use crate::bench::results_file::ResultsFileError;
use crate::printable::printable;

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
    /// What was to be measured did not happen.
    #[error("not one login succeeded: {cause}")]
    NoLogin { cause: String },
    #[error("{needed} files and sockets have to be open at the same time, and the limit is {limit}")]
    OpenFiles { needed: u64, limit: u64 },
    #[error(transparent)]
    Results(#[from] ResultsFileError),
    #[error("{count} weaknesses were found")]
    WeakSecrets { count: usize },
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// A file, pipe or terminal of this host.
    #[error("cannot {action}")]
    Local { action: String, source: io::Error },
    #[error("no usable initiator name in {}", path.display())]
    NameFile { path: PathBuf },
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
    pub(crate) fn unusable(what: &'static str, error: &impl std::error::Error) -> Self {
        // Who is at fault is said by the exit code.
        Self::Name { what, reason: error.to_string().trim_start_matches("caller: ").to_owned() }
    }

    /// For `map_err`: a text that no CHAP name can be.
    #[allow(clippy::needless_pass_by_value, reason = "that is how map_err gives it")]
    pub(crate) fn chap_name(error: ChapNameError) -> Self {
        Self::unusable("CHAP name", &error)
    }

    /// What a person can change.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => Some((*hint).to_owned()),
            Self::Url(error) => Some(error.hint().to_owned()),
            Self::Initiator(error) => initiator_hint(error),
            Self::Store(error) => error.remedy(),
            Self::UnknownScope { .. } => Some("see `iscsi secret list`".to_owned()),
            Self::SecretFile(error) => error.remedy(),
            Self::Import(error) => error.remedy(),
            Self::NotAllImported { left_out, .. } => Some(not_imported_hint(*left_out).to_owned()),
            Self::NoLogin { .. } => Some("`iscsi login` tells more about one login".to_owned()),
            Self::OpenFiles { needed, .. } => Some(format!(
                "raise it: `ulimit -n {needed}`, LimitNOFILE={needed} in a systemd unit, --ulimit nofile={needed} for a \
                 container"
            )),
            Self::Results(error) => error.remedy().map(str::to_owned),
            Self::WeakSecrets { .. } => {
                Some("`iscsi secret generate` makes secrets that are neither short nor shared".to_owned())
            }
            Self::NameFile { .. } => {
                Some("put one line `InitiatorName=iqn…` there, or use --initiator-name".to_owned())
            }
            Self::Unfinished { source, .. } => source.hint(),
            _ => None,
        }
    }

    /// `error:`, every `caused by:` that says more, and `hint:`, on standard error.
    pub(crate) fn print(&self) {
        let mut above = self.to_string();
        eprintln!("error: {}", printable(&above));
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !above.ends_with(&text) {
                eprintln!("caused by: {}", printable(&text));
            }
            above = text;
            cause = error.source();
        }
        if let Some(text) = self.hint() {
            hint(&text);
        }
    }
}

/// The options and commands that change what the library speaks of.
fn initiator_hint(error: &Error) -> Option<String> {
    Some(match error {
        Error::Policy(_) => {
            "`iscsi secret set` stores the secrets that are missing; --auth demands less".to_owned()
        }
        Error::BelowRequirement { set_for: Some(_), .. } => {
            "`iscsi secret set` stores the secrets that are missing; `iscsi secret require` changes what is required, \
             `iscsi secret list` shows it"
                .to_owned()
        }
        Error::BelowRequirement { set_for: None, .. } => {
            "`iscsi secret set` stores the secrets that are missing; --require-auth (ISCSI_REQUIRE_AUTH) is what \
             requires them"
                .to_owned()
        }
        Error::SharedSecret { .. } => {
            "give each direction a secret of its own (`iscsi secret check` finds all that are shared), or use \
             --allow-shared-secret"
                .to_owned()
        }
        Error::CredentialsMissing { .. } => {
            "the target wants CHAP: store the credentials of an account it has for this initiator (`iscsi secret set`), \
             or give them by --user and --secret-file"
                .to_owned()
        }
        _ => return error.hint(),
    })
}

const fn not_imported_hint(left_out: usize) -> &'static str {
    if left_out == 0 {
        "--replace overwrites what is in the store"
    } else {
        "see the warnings above; `iscsi secret set` stores what was left out"
    }
}

/// One line on standard error about something that was done on the way.
pub(crate) fn note(text: &str) {
    eprintln!("note: {}", printable(text));
}

/// One line on standard error about something that does not stop the program.
pub(crate) fn warn(text: &str) {
    eprintln!("warning: {}", printable(text));
}

/// One line on standard error about what to do next.
pub(crate) fn hint(text: &str) {
    eprintln!("hint: {}", printable(text));
}

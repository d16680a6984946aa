//! `iscsi secret`

mod clear;
mod forget;
mod generate;
mod list;
mod remember;
mod set;

use clap::{Args, Subcommand};
use iscsi_initiator::IscsiName;
use iscsi_secrets::{Scope, SecretStore, TargetName};

use crate::arguments::Options;
use crate::failure::Failure;

/// What to do with a secret.
#[derive(Subcommand)]
pub(crate) enum Secret {
    /// Store what we prove to a target
    ///
    /// The secret comes from --secret-file, or is asked for twice on a terminal. Without --user a name stored earlier
    /// stays, else the initiator name is sent.
    Remember(remember::Remember),
    /// Store what a target, or every target, must prove to us
    ///
    /// The secret comes from --secret-file, or is asked for twice on a terminal. Without --target-user a name stored
    /// earlier stays, else any is accepted.
    Set(set::Set),
    /// Remove what a target must prove; mutual login to it then fails until it is set again
    ///
    /// The target stays on record as one that must prove itself, and the global secret does not count for it. To lift
    /// that, use `iscsi secret forget`.
    Clear(clear::Clear),
    /// Remove both secrets of a target, and the demand that it proves itself by one of its own
    ///
    /// The global secret, if there is one, counts again for the target. Its name stays in the list.
    Forget(forget::Forget),
    /// Show whom there are secrets for, never the secrets
    List,
    /// Make a secret of 16 random characters
    ///
    /// Nothing else shows a secret, and this does so only with `-o -`. No file is overwritten.
    Generate(generate::Generate),
}

impl Secret {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Remember(command) => command.run(options),
            Self::Set(command) => command.run(options),
            Self::Clear(command) => command.run(options),
            Self::Forget(command) => command.run(options),
            Self::List => list::run(options),
            Self::Generate(command) => command.run(),
        }
    }
}

/// Whom a reverse secret is for.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The target's iSCSI name
    #[arg(long, value_name = "IQN")]
    target: Option<String>,
    /// Every target without a secret of its own
    #[arg(long)]
    global: bool,
}

impl Whom {
    fn scope(&self) -> Result<Scope, Failure> {
        self.target.as_deref().map_or(Ok(Scope::Global), |name| target_name(name).map(Scope::Target))
    }
}

/// Brings a name that was typed into the form in which it is stored.
fn target_name(text: &str) -> Result<TargetName, Failure> {
    const WHAT: &str = "target name";
    let name = IscsiName::typed(text).map_err(|error| Failure::unusable(WHAT, &error))?;
    TargetName::new(name.as_str()).map_err(|error| Failure::unusable(WHAT, &error))
}

/// A typing error must not look like a change.
fn refuse_unknown(store: &impl SecretStore, target: &TargetName) -> Result<(), Failure> {
    if store.knows(target)? { Ok(()) } else { Err(Failure::UnknownTarget { name: target.to_string() }) }
}

/// Options that mean the other direction would be silently without effect.
fn refuse_option(given: bool, option: &str, hint: &'static str) -> Result<(), Failure> {
    if given { Err(Failure::usage(format!("{option} has no meaning here"), hint)) } else { Ok(()) }
}

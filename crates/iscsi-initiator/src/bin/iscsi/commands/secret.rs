//! `iscsi secret`

mod check;
mod clear;
mod credential_line;
mod forget;
mod generate;
mod import;
mod list;
mod rekey;
mod remember;
mod require;
mod scope_args;
mod set;

use clap::Subcommand;

use crate::arguments::Options;
use crate::failure::Failure;

/// What to do with a secret.
#[derive(Subcommand)]
pub(crate) enum Secret {
    /// Store the initiator's CHAP secret, the target's, or both, for one target, as the default, or for discovery
    ///
    /// The options are those of `iscsi login`: --user and --secret-file for the initiator's secret, --target-user and
    /// --target-secret-file for the target's. A secret without a file is asked for twice on a terminal, and so are both
    /// where nothing is given. Without a user name one that was stored earlier stays, else the initiator name is sent and
    /// any name of the target accepted. Both secrets are stored together or, after an error, neither.
    Set(set::Set),
    /// Store the initiator's CHAP secret
    #[command(hide = true)]
    Remember(remember::Remember),
    /// Require authentication of logins: to one target, to all targets, or for discovery
    ///
    /// What is required of a target or portal counts before what is required of all, even if it is less. Logins that
    /// would have less, by --auth or because secrets are missing, fail before anything is sent. The policy is lowered by
    /// this command alone; clearing and forgetting secrets leave it as it is.
    Require(require::Require),
    /// Remove the target's CHAP secret
    ///
    /// A target or portal stays on record as one that must authenticate itself: logins to it fail until a secret is set
    /// again, and the default does not count for it. To lift that, use `iscsi secret forget`. With --global or --discovery
    /// the targets without a secret of their own need not authenticate themselves any more: automatic logins to them
    /// become one-way CHAP, unless `iscsi secret require mutual` forbids that.
    Clear(clear::Clear),
    /// Remove both secrets of a target or portal, and its record
    ///
    /// The default, if there is one, counts again for the target. A requirement that is stricter than that of all others
    /// stays; `iscsi secret require inherit` removes it.
    Forget(forget::Forget),
    /// List stored credentials and requirements, never the secrets
    List,
    /// Make a secret of 16 random characters
    ///
    /// Nothing else shows a secret, and this does so only with `-o -`. No file is overwritten.
    Generate(generate::Generate),
    /// Take over what the files of open-iscsi hold
    ///
    /// What the store has already stays, unless --replace is given. Exit code 9 tells that something was not taken
    /// over; everything else was. The files stay as they are.
    Import(import::Import),
    /// Look for secrets that are short, shared, or the same in both directions
    ///
    /// Exit code 9 if there are any. Nothing is changed, and no secret is shown.
    Check,
    /// Seal the store with another key
    ///
    /// Without an option a new key is made and kept beside the store; that protects copies and backups which hold only
    /// one of the two files. With a key file elsewhere (or handed over by systemd: LoadCredentialEncrypted=iscsi-store-key)
    /// or a passphrase, the store's directory alone opens nothing. Whatever interrupts this, the store opens with the
    /// old key or the new one.
    Rekey(rekey::Rekey),
}

impl Secret {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Remember(command) => command.run(options),
            Self::Set(command) => command.run(options),
            Self::Require(command) => command.run(options),
            Self::Clear(command) => command.run(options),
            Self::Forget(command) => command.run(options),
            Self::List => list::run(options),
            Self::Generate(command) => command.run(),
            Self::Import(command) => command.run(options),
            Self::Check => check::run(options),
            Self::Rekey(command) => command.run(options),
        }
    }
}

/// Options that mean the other direction would be silently without effect.
fn refuse_option(given: bool, option: &str, hint: &'static str) -> Result<(), Failure> {
    if given { Err(Failure::usage(format!("{option} has no meaning here"), hint)) } else { Ok(()) }
}

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
mod set;
mod whom;

use clap::Subcommand;

use crate::arguments::Options;
use crate::failure::Failure;

/// What to do with a secret.
#[derive(Subcommand)]
pub(crate) enum Secret {
    /// Store what we prove: to a target, to every other one, or for discovery
    ///
    /// The secret comes from --secret-file, or is asked for twice on a terminal. Without --user a name stored earlier
    /// stays, else the initiator name is sent.
    Remember(remember::Remember),
    /// Store what must be proved to us: by a target, by every other one, or for discovery
    ///
    /// The secret comes from --secret-file, or is asked for twice on a terminal. Without --target-user a name stored
    /// earlier stays, else any is accepted.
    Set(set::Set),
    /// Remove what must be proved to us
    ///
    /// A target or portal stays on record as one that must prove itself: logins to it fail until a secret is set again,
    /// and that of all others does not count for it. To lift that, use `iscsi secret forget`. With --global or
    /// --discovery nothing is demanded any more, unless --auth mutual says so.
    Clear(clear::Clear),
    /// Remove both secrets of a target or portal, and the demand that it proves itself by one of its own
    ///
    /// The global secret, if there is one, counts again for the target. Its name stays in the list.
    Forget(forget::Forget),
    /// Show whom there are secrets for, never the secrets
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

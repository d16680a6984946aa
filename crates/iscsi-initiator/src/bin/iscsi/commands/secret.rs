//! `iscsi secret`

mod change;
mod import;
mod keys;
mod list;
mod set;

use clap::Subcommand;

use crate::arguments::values::Output;
use crate::failure::Failure;

pub(super) const EXAMPLE: &str =
    "Example: iscsi secret set --target iqn.2001-04.com.example:disk --secret-file f";

/// The commands about stored secrets.
#[derive(Subcommand)]
pub(crate) enum Secret {
    /// Store the CHAP secret of the initiator, of the target, or both
    #[command(before_help = EXAMPLE, after_help = SET)]
    #[command(override_usage = "iscsi secret set [OPTIONS] <SCOPE>")]
    Set(set::Set),
    /// Store the CHAP secret of the initiator
    #[command(hide = true, before_help = REMEMBER_EXAMPLE)]
    #[command(override_usage = "iscsi secret remember [OPTIONS] <SCOPE>")]
    Remember(set::Remember),
    /// Require authentication of logins
    #[command(before_help = REQUIRE_EXAMPLE, after_help = REQUIRE)]
    #[command(override_usage = "iscsi secret require [OPTIONS] <SCOPE> <LEVEL>")]
    Require(change::Require),
    /// Remove the CHAP secret of the target
    #[command(before_help = CLEAR_EXAMPLE, after_help = CLEAR)]
    #[command(override_usage = "iscsi secret clear [OPTIONS] <SCOPE>")]
    Clear(change::Clear),
    /// Remove both secrets of a target or portal, and its entry
    #[command(before_help = FORGET_EXAMPLE, after_help = FORGET)]
    #[command(override_usage = "iscsi secret forget [OPTIONS] <SCOPE>")]
    Forget(change::Forget),
    /// List stored credentials and requirements, never the secrets
    #[command(before_help = LIST_EXAMPLE)]
    List(list::List),
    /// Generate a secret of 16 random characters
    #[command(before_help = GENERATE_EXAMPLE, after_help = GENERATE)]
    Generate(keys::Generate),
    /// Import credentials from open-iscsi
    #[command(before_help = IMPORT_EXAMPLE, after_help = IMPORT)]
    Import(import::Import),
    /// Find secrets that are short, shared, or equal in both directions
    #[command(before_help = CHECK_EXAMPLE, after_help = CHECK)]
    Check(list::Check),
    /// Encrypt the store with another key
    #[command(before_help = REKEY_EXAMPLE, after_help = REKEY)]
    Rekey(keys::Rekey),
}

const REMEMBER_EXAMPLE: &str = "Example: iscsi secret remember --global --secret-file secret";
const REQUIRE_EXAMPLE: &str = "Example: iscsi secret require mutual --global";
const CLEAR_EXAMPLE: &str = "Example: iscsi secret clear --target iqn.2001-04.com.example:disk";
const FORGET_EXAMPLE: &str = "Example: iscsi secret forget --portal 192.0.2.1";
const LIST_EXAMPLE: &str = "Example: iscsi secret list --output json";
const GENERATE_EXAMPLE: &str = "Example: iscsi secret generate -o secret";
const IMPORT_EXAMPLE: &str = "Example: iscsi secret import --open-iscsi /etc/iscsi";
const CHECK_EXAMPLE: &str = "Example: iscsi secret check";
const REKEY_EXAMPLE: &str = "Example: iscsi secret rekey --new-key-file /etc/iscsi-store.key";

const SET: &str = "\
The options are those of `iscsi login`: --user and --secret-file for the secret
of the initiator, --target-user and --target-secret-file for that of the
target. A secret without a file is asked for twice on the terminal, and so are
both where neither is named. Without a user name the stored one is kept, else
the initiator name is sent and any name of the target accepted. Both secrets
are stored together or, after an error, neither.";
const REQUIRE: &str = "\
The requirement of a target or portal replaces the one of all others, even if
it is weaker. Logins with less authentication, because of --auth or a missing
secret, fail before anything is sent. Only this command lowers the requirement;
clearing and forgetting secrets keep it.";
const CLEAR: &str = "\
The entry of a target or portal remains and requires that the target
authenticates itself: logins fail until a secret is set again, and the default
does not apply. `iscsi secret forget` removes the entry. With --global or
--discovery, targets without a secret of their own no longer have to
authenticate themselves: automatic logins to them become one-way CHAP, unless
`iscsi secret require mutual` forbids that.";
const FORGET: &str = "\
The default, if there is one, applies to the target again. A requirement that
is stricter than the one of all others remains; `iscsi secret require inherit`
removes it.";
const GENERATE: &str = "\
No other command shows a secret, and this one does so only with -o -. An
existing file is not overwritten.";
const IMPORT: &str = "\
Entries of the store are kept, unless --replace is given. Exit code 9 means
that something was left out; the rest is imported. The files of open-iscsi are
not changed.";
const CHECK: &str = "Exit code 9 if there are any. Nothing is changed, and no secret is shown.";
const REKEY: &str = "\
Without an option a new key is generated and kept beside the store: that
protects copies and backups of only one of the two files. With a key file
elsewhere (or from systemd: LoadCredentialEncrypted=iscsi-store-key) or a
passphrase, the directory of the store alone reveals no secret. `head -c 32
/dev/urandom` generates a key. Rekeying is atomic.";

impl Secret {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        match self {
            Self::Remember(command) => command.run(),
            Self::Set(command) => command.run(),
            Self::Require(command) => command.run(),
            Self::Clear(command) => command.run(),
            Self::Forget(command) => command.run(),
            Self::List(command) => command.run(output),
            Self::Generate(command) => command.run(),
            Self::Import(command) => command.run(output),
            Self::Check(command) => command.run(output),
            Self::Rekey(command) => command.run(),
        }
    }
}

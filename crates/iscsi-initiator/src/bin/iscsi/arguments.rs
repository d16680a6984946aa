//! Options that several commands share, the types of their values, and the help topics about them.
//!
//! The first paragraph of an option's documentation is its line on the page of a command; the topics `connection` and
//! `secrets` show all of it.

pub(crate) mod order;
pub(crate) mod size;
pub(crate) mod topics;
pub(crate) mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args};
use iscsi_initiator::{Portal, RecoveryPolicy, RetryPolicy};
use iscsi_secrets::{FileStore, SecretFormat};

use values::{Algorithm, Authentication, Digest, Format, Level, Output, StorePlace};

const CREDENTIALS: &str = "Credentials (iscsi help secrets)";
const CONNECTION: &str = "Connection (iscsi help connection)";
const OUTPUT: &str = "Output (iscsi help output)";

/// The options of every command.
#[derive(Args)]
pub(crate) struct OutputOptions {
    /// Form of results and failures: table or json
    #[arg(long, global = true, value_name = "FORM", default_value = "table", help_heading = OUTPUT)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) output: Output,
    /// Log more to standard error; up to -vvv
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = OUTPUT)]
    pub(crate) verbose: u8,
    /// Show this page
    #[arg(id = "help", short = 'h', long = "help", global = true, action = ArgAction::HelpShort, help_heading = OUTPUT)]
    _help: Option<bool>,
}

/// The options of commands that log in to a target or portal.
#[derive(Args)]
pub(crate) struct SessionOptions {
    #[command(flatten)]
    pub(crate) secrets: SecretOptions,
    #[command(flatten)]
    pub(crate) authentication: AuthenticationOptions,
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

impl SessionOptions {
    /// The files that are read for a login, `-` among them.
    pub(crate) fn files(&self) -> [Option<&Path>; 3] {
        let [forward, reverse] = self.secrets.files();
        [forward, reverse, self.store.passphrase_file.as_deref()]
    }
}

/// The options of commands that use logical units.
#[derive(Args)]
pub(crate) struct UnitOptions {
    #[command(flatten)]
    pub(crate) session: SessionOptions,
    #[command(flatten)]
    pub(crate) retry: RetryOptions,
}

/// The secrets of both directions, and the names that go with them.
#[derive(Args)]
pub(crate) struct SecretOptions {
    /// CHAP name of the initiator
    ///
    /// By default the stored name, else the initiator name. Without --secret-file, the secret is asked for on the terminal.
    #[arg(long, value_name = "NAME", help_heading = CREDENTIALS)]
    pub(crate) user: Option<String>,
    /// CHAP secret of the initiator
    ///
    /// A file that only its owner can read (mode 0600); - is standard input.
    #[arg(long, value_name = "FILE", help_heading = CREDENTIALS)]
    pub(crate) secret_file: Option<PathBuf>,
    /// CHAP name of the target
    ///
    /// By default any name is accepted. Without --target-secret-file, the secret is asked for on the terminal.
    #[arg(long, value_name = "NAME", help_heading = CREDENTIALS)]
    pub(crate) target_user: Option<String>,
    /// CHAP secret of the target
    ///
    /// A file that only its owner can read (mode 0600); - is standard input.
    #[arg(long, value_name = "FILE", help_heading = CREDENTIALS)]
    pub(crate) target_secret_file: Option<PathBuf>,
    /// Form of secrets: text or hex
    ///
    /// In files, on standard input and on the terminal. A line ending after text is left off; hexadecimal digits are two
    /// for each byte, with or without 0x.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = CREDENTIALS)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    secret_format: Format,
}

impl SecretOptions {
    pub(crate) fn files(&self) -> [Option<&Path>; 2] {
        [self.secret_file.as_deref(), self.target_secret_file.as_deref()]
    }

    pub(crate) fn format(&self) -> SecretFormat {
        self.secret_format.into()
    }
}

/// The authentication that a login needs.
#[derive(Args)]
pub(crate) struct AuthenticationOptions {
    /// Demand: none, if-asked, chap or mutual
    ///
    /// none: no authentication, whatever secrets are stored. if-asked: the initiator authenticates itself if the target
    /// asks for it. chap: the initiator authenticates itself. mutual: the initiator and the target authenticate themselves.
    /// By default as much as the given and stored secrets allow.
    #[arg(long, value_name = "HOW", help_heading = CREDENTIALS, hide_possible_values = true)]
    pub(crate) auth: Option<Authentication>,
    /// Least acceptable: none, chap or mutual
    ///
    /// The stricter of this and the policy of the store (`iscsi secret require`) counts; a weaker login fails before
    /// anything is sent.
    #[arg(long, value_name = "LEVEL", env = "ISCSI_REQUIRE_AUTH", help_heading = CREDENTIALS)]
    #[arg(hide_possible_values = true, hide_env = true, hide_env_values = true)]
    pub(crate) require_auth: Option<Level>,
    /// CHAP algorithms, the best first
    ///
    /// A list of md5, sha1, sha256 and sha3-256. MD5 is offered in any case, and accepted only if it is listed. tgt takes the
    /// number of sha256 for SHA-1.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "md5", help_heading = CREDENTIALS)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) algorithms: Vec<Algorithm>,
    /// Permit one secret for several uses
    ///
    /// Otherwise a secret that is sent to one target and expected from another is refused, since an attacker could reflect
    /// challenges between them.
    #[arg(long, help_heading = CREDENTIALS)]
    pub(crate) allow_shared_secret: bool,
}

/// The secret store, and its key.
#[derive(Args)]
pub(crate) struct StoreOptions {
    /// Secret store
    ///
    /// A directory with an encrypted store. To read only: dir:PATH, files named as open-iscsi's keys, or env:, libiscsi's
    /// variables. By default `$STATE_DIRECTORY`, else /var/lib/iscsi-initiator for root, else iscsi in `$XDG_STATE_HOME` or
    /// ~/.local/state.
    #[arg(long, value_name = "PATH", env = "ISCSI_SECRET_STORE", help_heading = CREDENTIALS)]
    #[arg(hide_env = true, hide_env_values = true)]
    pub(crate) store: Option<StorePlace>,
    /// Key of the store
    ///
    /// A file of 32 bytes and mode 0600. By default the systemd credential iscsi-store-key, else the passphrase, else the
    /// key file beside the store.
    #[arg(long, value_name = "FILE", env = "ISCSI_KEY_FILE", help_heading = CREDENTIALS)]
    #[arg(hide_env = true, hide_env_values = true)]
    pub(crate) key_file: Option<PathBuf>,
    /// Passphrase of the store
    ///
    /// A file that only its owner can read (mode 0600); - is standard input.
    #[arg(long, value_name = "FILE", env = "ISCSI_PASSPHRASE_FILE", help_heading = CREDENTIALS)]
    #[arg(hide_env = true, hide_env_values = true)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// The options of commands that change the secret store.
#[derive(Args)]
pub(crate) struct StoreChangeOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// Wait for other writers [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = size::parse_seconds, help_heading = CREDENTIALS)]
    timeout: Option<Duration>,
}

impl StoreChangeOptions {
    /// The limit for waiting while another process changes the store.
    pub(crate) fn lock_limit(&self) -> Duration {
        self.timeout.unwrap_or(FileStore::DEFAULT_LOCK_LIMIT)
    }
}

/// Connection and negotiation.
#[derive(Args)]
pub(crate) struct ConnectionOptions {
    /// iSCSI name of the initiator
    ///
    /// By default the name in /etc/iscsi/initiatorname.iscsi, else one that is generated once and kept beside the secret
    /// store.
    #[arg(long, value_name = "NAME", help_heading = CONNECTION)]
    pub(crate) initiator_name: Option<String>,
    /// Portals that redirection may lead to
    ///
    /// A list of `host[:port]`. By default a target may redirect the login anywhere, without weakening the authentication that
    /// the login needs.
    #[arg(long, value_name = "PORTAL", value_delimiter = ',', help_heading = CONNECTION)]
    pub(crate) redirect_to: Option<Vec<Portal>>,
    /// Limit for the login and each command
    ///
    /// By default 30 seconds for the whole login, redirections included, 60 seconds for each later command, 15 seconds for a
    /// reset and 5 seconds for a ping.
    #[arg(long, value_name = "SECONDS", value_parser = size::parse_seconds, help_heading = CONNECTION)]
    pub(crate) timeout: Option<Duration>,
    /// Of headers: none, crc32c or prefer-crc32c
    ///
    /// none: no digest, the default. crc32c: require CRC32C. prefer-crc32c: CRC32C if the
    /// target supports it, else none.
    #[arg(long, value_name = "DIGEST", help_heading = CONNECTION, hide_possible_values = true)]
    pub(crate) header_digest: Option<Digest>,
    /// Of data: none, crc32c or prefer-crc32c
    ///
    /// Digest of data segments, with the same values as --header-digest.
    #[arg(long, value_name = "DIGEST", help_heading = CONNECTION, hide_possible_values = true)]
    pub(crate) data_digest: Option<Digest>,
    /// Refuse harmless deviations from RFC 7143
    ///
    /// By default they are tolerated, and shown by `iscsi login` and `iscsi discover`.
    #[arg(long, help_heading = CONNECTION)]
    pub(crate) strict: bool,
}

/// Repetition of commands to logical units that cannot take them yet, or whose session was lost.
#[derive(Args)]
pub(crate) struct RetryOptions {
    /// Wait for a unit to become ready
    ///
    /// A command to a logical unit that is becoming ready (NOT READY) is repeated for so long; without the option it fails at
    /// once. Only commands that use logical units have this option.
    #[arg(long, value_name = "SECONDS", value_parser = size::parse_wait, help_heading = CONNECTION)]
    wait_ready: Option<Duration>,
    /// Wait for a busy unit [default: 30]
    ///
    /// A command that a logical unit answers with BUSY, TASK SET FULL or ACA ACTIVE is repeated for so long; 0 for not at all.
    /// Only commands that use logical units have this option.
    #[arg(long, value_name = "SECONDS", value_parser = size::parse_wait, help_heading = CONNECTION)]
    busy_timeout: Option<Duration>,
    /// Fail when the connection is lost
    ///
    /// By default the program logs in again, for ten minutes at most, and goes on: commands wait for two minutes, and reads and
    /// writes without an answer are sent again, which is for logical units that no other initiator writes to. Only commands that
    /// use logical units have this option.
    #[arg(long, help_heading = CONNECTION)]
    no_recovery: bool,
}

impl RetryOptions {
    /// The default policies with these settings.
    pub(crate) fn policies(&self) -> Policies {
        let mut retry = RetryPolicy::default();
        retry.ready_timeout = self.wait_ready.unwrap_or(retry.ready_timeout);
        retry.busy_timeout = self.busy_timeout.unwrap_or(retry.busy_timeout);
        let recovery = if self.no_recovery { RecoveryPolicy::OFF } else { RecoveryPolicy::default() };
        Policies { retry, recovery }
    }
}

/// What is done about commands that cannot be carried out, and about sessions that are lost.
#[derive(Clone, Copy)]
pub(crate) struct Policies {
    pub(crate) retry: RetryPolicy,
    pub(crate) recovery: RecoveryPolicy,
}

impl Policies {
    /// For work in one session.
    pub(crate) fn of_one_session() -> Self {
        Self { retry: RetryPolicy::default(), recovery: RecoveryPolicy::OFF }
    }
}

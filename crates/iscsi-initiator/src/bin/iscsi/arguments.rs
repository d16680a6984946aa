//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};
use iscsi_initiator::{
    AuthenticationMode, ChapAlgorithm, DigestPreference, Portal, Requirement, SecretFormat,
};

use crate::commands::Command;
use crate::size;
use crate::store::StorePlace;

const AFTER_HELP: &str = "\
URL is iscsi://host[:port]/target[/lun], IPv6 addresses in brackets. The longer form of libiscsi is read too.

With --output json the result is JSON on standard output, and a failure is one JSON object,
{\"error\": {fault, stage, message, causes, hint, exit_code}}, the last line on standard error.

Exit codes:
   0  done
   1  anything that is not below, or interrupted
   2  usage
   3  the target refused our credentials
   4  the target did not authenticate itself, or a demanded authentication did not take place
   5  login refused for another reason
   6  the target broke the protocol
   7  could not connect, connection lost, timed out
   8  a SCSI command failed
   9  secret store or secret file
  10  local file, or data that do not match";

/// iSCSI targets from the command line: discover, log in with mutual CHAP, read and write blocks
#[derive(Parser)]
#[command(name = "iscsi", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Args)]
pub(crate) struct Options {
    /// CHAP name of the initiator; by default the initiator name
    #[arg(long, global = true, value_name = "NAME", help_heading = "Credentials")]
    pub(crate) user: Option<String>,
    /// File with the CHAP secret of the initiator; of mode 0600, `-` is standard input
    #[arg(long, global = true, value_name = "FILE", help_heading = "Credentials")]
    pub(crate) secret_file: Option<PathBuf>,
    /// CHAP name of the target; by default any is accepted
    #[arg(long, global = true, value_name = "NAME", help_heading = "Credentials")]
    pub(crate) target_user: Option<String>,
    /// File with the CHAP secret of the target; of mode 0600, `-` is standard input
    #[arg(long, global = true, value_name = "FILE", help_heading = "Credentials")]
    pub(crate) target_secret_file: Option<PathBuf>,
    /// How secrets are written in files, on standard input and at the prompt
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", help_heading = "Credentials")]
    pub(crate) secret_format: Format,
    /// Directory of the sealed secret store; or, only to read, `dir:PATH` with files named as open-iscsi's keys, or
    /// `env:` with libiscsi's variables [default: `$STATE_DIRECTORY`, else
    /// `/var/lib/iscsi-initiator` for root, else `iscsi` in `$XDG_STATE_HOME` or `~/.local/state`]
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "ISCSI_SECRET_STORE",
        hide_env_values = true,
        help_heading = "Credentials"
    )]
    pub(crate) store: Option<StorePlace>,
    /// File with the key of the sealed store: 32 bytes, mode 0600 [default: the systemd credential iscsi-store-key,
    /// else a passphrase, else the file beside the store]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ISCSI_KEY_FILE",
        hide_env_values = true,
        help_heading = "Credentials"
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// File with the passphrase of the sealed store; of mode 0600, `-` is standard input
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ISCSI_PASSPHRASE_FILE",
        hide_env_values = true,
        help_heading = "Credentials"
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// How much authentication to demand; by default as much as the known secrets allow
    #[arg(long, global = true, value_name = "HOW", help_heading = "Credentials")]
    pub(crate) auth: Option<Authentication>,
    /// The least authentication to accept; the stricter of this and the policy of the store counts
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "ISCSI_REQUIRE_AUTH",
        hide_env_values = true,
        help_heading = "Credentials"
    )]
    pub(crate) require_auth: Option<Level>,
    /// Use secrets that are used towards one target and expected from another, which lets challenges be reflected
    #[arg(long, global = true, help_heading = "Credentials")]
    pub(crate) allow_shared_secret: bool,
    /// Acceptable CHAP algorithms, the best first; MD5 is offered in any case, and accepted only if it is among them
    #[arg(
        long,
        global = true,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "md5",
        help_heading = "Credentials"
    )]
    pub(crate) algorithms: Vec<Algorithm>,
    /// Our iSCSI name; by default that of /etc/iscsi/initiatorname.iscsi, else one that is made once and kept
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub(crate) initiator_name: Option<String>,
    /// Portals to which a target may redirect the login [default: any]
    #[arg(long, global = true, value_name = "PORTAL", value_delimiter = ',', help_heading = "Connection")]
    pub(crate) redirect_to: Option<Vec<Portal>>,
    /// Limit for the whole login, for each later command, and for waiting until others have written to the secret store
    /// [default: 30, 60 and 10]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = size::parse_seconds, help_heading = "Connection")]
    pub(crate) timeout: Option<Duration>,
    /// Header digest to offer [default: none]
    #[arg(long, global = true, value_name = "DIGEST", help_heading = "Connection")]
    pub(crate) header_digest: Option<Digest>,
    /// Data digest to offer [default: none]
    #[arg(long, global = true, value_name = "DIGEST", help_heading = "Connection")]
    pub(crate) data_digest: Option<Digest>,
    /// Refuse targets that break RFC 7143 in harmless ways; by default these are tolerated and reported
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) strict: bool,
    /// How to show results and failures
    #[arg(long, global = true, value_name = "FORM", default_value = "table", help_heading = "Output")]
    pub(crate) output: Output,
    /// Say more on standard error; up to three times
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}

/// `--auth`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Authentication {
    /// None, whatever secrets are known
    None,
    /// We prove ourselves if the target asks for it
    IfAsked,
    /// We prove ourselves to the target
    Chap,
    /// Both prove themselves
    Mutual,
}

impl From<Authentication> for AuthenticationMode {
    fn from(authentication: Authentication) -> Self {
        match authentication {
            Authentication::None => Self::None,
            Authentication::IfAsked => Self::IfAsked,
            Authentication::Chap => Self::Chap,
            Authentication::Mutual => Self::Mutual,
        }
    }
}

/// `--require-auth`, and the policy of a store
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// No authentication
    None,
    /// The initiator authenticates itself by CHAP
    Chap,
    /// Both authenticate themselves by mutual CHAP
    Mutual,
}

impl From<Level> for Requirement {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Chap => Self::Chap,
            Level::Mutual => Self::Mutual,
        }
    }
}

/// `--secret-format`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The bytes themselves; one line ending of a text is left off
    Text,
    /// Hexadecimal digits, two for each byte, with or without 0x before them
    Hex,
}

impl From<Format> for SecretFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Hex => Self::Hex,
        }
    }
}

/// `--algorithms`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// MD5 (5), which every target knows
    Md5,
    /// SHA-1 (6)
    Sha1,
    /// SHA-256 (7); tgt takes that number for SHA-1
    Sha256,
    /// SHA3-256 (8)
    #[value(name = "sha3-256")]
    Sha3_256,
}

impl From<Algorithm> for ChapAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5,
            Algorithm::Sha1 => Self::Sha1,
            Algorithm::Sha256 => Self::Sha256,
            Algorithm::Sha3_256 => Self::Sha3_256,
        }
    }
}

/// `--header-digest`, `--data-digest`
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Digest {
    /// No digest
    None,
    /// CRC32C, or no login
    Crc32c,
    /// CRC32C if the target can, else none
    PreferCrc32c,
}

impl From<Digest> for DigestPreference {
    fn from(digest: Digest) -> Self {
        match digest {
            Digest::None => Self::None,
            Digest::Crc32c => Self::Crc32c,
            Digest::PreferCrc32c => Self::PreferCrc32c,
        }
    }
}

/// `--output`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// For programs
    Json,
}

//! Errors of target URLs.

use iscsi_pdu::NameError;
use iscsi_secrets::SecretError;

/// The reason why a text is not the URL of a target. It contains no part of the text, because a secret may be anywhere
/// in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("a target's URL begins with iscsi://")]
    Scheme,
    /// The host is missing or invalid, or the port is invalid.
    #[error("the URL names no usable host and port")]
    Host,
    /// An empty user.
    #[error("the user in the URL is empty")]
    User,
    /// A secret that CHAP cannot use.
    #[error("a secret in the URL is unusable")]
    Secret(#[source] SecretError),
    /// The target name after the host is missing.
    #[error("the URL names no target")]
    NoTarget,
    /// An `@` after the first `/`: possibly the end of a secret that contains a slash.
    #[error("the URL has an '@' behind the first '/'")]
    AtSign,
    /// A target name that is not UTF-8.
    #[error("the target name in the URL is not UTF-8")]
    TargetText,
    /// A target name that is invalid or too long.
    #[error("the URL names no possible target: {0}")]
    Target(NameError),
    /// A third part of the path that is not a logical unit number.
    #[error("the part of the URL behind the target is no LUN (0 to 16383, or 0x and 16 hex digits)")]
    Lun,
    /// An unknown query key.
    #[error("the query of the URL has a key other than target_user, target_password and header_digest")]
    QueryKey,
    /// A query key that occurs twice.
    #[error("{key} stands in the URL twice")]
    QueryTwice {
        /// The key.
        key: &'static str,
    },
    /// A query value that is invalid for its key.
    #[error("{key} in the URL has an unusable value")]
    QueryValue {
        /// The key.
        key: &'static str,
    },
}

impl UrlError {
    /// Returns what to change.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Host | Self::User | Self::AtSign => {
                "write iscsi://host[:port]/target, IPv6 in brackets; a / in a secret is written %2F, an @ in a target name %40"
            }
            Self::Secret(_) => "a CHAP secret has 12 to 255 bytes; better keep it in a file or in the store",
            Self::Lun => "write iscsi://host[:port]/target/lun",
            Self::QueryKey => "a & in a secret is written %26",
            Self::QueryTwice { .. } => "leave one of them out",
            Self::QueryValue { .. } => "header_digest is none, crc32c, none-crc32c or crc32c-none",
            Self::Scheme | Self::NoTarget | Self::TargetText | Self::Target(_) => {
                "write iscsi://host[:port]/target, the target as discovery shows it"
            }
        }
    }
}

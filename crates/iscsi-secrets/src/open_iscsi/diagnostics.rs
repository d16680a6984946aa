//! Errors and warnings of an import.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::scope::Scope;

/// How many names are looked at: more than any initiator has.
pub(super) const MAX_RECORDS: usize = 100_000;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why a directory gave nothing at all.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The directory, or one in it that has to be listed, could not be.
    #[error("operator: cannot list {}: {kind}", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// There is neither a configuration nor a record.
    #[error("operator: {} holds nothing of open-iscsi", path.display())]
    NothingThere {
        /// The directory.
        path: PathBuf,
    },
    /// There are more names than any initiator has.
    #[error("operator: {} holds more than {MAX_RECORDS} records", path.display())]
    TooManyRecords {
        /// The directory.
        path: PathBuf,
    },
}

impl ImportError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Directory { kind: ErrorKind::PermissionDenied, path } => {
                Some(format!("run as the user who owns {}", path.display()))
            }
            Self::Directory { .. } | Self::NothingThere { .. } => Some(
                "name the directory with iscsid.conf or nodes, such as /etc/iscsi or /var/lib/iscsi"
                    .to_owned(),
            ),
            Self::TooManyRecords { .. } => None,
        }
    }
}

/// Something about one file; no secret is ever part of it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportWarning {
    /// The group or others can read a file with secrets.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Two records of one scope have different credentials, of which none is taken.
    Conflict {
        /// Whose credentials they are.
        scope: Scope,
        /// One record.
        path: PathBuf,
        /// The record that was read before it.
        earlier: PathBuf,
    },
    /// A credential that cannot be one.
    Unusable {
        /// The file.
        path: PathBuf,
        /// The key at fault.
        key: &'static str,
        /// What is wrong with it.
        fault: UnusableValue,
    },
    /// A secret that is taken, and is shorter than 96 bits.
    Short {
        /// The file.
        path: PathBuf,
        /// Its key.
        key: &'static str,
        /// How many bytes it has.
        bytes: usize,
    },
    /// A file or directory whose name is not that of a target or portal.
    ForeignName {
        /// The file or directory.
        path: PathBuf,
    },
    /// A file that was not read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: UnreadableFile,
    },
    /// A record without any credential.
    NoCredentials {
        /// The record.
        path: PathBuf,
    },
}

/// What is wrong with a value.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableValue {
    /// A line that begins with the key, but not as open-iscsi reads one.
    #[error("has no ` = ` behind it")]
    NoSeparator,
    /// A secret of more than 255 bytes.
    #[error("has more than 255 bytes")]
    TooLong,
    /// What no CHAP name can be.
    #[error("is no CHAP name")]
    NotAName,
    /// A CHAP name without its secret.
    #[error("has no secret with it")]
    NoSecret,
}

/// Why a file was not read.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableFile {
    /// A link leads out of the directory.
    #[error("leads out of the directory")]
    Outside,
    /// It is a directory, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// Where a directory should be is something else.
    #[error("is not a directory")]
    NotADirectory,
    /// It is larger than any record.
    #[error("is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// What the system said.
    #[error("cannot be read: {0}")]
    Io(ErrorKind),
}

impl ImportWarning {
    /// Whether something was not taken over for this.
    #[must_use]
    pub const fn is_left_out(&self) -> bool {
        match self {
            Self::Conflict { .. }
            | Self::Unusable { .. }
            | Self::ForeignName { .. }
            | Self::Unreadable { .. } => true,
            Self::OpenToOthers { .. } | Self::Short { .. } | Self::NoCredentials { .. } => false,
        }
    }
}

impl fmt::Display for ImportWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers { path, mode } => {
                write!(f, "{} holds secrets that others can read (mode {mode:04o})", path.display())
            }
            Self::Conflict { scope, path, earlier } => write!(
                f,
                "{} and {} have different credentials for {scope}; none was taken",
                earlier.display(),
                path.display()
            ),
            Self::Unusable { path, key, fault } => write!(f, "{}: {key} {fault}", path.display()),
            Self::Short { path, key, bytes } => {
                write!(f, "{}: {key} is short: {bytes} of 12 bytes", path.display())
            }
            Self::ForeignName { path } => {
                write!(f, "{} is not named as a target or portal is", path.display())
            }
            Self::Unreadable { path, fault } => write!(f, "{} {fault}", path.display()),
            Self::NoCredentials { path } => write!(f, "{} holds no credentials", path.display()),
        }
    }
}

//! Errors and warnings of an import.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::scope::Scope;

/// The most directory entries read: more than any initiator has.
pub(super) const MAX_RECORDS: usize = 100_000;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;

/// An error that prevents an import.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// A directory could not be listed.
    #[error("operator: cannot list {}: {kind}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        kind: ErrorKind,
    },
    /// The directory holds neither a configuration nor a record.
    #[error("operator: {} holds no open-iscsi configuration", path.display())]
    NothingThere {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds too many entries.
    #[error("operator: {} holds more than {MAX_RECORDS} records", path.display())]
    TooManyRecords {
        /// The directory.
        path: PathBuf,
    },
}

impl ImportError {
    /// Returns what the operator can do about the error.
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

/// A warning about one file. It never holds a secret.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportWarning {
    /// A file with secrets is readable by the group or other users.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Two records of one scope have different credentials. Neither is imported.
    Conflict {
        /// The scope of the credentials.
        scope: Scope,
        /// One record.
        path: PathBuf,
        /// The record that was read before it.
        earlier: PathBuf,
    },
    /// A credential is not valid.
    Unusable {
        /// The file.
        path: PathBuf,
        /// The key at fault.
        key: &'static str,
        /// The fault of the value.
        fault: UnusableValue,
    },
    /// A secret is shorter than 96 bits. It is imported all the same.
    Short {
        /// The file.
        path: PathBuf,
        /// The key of the secret.
        key: &'static str,
        /// The length of the secret, in bytes.
        bytes: usize,
    },
    /// The name of a file or directory is not that of a target or portal.
    ForeignName {
        /// The file or directory.
        path: PathBuf,
    },
    /// A file was not read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        fault: UnreadableFile,
    },
    /// A record has no credentials.
    NoCredentials {
        /// The record.
        path: PathBuf,
    },
}

/// A fault of a value.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableValue {
    /// The line begins with the key, but does not have the syntax of open-iscsi.
    #[error("has no ` = ` after it")]
    NoSeparator,
    /// The secret has more than 255 bytes.
    #[error("has more than 255 bytes")]
    TooLong,
    /// The value is not a valid CHAP name.
    #[error("is not a CHAP name")]
    NotAName,
    /// The CHAP name has no secret.
    #[error("has no secret")]
    NoSecret,
}

/// The reason why a file was not read.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableFile {
    /// A symbolic link leads out of the directory.
    #[error("leads out of the directory")]
    Outside,
    /// The file is a directory, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// A directory is expected, but this is another kind of file.
    #[error("is not a directory")]
    NotADirectory,
    /// The file is larger than any record.
    #[error("is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// The error of the system.
    #[error("cannot be read: {0}")]
    Io(ErrorKind),
}

impl ImportWarning {
    /// Whether credentials were skipped because of this.
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
                write!(f, "{} holds secrets and is readable by other users (mode {mode:04o})", path.display())
            }
            Self::Conflict { scope, path, earlier } => write!(
                f,
                "{} and {} have different credentials for {scope}; neither was imported",
                earlier.display(),
                path.display()
            ),
            Self::Unusable { path, key, fault } => write!(f, "{}: {key} {fault}", path.display()),
            Self::Short { path, key, bytes } => {
                write!(f, "{}: {key} has {bytes} bytes, fewer than the recommended 12", path.display())
            }
            Self::ForeignName { path } => {
                write!(f, "{} does not have the name of a target or portal", path.display())
            }
            Self::Unreadable { path, fault } => write!(f, "{} {fault}", path.display()),
            Self::NoCredentials { path } => write!(f, "{} holds no credentials", path.display()),
        }
    }
}

//! Why nothing could be imported.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::root::MAX_RECORDS;

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

//! Errors of reading a secret or CHAP name from a file, stream or variable.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The source that a secret was read from.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOrigin {
    /// A named file.
    File(PathBuf),
    /// A stream without a name, such as standard input.
    Stream,
    /// An environment variable.
    Variable(&'static str),
}

impl fmt::Display for SecretOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "secret file {}", path.display()),
            Self::Stream => f.write_str("secret from the input"),
            Self::Variable(name) => write!(f, "variable {name}"),
        }
    }
}

/// An error of reading a secret: its source, and the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {fault}")]
pub struct SecretFileError {
    /// The source at fault.
    pub origin: SecretOrigin,
    /// The fault.
    pub fault: SecretFileFault,
}

impl SecretFileError {
    /// Returns what the operator can do about the error.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match (&self.fault, &self.origin) {
            (SecretFileFault::TooOpen { .. }, SecretOrigin::File(path)) => Some(format!(
                "run `chmod 600 {}`, and replace the secret if other users may have read it (a mounted Kubernetes \
                 secret needs `defaultMode: 0400`)",
                path.display()
            )),
            (SecretFileFault::TooShort { .. }, _) => Some("choose a secret of 12 bytes or more".to_owned()),
            (SecretFileFault::TooLong, _) => Some("choose a secret of 255 bytes or fewer".to_owned()),
            (SecretFileFault::NotHex, _) => {
                Some("write the digits alone, with or without 0x, or read the file as text".to_owned())
            }
            (SecretFileFault::Empty, _) => Some("store a value in it, or remove it".to_owned()),
            (SecretFileFault::NotAName, _) => {
                Some("a CHAP name is one line of text, of 1 to 255 bytes".to_owned())
            }
            (SecretFileFault::ForeignOwner { user, .. }, SecretOrigin::File(path)) => {
                Some(format!("run `chown {user} {}` if its content can be trusted", path.display()))
            }
            (SecretFileFault::Open(ErrorKind::NotFound), _) => Some("check the path".to_owned()),
            (SecretFileFault::Open(ErrorKind::PermissionDenied), _) => {
                Some("run as the user who owns the file".to_owned())
            }
            _ => None,
        }
    }
}

/// A fault of a file, stream or variable that should hold a secret or CHAP name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFileFault {
    /// Opening or examining the file failed.
    #[error("cannot be opened: {0}")]
    Open(ErrorKind),
    /// Reading failed.
    #[error("cannot be read: {0}")]
    Read(ErrorKind),
    /// The group or other users have access to the file.
    #[error("is accessible to other users (mode {mode:04o})")]
    TooOpen {
        /// The permission bits found.
        mode: u32,
    },
    /// The content is shorter than [`MIN_FILE_SECRET_BYTES`](crate::MIN_FILE_SECRET_BYTES).
    #[error("holds {bytes} bytes, fewer than 12")]
    TooShort {
        /// The length in bytes, without the line ending.
        bytes: usize,
    },
    /// The content is longer than [`Secret::MAX_BYTES`](crate::Secret::MAX_BYTES). It is not read to its end.
    #[error("holds more than 255 bytes")]
    TooLong,
    /// The content is not hexadecimal digits, two for each byte.
    #[error("does not hold hexadecimal digits, two for each byte")]
    NotHex,
    /// The content is empty.
    #[error("is empty")]
    Empty,
    /// The content is not a valid CHAP name.
    #[error("is not a CHAP name")]
    NotAName,
    /// The file is a directory, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// The file belongs to neither root nor the effective user.
    #[error("belongs to user {owner}, not to root or user {user}")]
    ForeignOwner {
        /// The owner.
        owner: u32,
        /// The effective user of this process.
        user: u32,
    },
}

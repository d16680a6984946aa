//! Why a file or stream gave no secret.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where a secret was to be read from.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOrigin {
    /// A named file.
    File(PathBuf),
    /// A stream without a name, such as standard input.
    Stream,
    /// A variable of the environment.
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

/// A file or stream that gave no secret, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {fault}")]
pub struct SecretFileError {
    /// The file or stream at fault.
    pub origin: SecretOrigin,
    /// What is wrong with it.
    pub fault: SecretFileFault,
}

impl SecretFileError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match (&self.fault, &self.origin) {
            (SecretFileFault::TooOpen { .. }, SecretOrigin::File(path)) => Some(format!(
                "run `chmod 600 {}`, and replace the secret if others may have read it (a mounted Kubernetes \
                 secret needs `defaultMode: 0400`)",
                path.display()
            )),
            (SecretFileFault::TooShort { .. }, _) => Some("choose a secret of 12 bytes or more".to_owned()),
            (SecretFileFault::TooLong, _) => Some("choose a secret of 255 bytes or fewer".to_owned()),
            (SecretFileFault::NotHex, _) => {
                Some("write the digits alone, with or without 0x, or read the file as text".to_owned())
            }
            (SecretFileFault::Empty, _) => Some("write what belongs there, or remove it".to_owned()),
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

/// What is wrong with a file or stream that should hold a secret.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFileFault {
    /// It could not be opened or examined.
    #[error("cannot be opened: {0}")]
    Open(ErrorKind),
    /// Reading failed half-way.
    #[error("cannot be read: {0}")]
    Read(ErrorKind),
    /// Its group or others have a right to it.
    #[error("is open to others (mode {mode:04o})")]
    TooOpen {
        /// The permission bits found.
        mode: u32,
    },
    /// It holds fewer than [`MIN_FILE_SECRET_BYTES`](crate::MIN_FILE_SECRET_BYTES).
    #[error("holds {bytes} bytes, fewer than 12")]
    TooShort {
        /// How many bytes it holds, the line ending left off.
        bytes: usize,
    },
    /// It holds more than [`Secret::MAX_BYTES`](crate::Secret::MAX_BYTES); how many more was not read.
    #[error("holds more than 255 bytes")]
    TooLong,
    /// It should hold hexadecimal digits, two for each byte, and does not.
    #[error("does not hold hexadecimal digits, two for each byte")]
    NotHex,
    /// There is not one byte.
    #[error("is empty")]
    Empty,
    /// It should be a CHAP name, and is none.
    #[error("is no CHAP name")]
    NotAName,
    /// It is a directory, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// It belongs neither to root nor to us.
    #[error("belongs to user {owner}, not to root or user {user}")]
    ForeignOwner {
        /// The user it belongs to.
        owner: u32,
        /// The effective user of this process.
        user: u32,
    },
}

//! Errors of stores.

use std::io::ErrorKind;
#[cfg(feature = "file")]
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::generate::GeneratorError;
use crate::scope::Scope;
#[cfg(unix)]
use crate::secret_file_error::SecretFileError;

mod remedy;

/// An error of a store. The text begins with the side at fault and never holds a secret.
///
/// After an error the store is unchanged, with one exception: after [`Unsynced`](Self::Unsynced) the change is in force,
/// but a power failure may undo it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A reverse secret for one target was given to a store that supports only a global one (rule R3).
    #[error("caller: this store does not support reverse secrets for single targets")]
    TargetSpecificNotSupported,
    /// A global reverse secret was given to a store that supports only those of single targets.
    #[error("caller: this store does not support a global reverse secret")]
    GlobalNotSupported,
    /// The store can be read but not changed.
    #[error("caller: this store is read-only")]
    ReadOnly,
    /// A directory or file of the store does not exist.
    #[error("operator: {} does not exist", path.display())]
    Missing {
        /// The missing path.
        path: PathBuf,
    },
    /// The key exists but the sealed file does not. The store is not assumed to be empty.
    #[error("operator: the store has a key, but {} is missing", path.display())]
    DatabaseGone {
        /// The path of the sealed file.
        path: PathBuf,
    },
    /// The sealed file exists but its key does not.
    #[error("operator: the store has secrets, but their key {} is missing", path.display())]
    KeyGone {
        /// The path of the key.
        path: PathBuf,
    },
    /// A path leads to the wrong kind of file: a directory or a regular file is expected.
    #[error("operator: {} is not a {expected}", path.display())]
    WrongKind {
        /// The path.
        path: PathBuf,
        /// The expected kind.
        expected: &'static str,
    },
    /// The group or other users have access to a directory or file of the store.
    #[error("operator: {} is accessible to other users (mode {mode:04o})", path.display())]
    TooOpen {
        /// The directory or file.
        path: PathBuf,
        /// The permission bits found.
        mode: u32,
    },
    /// A directory or file of the store belongs to another user.
    #[error("operator: {} belongs to user {owner}, not to user {user}", path.display())]
    ForeignOwner {
        /// The directory or file.
        path: PathBuf,
        /// The owner.
        owner: u32,
        /// The effective user of this process.
        user: u32,
    },
    /// A key file does not hold exactly one key.
    #[error("operator: key file {} does not hold exactly 32 bytes", path.display())]
    KeyLength {
        /// The key file.
        path: PathBuf,
    },
    /// The file was sealed with another key, or the value in it that identifies the key is damaged.
    #[error("operator: {} was sealed with another key than {}", path.display(), key.display())]
    WrongKey {
        /// The sealed file.
        path: PathBuf,
        /// The path of the key that was tried.
        key: PathBuf,
    },
    /// The key was derived from another passphrase, or the parameters of the derivation are damaged.
    #[error("operator: {} was sealed with another passphrase", path.display())]
    WrongPassphrase {
        /// The sealed file.
        path: PathBuf,
    },
    /// No passphrase was given for a file that was sealed with one.
    #[error("operator: {} was sealed with a passphrase, but none was given", path.display())]
    PassphraseNeeded {
        /// The sealed file.
        path: PathBuf,
    },
    /// A passphrase was given for a file that was sealed with a key.
    #[error("operator: {} was sealed with a key, not with a passphrase", path.display())]
    NotByPassphrase {
        /// The sealed file.
        path: PathBuf,
    },
    /// The file does not begin like a store.
    #[error("file: {} is not a secret store", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The file has an unknown version.
    #[error("file: {} has version {found}, but this program supports versions up to {known}", path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// The newest supported version.
        known: u16,
    },
    /// The file is shorter than its header states.
    #[error("file: {} is truncated after {found} bytes", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length of the file, in bytes.
        found: usize,
    },
    /// The content of the file was not written by a store: bits were flipped, or bytes appended.
    #[error("file: {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file is, or would become, larger than the limit.
    #[error("file: {} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// A file or variable of a plain-text source cannot be used.
    #[cfg(unix)]
    #[error("operator: {0}")]
    SecretFile(#[from] SecretFileError),
    /// A CHAP name has no secret.
    #[error("operator: {found} is set without {missing}")]
    IncompleteCredential {
        /// The file or variable with the CHAP name.
        found: String,
        /// The file or variable that is missing.
        missing: String,
    },
    /// A directory holds no secret. It may not be mounted, so it is not assumed to be empty.
    #[error("operator: there is no CHAP secret in {}", path.display())]
    NoSecrets {
        /// The directory.
        path: PathBuf,
    },
    /// The directory changed repeatedly while it was read.
    #[error("system: {} changes faster than it can be read", path.display())]
    Unsettled {
        /// The directory.
        path: PathBuf,
    },
    /// A symbolic link in the path of the store is dangling. A file system may not be mounted, so the store is not assumed
    /// to be empty.
    #[error("operator: {} is a dangling symbolic link", path.display())]
    Dangling {
        /// The link.
        path: PathBuf,
    },
    /// Another writer held the lock for too long.
    #[error("system: {} was locked by another process for {limit:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The time that this writer waited.
        limit: Duration,
    },
    /// The change is in force, but the disk did not confirm that it is stored.
    #[error(
        "system: the change is in force, but a power failure may undo it: cannot sync {}: {kind}",
        path.display()
    )]
    Unsynced {
        /// The directory of the store.
        path: PathBuf,
        /// The error of the system.
        kind: ErrorKind,
    },
    /// An operation of the operating system failed.
    #[error("system: cannot {action} {}: {kind}", path.display())]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// The error of the system.
        kind: ErrorKind,
    },
    /// A secret was sealed for another use, or not by this store.
    #[error("file: the secret for {scope} is damaged")]
    SecretDamaged {
        /// The targets or discoveries that the secret is used for.
        scope: Scope,
    },
    /// The cipher failed, which no input of a store causes.
    #[error("library: the cipher failed")]
    Cipher,
    /// A memory allocation failed (rule R15).
    #[error("system: out of memory")]
    OutOfMemory,
    /// No random bytes were available for a key or a nonce.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// A store outside this crate failed with a Win32 error code (rule R16).
    #[error("store: failed with Win32 error {code}")]
    Backend {
        /// The Win32 error code.
        code: u32,
    },
}

impl StoreError {
    /// The error for a failed operation of the operating system.
    #[cfg(feature = "file")]
    pub(crate) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::OutOfMemory => Self::OutOfMemory,
            kind => Self::Io { action, path: path.to_path_buf(), kind },
        }
    }

    /// Whether the change is in force in spite of the error.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        matches!(self, Self::Unsynced { .. })
    }
}

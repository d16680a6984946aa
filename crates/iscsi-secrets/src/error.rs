//! What can go wrong with a store, who is at fault, and what to do about it.

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

/// What can go wrong with a store. The text begins with the side at fault; no secret is ever part of it.
///
/// After any of these but one the store holds what it held before. After [`Unsynced`](Self::Unsynced) the change is in
/// force, but a power failure may undo it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A reverse secret for one target was given to a store that has only a global one (rule R3).
    #[error("caller: this store keeps no reverse secrets of single targets")]
    TargetSpecificNotSupported,
    /// A global reverse secret was given to a store that has only those of single targets.
    #[error("caller: this store keeps no reverse secret for every target")]
    GlobalNotSupported,
    /// The store can be read but not changed.
    #[error("caller: this store is read-only")]
    ReadOnly,
    /// A directory or file of the store does not exist.
    #[error("operator: {} does not exist", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
    },
    /// The key is there but what it opens is gone; an empty store would be a guess.
    #[error("operator: the store has a key, but {} is gone", path.display())]
    DatabaseGone {
        /// Where the sealed file should be.
        path: PathBuf,
    },
    /// The sealed file is there but its key is gone.
    #[error("operator: the store has secrets, but their key {} is gone", path.display())]
    KeyGone {
        /// Where the key should be.
        path: PathBuf,
    },
    /// A path leads to something else than the directory or regular file it should be.
    #[error("operator: {} is not a {expected}", path.display())]
    WrongKind {
        /// What was found.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// The group or others have a right to a directory or file of the store.
    #[error("operator: {} is open to others (mode {mode:04o})", path.display())]
    TooOpen {
        /// The directory or file.
        path: PathBuf,
        /// The permission bits found.
        mode: u32,
    },
    /// A directory or file of the store belongs to somebody else.
    #[error("operator: {} belongs to user {owner}, not to user {user}", path.display())]
    ForeignOwner {
        /// The directory or file.
        path: PathBuf,
        /// The user it belongs to.
        owner: u32,
        /// The effective user of this process.
        user: u32,
    },
    /// A key file that does not hold exactly one key.
    #[error("operator: key file {} does not hold exactly 32 bytes", path.display())]
    KeyLength {
        /// The key file.
        path: PathBuf,
    },
    /// The file was sealed under another key, or its note of the key was damaged.
    #[error("operator: {} was sealed with another key than {}", path.display(), key.display())]
    WrongKey {
        /// The sealed file.
        path: PathBuf,
        /// The key that was tried.
        key: PathBuf,
    },
    /// The key was made from another passphrase, or what says how was damaged.
    #[error("operator: {} was sealed with another passphrase", path.display())]
    WrongPassphrase {
        /// The sealed file.
        path: PathBuf,
    },
    /// A key was given for a file that was sealed with a passphrase.
    #[error("operator: {} was sealed with a passphrase, and none was given", path.display())]
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
    /// The file does not begin as a store does.
    #[error("file: {} is not a secret store", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The file has a version that this program does not know; it does not guess.
    #[error("file: {} has version {found}, and this program knows version {known}", path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// The version known here.
        known: u16,
    },
    /// The file ends before its end.
    #[error("file: {} ends after {found} bytes", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many bytes it holds.
        found: usize,
    },
    /// The file was changed by something else than a store: a bit flipped, bytes appended.
    #[error("file: {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file is, or would become, larger than any store should be.
    #[error("file: {} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// A file or variable of a source that others fill cannot be used.
    #[cfg(unix)]
    #[error("operator: {0}")]
    SecretFile(#[from] SecretFileError),
    /// A CHAP name without its secret.
    #[error("operator: {found} is there without {missing}")]
    IncompleteCredential {
        /// The file or variable with the CHAP name.
        found: String,
        /// The file or variable that should hold the secret.
        missing: String,
    },
    /// A source that was named holds not one secret: it may not be mounted, and is not taken for empty.
    #[error("operator: there is no CHAP secret in {}", path.display())]
    NoSecrets {
        /// The directory.
        path: PathBuf,
    },
    /// Whatever fills the directory changed it again and again while it was read.
    #[error("system: {} changes faster than it can be read", path.display())]
    Unsettled {
        /// The directory.
        path: PathBuf,
    },
    /// A link was put where the store should be, and leads nowhere: a file system may not be mounted, and the store is
    /// not taken for empty.
    #[error("operator: {} is a link that leads nowhere", path.display())]
    Dangling {
        /// The link.
        path: PathBuf,
    },
    /// Another writer did not finish in time.
    #[error("system: {} was locked by another process for {limit:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long this writer waited.
        limit: Duration,
    },
    /// The change was carried out, and the disk did not confirm that it keeps it.
    #[error(
        "system: the change is in force, but a power failure may undo it: cannot sync {}: {kind}",
        path.display()
    )]
    Unsynced {
        /// The directory of the store.
        path: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// The operating system refused a step.
    #[error("system: cannot {action} {}: {kind}", path.display())]
    Io {
        /// The step, as a verb.
        action: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// One secret was sealed for something else, or not by this store.
    #[error("file: the secret for {scope} is damaged")]
    SecretDamaged {
        /// Whom the secret is for.
        scope: Scope,
    },
    /// The cipher refused what no store gives it.
    #[error("library: the cipher refused to work")]
    Cipher,
    /// There was no memory (rule R15).
    #[error("system: out of memory")]
    OutOfMemory,
    /// There were no random bytes for a key or a nonce.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// A store outside this crate failed with a Win32 error code (rule R16).
    #[error("store: failed with Win32 error {code}")]
    Backend {
        /// The code.
        code: u32,
    },
}

impl StoreError {
    /// The step that the operating system refused.
    #[cfg(feature = "file")]
    pub(crate) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::OutOfMemory => Self::OutOfMemory,
            kind => Self::Io { action, path: path.to_path_buf(), kind },
        }
    }

    /// Whether the change that failed so is in force nevertheless.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        matches!(self, Self::Unsynced { .. })
    }
}

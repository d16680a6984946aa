//! Keys of a sealed store: their sources, the search for the key of a file, and new keys.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::derivation::Derivation;
use super::directory::{self, DATABASE, KEY, NEXT_KEY, STAGED_KEY, StoreDirectory, read_checked};
use super::sealed::SealError;
use super::sealed::{Header, MAX_FILE_BYTES, VERSION};
use crate::error::StoreError;
use crate::permissions::KEY_FILE;
use crate::sealer::Sealer;
use crate::secret::Secret;
use crate::store_key::{StoreKey, Tag};

/// The most bytes read from a key file: more than any key file holds.
const MAX_KEY_FILE_BYTES: u64 = 4096;

/// The source of the key of a [`FileStore`](super::FileStore).
///
/// Only the configured source is tried, so an attacker cannot substitute a store that is sealed under another key.
#[non_exhaustive]
pub enum KeySource {
    /// A file of exactly 32 random bytes, accessible to its owner only.
    File(PathBuf),
    /// A passphrase, from which Argon2id derives the key. The key is only as strong as the passphrase.
    Passphrase(Secret),
    /// The file `store.key` in the directory of the store, created on first use. It protects copies and backups that
    /// hold only one of the two files; it does not protect against anyone who can read both, such as root.
    Adjacent,
}

impl KeySource {
    /// The name of the systemd credential that holds a key: `LoadCredentialEncrypted=iscsi-store-key`.
    pub const CREDENTIAL: &str = "iscsi-store-key";

    /// Returns the first source that is available: the given key file; the systemd credential
    /// [`CREDENTIAL`](Self::CREDENTIAL) in `$CREDENTIALS_DIRECTORY`; the given passphrase; the adjacent key file.
    #[must_use]
    pub fn choose(key_file: Option<PathBuf>, passphrase: Option<Secret>) -> Self {
        match (key_file.or_else(credential), passphrase) {
            (Some(path), _) => Self::File(path),
            (None, Some(passphrase)) => Self::Passphrase(passphrase),
            (None, None) => Self::Adjacent,
        }
    }
}

/// The path of the key that systemd passes to a service, if there is one.
fn credential() -> Option<PathBuf> {
    let directory = env::var_os("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty())?;
    let path = Path::new(&directory).join(KeySource::CREDENTIAL);
    // A path that cannot be examined counts as present, so that reading it reports the error.
    path.try_exists().unwrap_or(true).then_some(path)
}

/// Reads the key in a key file.
fn read_key(path: &Path) -> Result<StoreKey, StoreError> {
    let content = read_checked(path, MAX_KEY_FILE_BYTES, &KEY_FILE)?;
    let content = content.ok_or_else(|| StoreError::KeyGone { path: path.to_path_buf() })?;
    StoreKey::from_bytes(&content.bytes).ok_or_else(|| StoreError::KeyLength { path: path.to_path_buf() })
}

/// The keys of one store: its directory, and the configured source.
pub(super) struct Keys<'a> {
    pub(super) directory: &'a StoreDirectory,
    pub(super) source: &'a KeySource,
}

impl Keys<'_> {
    /// Returns the sealer of a file with this header; `None` if the key of the source belongs to another file.
    pub(super) fn find_sealer(&self, header: &Header) -> Result<Option<Arc<Sealer>>, StoreError> {
        let key = match (self.source, header.derivation) {
            (KeySource::Passphrase(passphrase), Some(derivation)) => {
                Some(derivation.key(passphrase).map_err(|error| self.store_error(error, 0))?)
            }
            (KeySource::Passphrase(_), None) => {
                return Err(StoreError::NotByPassphrase { path: self.database_path() });
            }
            (_, Some(_)) => return Err(StoreError::PassphraseNeeded { path: self.database_path() }),
            (KeySource::File(path), None) => Some(read_key(path)?),
            (KeySource::Adjacent, None) => self.adjacent_key(header)?,
        };
        Ok(key.filter(|key| opens(key, header)).map(|key| Arc::new(Sealer::under(key))))
    }

    /// Returns the adjacent key that belongs to this header.
    ///
    /// The final name is tried twice because a key change may complete between the first two attempts.
    fn adjacent_key(&self, header: &Header) -> Result<Option<StoreKey>, StoreError> {
        let mut found = false;
        for name in [KEY, NEXT_KEY, KEY] {
            let Some(key) = self.read_adjacent(name)? else { continue };
            if opens(&key, header) {
                return Ok(Some(key));
            }
            found = true;
        }
        if found { Ok(None) } else { Err(StoreError::KeyGone { path: self.directory.file(KEY) }) }
    }

    fn read_adjacent(&self, name: &str) -> Result<Option<StoreKey>, StoreError> {
        let Some(content) = self.directory.read(name, MAX_KEY_FILE_BYTES)? else { return Ok(None) };
        let key = StoreKey::from_bytes(&content.bytes);
        key.ok_or_else(|| StoreError::KeyLength { path: self.directory.file(name) }).map(Some)
    }

    /// Returns a new key: the one in the key file, one derived from the passphrase with a new salt, or a random one.
    pub(super) fn new_key(&self) -> Result<(StoreKey, Option<Derivation>), StoreError> {
        match self.source {
            KeySource::Adjacent => Ok((StoreKey::generate()?, None)),
            KeySource::File(path) => Ok((read_key(path)?, None)),
            KeySource::Passphrase(passphrase) => {
                let derivation = Derivation::generate()?;
                let key = derivation.key(passphrase).map_err(|error| self.store_error(error, 0))?;
                Ok((key, Some(derivation)))
            }
        }
    }

    /// Whether a key change was interrupted, or is in progress.
    pub(super) fn are_unsettled(&self) -> Result<bool, StoreError> {
        Ok(self.directory.holds(NEXT_KEY)? || self.directory.holds(STAGED_KEY)?)
    }

    /// Completes an interrupted key change: `store.key.next` becomes `store.key` if it is the key in use, and is removed
    /// otherwise. The caller holds the lock.
    pub(super) fn settle(&self, note_in_use: Option<Tag>) -> Result<(), StoreError> {
        let next = self.read_adjacent(NEXT_KEY)?.and_then(|key| key.note().ok());
        if note_in_use == next { self.directory.rename(NEXT_KEY, KEY) } else { self.discard(NEXT_KEY) }
    }

    /// Removes an unused key, if it exists. The caller holds the lock.
    pub(super) fn discard(&self, name: &str) -> Result<(), StoreError> {
        if self.directory.holds(name)? { self.directory.remove(name) } else { Ok(()) }
    }

    /// The error for a directory without a database: there is neither store nor key, only a key, or a dangling link.
    pub(super) fn missing_database(&self) -> StoreError {
        let path = self.database_path();
        match (directory::absent(&path), self.directory.holds(KEY)) {
            (StoreError::Missing { path }, Ok(true)) => StoreError::DatabaseGone { path },
            (StoreError::Missing { .. }, Err(error)) => error,
            (absent, _) => absent,
        }
    }

    /// The error for a key of another store.
    pub(super) fn wrong_key(&self) -> StoreError {
        let path = self.database_path();
        match self.source {
            KeySource::Passphrase(_) => StoreError::WrongPassphrase { path },
            KeySource::File(key) => StoreError::WrongKey { path, key: PathBuf::clone(key) },
            KeySource::Adjacent => StoreError::WrongKey { path, key: self.directory.file(KEY) },
        }
    }

    /// Adds the path of the database, of `bytes` bytes, to an error about its content.
    pub(super) fn store_error(&self, error: SealError, bytes: usize) -> StoreError {
        let path = self.database_path();
        match error {
            SealError::Generator(error) => StoreError::Generator(error),
            SealError::Cipher => StoreError::Cipher,
            SealError::OutOfMemory => StoreError::OutOfMemory,
            SealError::TooLarge => StoreError::TooLarge { path, limit: MAX_FILE_BYTES },
            SealError::ForeignFile => StoreError::ForeignFile { path },
            SealError::UnknownVersion { found } => StoreError::UnknownVersion { path, found, known: VERSION },
            SealError::Truncated => StoreError::Truncated { path, found: bytes },
            SealError::WrongKey => self.wrong_key(),
            SealError::Damaged => StoreError::Damaged { path },
        }
    }

    fn database_path(&self) -> PathBuf {
        self.directory.file(DATABASE)
    }
}

fn opens(key: &StoreKey, header: &Header) -> bool {
    key.note().is_ok_and(|note| note == header.note)
}

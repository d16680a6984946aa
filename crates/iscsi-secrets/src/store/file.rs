//! A store in a directory: one sealed file, its key, and a lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::book::SecretBook;
use crate::capabilities::Capabilities;
use crate::change::Change;
use crate::error::StoreError;
use crate::store::SecretStore;

mod directory;
mod key;
mod records;
mod sealed;

use directory::StoreDirectory;
use key::StoreKey;
use sealed::SealError;

const DATABASE: &str = "secrets.db";
const KEY: &str = "store.key";
const LOCK: &str = "secrets.lock";

/// A key whose store is not complete yet: it takes its final name after the first sealed file is on disk.
const FIRST_KEY: &str = "store.key.first";

/// More than any key file holds, in octets; a longer one is not read.
const MAX_KEY_FILE_OCTETS: u64 = 4096;

/// A store in a directory of mode 0700, holding `secrets.db`, `store.key` and `secrets.lock`, each of mode 0600.
///
/// Every read opens the sealed file as it stands, so processes see each other's changes at once. A change is one
/// atomic replacement, on disk before it returns, and there is one writer at a time across all processes.
///
/// The key lies beside what it opens. That protects copies and backups that hold only one of the two files, and finds
/// damage; it does not protect from whoever can read both, such as root.
pub struct FileStore {
    directory: StoreDirectory,
}

impl FileStore {
    /// Opens the store in `directory`, and creates directory, key and an empty store on first use.
    ///
    /// What is half there is not taken for new: a key without a store, or a store without a key, is an error.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { directory: StoreDirectory::create(directory.as_ref())? };
        store.complete()?;
        store.load()?;
        Ok(store)
    }

    /// Opens the store in `directory` and creates nothing. Reading, as a login does, then needs no right to write.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { directory: StoreDirectory::existing(directory.as_ref())? };
        store.load()?;
        Ok(store)
    }

    /// Makes a store that is not there, or one whose making was interrupted.
    fn complete(&self) -> Result<(), StoreError> {
        if self.directory.holds(DATABASE)? && self.directory.holds(KEY)? {
            return Ok(());
        }
        let _lock = self.directory.lock(LOCK)?;
        match (self.directory.holds(DATABASE)?, self.directory.holds(KEY)?) {
            (true, true) => Ok(()),
            (false, true) => Err(StoreError::DatabaseGone { path: self.database_path() }),
            (true, false) if self.directory.holds(FIRST_KEY)? => self.directory.rename(FIRST_KEY, KEY),
            (true, false) => Err(StoreError::KeyGone { path: self.key_path() }),
            (false, false) => self.begin(),
        }
    }

    fn begin(&self) -> Result<(), StoreError> {
        let key = StoreKey::generate()?;
        self.directory.replace(FIRST_KEY, key.octets())?;
        self.save(&key, &SecretBook::new())?;
        self.directory.rename(FIRST_KEY, KEY)
    }

    fn load(&self) -> Result<(StoreKey, SecretBook), StoreError> {
        let key = self.directory.read(KEY, MAX_KEY_FILE_OCTETS)?;
        let file = self.directory.read(DATABASE, sealed::MAX_FILE_OCTETS)?;
        let (key, file) = match (key, file) {
            (Some(key), Some(file)) => (key, file),
            (Some(_), None) => return Err(StoreError::DatabaseGone { path: self.database_path() }),
            (None, Some(_)) => return Err(StoreError::KeyGone { path: self.key_path() }),
            (None, None) => return Err(StoreError::Missing { path: self.database_path() }),
        };
        let key =
            StoreKey::from_octets(&key).ok_or_else(|| StoreError::KeyLength { path: self.key_path() })?;
        let records = sealed::unseal(&key, &file).map_err(|error| self.blame(error, file.len()))?;
        let book = records::decode(&records).map_err(|_| self.blame(SealError::Damaged, file.len()))?;
        Ok((key, book))
    }

    fn save(&self, key: &StoreKey, book: &SecretBook) -> Result<(), StoreError> {
        let file = sealed::seal(key, records::encode(book)).map_err(|error| self.blame(error, 0))?;
        self.directory.replace(DATABASE, &file)
    }

    /// Names the file of `octets` octets in what is wrong with it.
    fn blame(&self, error: SealError, octets: usize) -> StoreError {
        let path = self.database_path();
        match error {
            SealError::Generator(error) => StoreError::Generator(error),
            SealError::TooLarge => StoreError::TooLarge { path, limit: sealed::MAX_FILE_OCTETS },
            SealError::ForeignFile => StoreError::ForeignFile { path },
            SealError::UnknownVersion { found } => {
                StoreError::UnknownVersion { path, found, known: sealed::VERSION }
            }
            SealError::Truncated => StoreError::Truncated { path, found: octets },
            SealError::WrongKey => StoreError::WrongKey { path, key: self.key_path() },
            SealError::Damaged => StoreError::Damaged { path },
        }
    }

    fn database_path(&self) -> PathBuf {
        self.directory.file(DATABASE)
    }

    fn key_path(&self) -> PathBuf {
        self.directory.file(KEY)
    }
}

impl SecretStore for FileStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: true,
            global: true,
            writable: true,
            persistent: true,
            encrypted_at_rest: true,
        }
    }

    fn snapshot(&self) -> Result<Arc<SecretBook>, StoreError> {
        self.load().map(|(_, book)| Arc::new(book))
    }

    fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.capabilities().admit(&change)?;
        let _lock = self.directory.lock(LOCK)?;
        let (key, mut book) = self.load()?;
        book.apply(change);
        self.save(&key, &book)
    }
}

#[cfg(test)]
mod tests;

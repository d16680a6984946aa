//! A store in a directory: one sealed file, its key, and a lock.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::capabilities::Capabilities;
use crate::change::Change;
use crate::error::StoreError;
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

mod content;
mod derivation;
mod directory;
mod disk;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod key_source;
mod keys;
mod opened;
mod records;
mod rekey;
mod relocation;
mod seal_error;
mod sealed;
mod version_2;

pub use key_source::KeySource;
pub use relocation::Relocation;

use derivation::Derivation;
use directory::StoreDirectory;
use disk::{Disk, OsDisk};
use opened::Opened;
use seal_error::SealError;

const DATABASE: &str = "secrets.db";
const KEY: &str = "store.key";
const LOCK: &str = "secrets.lock";

/// A key whose store is not complete yet: it takes its final name when the file sealed with it is on disk.
const NEXT_KEY: &str = "store.key.next";

/// The same, not yet written to its end.
const STAGED_KEY: &str = "store.key.next.new";

/// A store in a directory of mode 0700, holding `secrets.db`, `secrets.lock` and, with [`KeySource::Adjacent`],
/// `store.key`, each of mode 0600.
///
/// Every read sees the file as it stands, so processes see each other's changes at once; as long as nobody changed it,
/// what was read before is used again, with each secret in it still sealed. A change is one atomic replacement, on
/// disk before it returns, and there is one writer at a time across all processes: others wait, up to a limit.
pub struct FileStore {
    directory: StoreDirectory,
    source: KeySource,
    opened: Mutex<Option<Opened>>,
    is_new: bool,
    lock_limit: Duration,
}

impl FileStore {
    /// How long a writer waits for another one, unless it was opened with a limit of its own. Readers never wait.
    pub const DEFAULT_LOCK_LIMIT: Duration = Duration::from_secs(10);

    /// Opens the store in `directory` with [`KeySource::Adjacent`], and makes directory, key and an empty store on first
    /// use.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(directory, KeySource::Adjacent)
    }

    /// Opens the store in `directory`, and makes what is missing on first use.
    ///
    /// What is half there is not taken for new: a key without a store, or a store without a key, is an error.
    pub fn open_with(directory: impl AsRef<Path>, source: KeySource) -> Result<Self, StoreError> {
        Self::open_within(directory, source, Self::DEFAULT_LOCK_LIMIT)
    }

    /// The same with a limit for each wait for another writer, after which there is [`StoreError::Locked`].
    pub fn open_within(
        directory: impl AsRef<Path>,
        source: KeySource,
        lock_limit: Duration,
    ) -> Result<Self, StoreError> {
        Self::open_on(directory.as_ref(), source, lock_limit, OsDisk)
    }

    /// Opens the store in `directory` with [`KeySource::Adjacent`] and makes nothing.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_existing_with(directory, KeySource::Adjacent)
    }

    /// Opens the store in `directory` and makes nothing. Reading, as a login does, then needs no right to write.
    pub fn open_existing_with(directory: impl AsRef<Path>, source: KeySource) -> Result<Self, StoreError> {
        Self::open_existing_within(directory, source, Self::DEFAULT_LOCK_LIMIT)
    }

    /// The same with a limit for each wait for another writer, after which there is [`StoreError::Locked`].
    pub fn open_existing_within(
        directory: impl AsRef<Path>,
        source: KeySource,
        lock_limit: Duration,
    ) -> Result<Self, StoreError> {
        let directory = StoreDirectory::existing(directory.as_ref(), Box::new(OsDisk))?;
        let store = Self { directory, source, opened: Mutex::default(), is_new: false, lock_limit };
        store.current()?;
        Ok(store)
    }

    /// Whether opening made this store. Whoever asked for it should then be told what its [`KeySource`] protects from.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    fn open_on(
        path: &Path,
        source: KeySource,
        lock_limit: Duration,
        disk: impl Disk + 'static,
    ) -> Result<Self, StoreError> {
        let directory = StoreDirectory::create(path, Box::new(disk))?;
        let mut store = Self { directory, source, opened: Mutex::default(), is_new: false, lock_limit };
        store.is_new = store.complete()?;
        store.current()?;
        Ok(store)
    }

    /// Makes a store that is not there, or one whose making was interrupted; says whether it did.
    fn complete(&self) -> Result<bool, StoreError> {
        if self.directory.holds(DATABASE)? && !self.keys_are_unsettled()? {
            return Ok(false);
        }
        let _lock = self.lock()?;
        match (self.directory.holds(DATABASE)?, self.directory.holds(KEY)?) {
            (true, _) => self.settle_keys().map(|()| false),
            (false, true) => Err(StoreError::DatabaseGone { path: self.database_path() }),
            (false, false) => self.begin().map(|()| true),
        }
    }

    /// What the file holds at this moment, read only if it is not the one that was read last.
    fn current(&self) -> Result<Opened, StoreError> {
        let mut last = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = self.directory.identity(DATABASE)?;
        match &*last {
            Some(opened) if Some(opened.identity()) == identity => Ok(opened.clone()),
            stale => {
                let fresh = self.load(stale.as_ref())?;
                *last = Some(fresh.clone());
                Ok(fresh)
            }
        }
    }

    fn lock(&self) -> Result<File, StoreError> {
        self.directory.lock(LOCK, self.lock_limit)
    }

    /// Seals and writes a snapshot. The caller holds the lock.
    fn save(&self, snapshot: StoreSnapshot, derivation: Option<Derivation>) -> Result<(), StoreError> {
        let sealer = snapshot.sealer.as_ref().ok_or(StoreError::Cipher)?;
        let content = sealed::seal(sealer.key(), derivation, records::encode(&snapshot));
        self.directory.replace(DATABASE, &content.map_err(|error| self.blame(error, 0))?)?;
        // Opened anew: a file that is open for writing would keep its disk from being made read-only.
        let written =
            File::open(self.database_path()).and_then(|file| Opened::new(file, snapshot, derivation));
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = written.ok();
        self.directory.sync_change()
    }

    /// Names the file of `bytes` bytes in what is wrong with it.
    fn blame(&self, error: SealError, bytes: usize) -> StoreError {
        let path = self.database_path();
        match error {
            SealError::Generator(error) => StoreError::Generator(error),
            SealError::Cipher => StoreError::Cipher,
            SealError::OutOfMemory => StoreError::OutOfMemory,
            SealError::TooLarge => StoreError::TooLarge { path, limit: header::MAX_FILE_BYTES },
            SealError::ForeignFile => StoreError::ForeignFile { path },
            SealError::UnknownVersion { found } => {
                StoreError::UnknownVersion { path, found, known: header::VERSION }
            }
            SealError::Truncated => StoreError::Truncated { path, found: bytes },
            SealError::WrongKey => self.wrong_key(),
            SealError::Damaged => StoreError::Damaged { path },
        }
    }

    fn database_path(&self) -> PathBuf {
        self.directory.file(DATABASE)
    }
}

impl SecretStore for FileStore {
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::Sealed(self.directory.path().to_path_buf())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: true,
            global: true,
            writable: true,
            persistent: true,
            encrypted_at_rest: true,
        }
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        self.current().map(Opened::into_snapshot)
    }

    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let capabilities = self.capabilities();
        changes.iter().try_for_each(|change| capabilities.admit(change))?;
        let _lock = self.lock()?;
        let opened = self.current()?;
        let mut snapshot = StoreSnapshot::clone(opened.snapshot());
        changes.into_iter().try_for_each(|change| snapshot.apply(change))?;
        self.save(snapshot, opened.derivation())
    }
}

#[cfg(test)]
mod tests;

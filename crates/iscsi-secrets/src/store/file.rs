//! A store in a directory: one sealed file, its key, and a lock file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::change::{Capabilities, Change};
use crate::error::StoreError;
use crate::sealer::Sealer;
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

mod derivation;
mod directory;
mod disk;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub(crate) mod keys;
mod opened;
mod placement;
mod records;
pub(crate) mod relocation;
mod sealed;

use derivation::Derivation;
use directory::{DATABASE, KEY, LOCK, NEXT_KEY, STAGED_KEY, StoreDirectory};
use disk::{Disk, OsDisk};
use keys::{KeySource, Keys};
use opened::Opened;

/// A store in a directory of mode 0700, holding `secrets.db`, `secrets.lock` and, with [`KeySource::Adjacent`],
/// `store.key`, each of mode 0600.
///
/// Every read returns the current content, so processes see each other's changes at once. The content is cached, with
/// each secret sealed, until the file is replaced. A change replaces the file atomically and is on disk when it returns.
/// There is one writer at a time across all processes; other writers wait, up to a limit.
pub struct FileStore {
    directory: StoreDirectory,
    source: KeySource,
    opened: Mutex<Option<Opened>>,
    is_new: bool,
    lock_limit: Duration,
}

impl FileStore {
    /// The default limit for a writer that waits for another. Readers never wait.
    pub const DEFAULT_LOCK_LIMIT: Duration = Duration::from_secs(10);

    /// Opens the store in `directory` with [`KeySource::Adjacent`]. On first use, creates the directory, the key and an
    /// empty store.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(directory, KeySource::Adjacent)
    }

    /// Opens the store in `directory`, and creates it on first use.
    ///
    /// An incomplete store is not replaced: a key without a store, or a store without a key, is an error.
    pub fn open_with(directory: impl AsRef<Path>, source: KeySource) -> Result<Self, StoreError> {
        Self::open_within(directory, source, Self::DEFAULT_LOCK_LIMIT)
    }

    /// Opens the store in `directory`, and creates it on first use. Each wait for another writer ends after `lock_limit`
    /// with [`StoreError::Locked`].
    pub fn open_within(
        directory: impl AsRef<Path>,
        source: KeySource,
        lock_limit: Duration,
    ) -> Result<Self, StoreError> {
        Self::open_on(directory.as_ref(), source, lock_limit, OsDisk)
    }

    /// Opens an existing store in `directory` with [`KeySource::Adjacent`]. Creates nothing.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_existing_with(directory, KeySource::Adjacent)
    }

    /// Opens an existing store in `directory`. Creates nothing, so reading needs no write access.
    pub fn open_existing_with(directory: impl AsRef<Path>, source: KeySource) -> Result<Self, StoreError> {
        Self::open_existing_within(directory, source, Self::DEFAULT_LOCK_LIMIT)
    }

    /// Opens an existing store in `directory`. Each wait for another writer ends after `lock_limit` with
    /// [`StoreError::Locked`].
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

    /// Whether opening created this store. A program should then tell its user what the [`KeySource`] protects against.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Reseals the store: under the key of `source`, or for [`KeySource::Adjacent`] under a new random one.
    ///
    /// Rekeying is atomic: after an interruption at any point the store opens with the old key or the new one. An
    /// adjacent key that is no longer used is removed. Copies of the old file still open with the old key.
    pub fn rekey(self, source: KeySource) -> Result<Self, StoreError> {
        let lock = self.lock()?;
        self.settle_keys()?;
        let snapshot = self.current()?.into_snapshot();
        self.save_under_new_key(&snapshot, &source)?;
        if !matches!(source, KeySource::Adjacent) {
            for name in [KEY, NEXT_KEY] {
                self.keys().discard(name)?;
            }
        }
        drop(lock);
        Ok(Self { source, ..self })
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

    /// Creates a missing store, or completes an interrupted creation. Returns whether it is new.
    fn complete(&self) -> Result<bool, StoreError> {
        if self.directory.holds(DATABASE)? && !self.keys().are_unsettled()? {
            return Ok(false);
        }
        let _lock = self.lock()?;
        match (self.directory.holds(DATABASE)?, self.directory.holds(KEY)?) {
            (true, _) => self.settle_keys().map(|()| false),
            (false, true) => Err(StoreError::DatabaseGone { path: self.database_path() }),
            (false, false) => self.begin().map(|()| true),
        }
    }

    /// Returns the current content of the file, from the cache unless the file was replaced.
    fn current(&self) -> Result<Opened, StoreError> {
        let mut last = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = self.directory.identity(DATABASE)?;
        match &*last {
            Some(opened) if Some(opened.identity()) == identity => Ok(opened.clone()),
            stale => {
                let fresh = Opened::load(&self.keys(), stale.as_ref())?;
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
        self.directory.replace(DATABASE, &content.map_err(|error| self.keys().store_error(error, 0))?)?;
        // Opened again for reading: a file open for writing would prevent a read-only remount.
        let written =
            File::open(self.database_path()).and_then(|file| Opened::new(file, snapshot, derivation));
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = written.ok();
        // Last, because the change is in force for every process from the rename on, even if this sync fails.
        self.directory.sync_change()
    }

    /// Creates an empty store. The caller holds the lock.
    fn begin(&self) -> Result<(), StoreError> {
        // The process that created the directory may have died before the disk had the directory's name.
        self.directory.sync_parent()?;
        self.save_under_new_key(&StoreSnapshot::new(), &self.source)
    }

    /// Seals a snapshot under a new key from `source`. The caller holds the lock.
    ///
    /// A new adjacent key is on disk before the file that is sealed with it, under a temporary name until that file is
    /// written too: after an interruption at any point one of the two keys opens the file.
    fn save_under_new_key(&self, snapshot: &StoreSnapshot, source: &KeySource) -> Result<(), StoreError> {
        let (key, derivation) = Keys { directory: &self.directory, source }.new_key()?;
        let adjacent = matches!(source, KeySource::Adjacent);
        if adjacent {
            self.directory.replace(NEXT_KEY, key.bytes())?;
            self.directory.sync()?;
        }
        self.save(snapshot.moved_to(Arc::new(Sealer::under(key)))?, derivation)?;
        if adjacent { self.directory.rename(NEXT_KEY, KEY) } else { Ok(()) }
    }

    /// Completes a key change that was interrupted. The caller holds the lock.
    fn settle_keys(&self) -> Result<(), StoreError> {
        self.keys().discard(STAGED_KEY)?;
        if !self.directory.holds(NEXT_KEY)? {
            return Ok(());
        }
        let sealer = self.current()?.into_snapshot().sealer.clone();
        self.keys().settle(sealer.and_then(|sealer| sealer.key().note().ok()))
    }

    fn keys(&self) -> Keys<'_> {
        Keys { directory: &self.directory, source: &self.source }
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

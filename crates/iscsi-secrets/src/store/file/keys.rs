//! Finding the key of a store file, and making the first one.

use std::path::PathBuf;
use std::sync::Arc;

use super::derivation::Derivation;
use super::directory;
use super::header::Header;
use super::key_source::{KeySource, MAX_KEY_FILE_BYTES, read_key};
use super::{DATABASE, FileStore, KEY, NEXT_KEY, STAGED_KEY};
use crate::error::StoreError;
use crate::sealer::Sealer;
use crate::store_key::StoreKey;
use crate::store_snapshot::StoreSnapshot;

impl FileStore {
    /// The sealer of a file with this header; `None` if the key there is belongs to another file.
    pub(super) fn find_sealer(&self, header: &Header) -> Result<Option<Arc<Sealer>>, StoreError> {
        let key = match (&self.source, header.derivation) {
            (KeySource::Passphrase(passphrase), Some(derivation)) => {
                Some(derivation.key(passphrase).map_err(|error| self.blame(error, 0))?)
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

    /// The key beside the store that belongs to this header.
    ///
    /// The first name is tried again because a new key may have taken it in between.
    fn adjacent_key(&self, header: &Header) -> Result<Option<StoreKey>, StoreError> {
        let mut found = false;
        for name in [KEY, NEXT_KEY, KEY] {
            let Some(key) = self.read_adjacent_key(name)? else { continue };
            if opens(&key, header) {
                return Ok(Some(key));
            }
            found = true;
        }
        if found { Ok(None) } else { Err(StoreError::KeyGone { path: self.directory.file(KEY) }) }
    }

    fn read_adjacent_key(&self, name: &str) -> Result<Option<StoreKey>, StoreError> {
        let Some(content) = self.directory.read(name, MAX_KEY_FILE_BYTES)? else { return Ok(None) };
        let key = StoreKey::from_bytes(&content.bytes);
        key.ok_or_else(|| StoreError::KeyLength { path: self.directory.file(name) }).map(Some)
    }

    /// Makes an empty store. The caller holds the lock.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        // Whoever made the directory may have died before the disk had its name.
        self.directory.sync_parent()?;
        self.save_under_new_key(&StoreSnapshot::new(), &self.source)
    }

    /// Seals a snapshot anew under the key of `source`. A key beside the store is on disk before the file sealed with it,
    /// under a name of its own until that is there: whatever happens in between, one of the two keys opens the file.
    pub(super) fn save_under_new_key(
        &self,
        snapshot: &StoreSnapshot,
        source: &KeySource,
    ) -> Result<(), StoreError> {
        let (key, derivation) = self.new_key(source)?;
        let adjacent = matches!(source, KeySource::Adjacent);
        if adjacent {
            self.directory.replace(NEXT_KEY, key.bytes())?;
            self.directory.sync()?;
        }
        self.save(snapshot.moved_to(Arc::new(Sealer::under(key)))?, derivation)?;
        if adjacent { self.directory.rename(NEXT_KEY, KEY) } else { Ok(()) }
    }

    fn new_key(&self, source: &KeySource) -> Result<(StoreKey, Option<Derivation>), StoreError> {
        match source {
            KeySource::Adjacent => Ok((StoreKey::generate()?, None)),
            KeySource::File(path) => Ok((read_key(path)?, None)),
            KeySource::Passphrase(passphrase) => {
                let derivation = Derivation::generate()?;
                let key = derivation.key(passphrase).map_err(|error| self.blame(error, 0))?;
                Ok((key, Some(derivation)))
            }
        }
    }

    /// Whether a change of keys was interrupted, or is under way.
    pub(super) fn keys_are_unsettled(&self) -> Result<bool, StoreError> {
        Ok(self.directory.holds(NEXT_KEY)? || self.directory.holds(STAGED_KEY)?)
    }

    /// Ends a change of keys that was interrupted: the key that opens the file gets the name it should have, and one
    /// that opens nothing is removed. The caller holds the lock.
    pub(super) fn settle_keys(&self) -> Result<(), StoreError> {
        self.discard(STAGED_KEY)?;
        if !self.directory.holds(NEXT_KEY)? {
            return Ok(());
        }
        let sealer = self.current()?.into_snapshot().sealer.clone();
        let used = sealer.and_then(|sealer| sealer.key().note().ok());
        let next = self.read_adjacent_key(NEXT_KEY)?.and_then(|key| key.note().ok());
        if used == next { self.directory.rename(NEXT_KEY, KEY) } else { self.discard(NEXT_KEY) }
    }

    /// Removes a key that is not used, if it is there. The caller holds the lock.
    pub(super) fn discard(&self, name: &str) -> Result<(), StoreError> {
        if self.directory.holds(name)? { self.directory.remove(name) } else { Ok(()) }
    }

    /// Neither store nor key, a key alone, or a link that leads nowhere.
    pub(super) fn nothing(&self) -> StoreError {
        let path = self.database_path();
        match (directory::absent(&path), self.directory.holds(KEY)) {
            (StoreError::Missing { path }, Ok(true)) => StoreError::DatabaseGone { path },
            (StoreError::Missing { .. }, Err(error)) => error,
            (absent, _) => absent,
        }
    }

    /// The key there is belongs to another file.
    pub(super) fn wrong_key(&self) -> StoreError {
        let path = self.directory.file(DATABASE);
        match &self.source {
            KeySource::Passphrase(_) => StoreError::WrongPassphrase { path },
            KeySource::File(key) => StoreError::WrongKey { path, key: PathBuf::clone(key) },
            KeySource::Adjacent => StoreError::WrongKey { path, key: self.directory.file(KEY) },
        }
    }
}

fn opens(key: &StoreKey, header: &Header) -> bool {
    key.note().is_ok_and(|note| note == header.note)
}

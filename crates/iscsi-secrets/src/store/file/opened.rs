//! A store file that was read, cached until it is replaced.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::derivation::Derivation;
use super::directory::DATABASE;
use super::disk::{Content, Identity};
use super::keys::Keys;
use super::records;
use super::sealed::SealError;
use super::sealed::{self, Header, MAX_FILE_BYTES};
use crate::error::StoreError;
use crate::sealer::Sealer;
use crate::store_snapshot::StoreSnapshot;

/// The most attempts to read a file that is replaced while its key is searched for.
const ATTEMPTS: usize = 8;

/// The content of a store file. Its secrets are sealed; a clone is cheap.
#[derive(Clone)]
pub(super) struct Opened {
    /// An open handle, so that no other file gets this inode number.
    _file: Arc<File>,
    identity: Identity,
    derivation: Option<Derivation>,
    snapshot: Arc<StoreSnapshot>,
}

impl Opened {
    /// Takes a file that was just written.
    pub(super) fn new(
        file: File,
        snapshot: StoreSnapshot,
        derivation: Option<Derivation>,
    ) -> io::Result<Self> {
        let identity = Identity::of(&file.metadata()?);
        Ok(Self { _file: Arc::new(file), identity, derivation, snapshot: Arc::new(snapshot) })
    }

    /// Reads the store file, with the key of the last read if it still fits.
    pub(super) fn load(keys: &Keys<'_>, last: Option<&Self>) -> Result<Self, StoreError> {
        for _ in 0..ATTEMPTS {
            let content = keys.directory.read(DATABASE, MAX_FILE_BYTES)?;
            let content = content.map_or_else(|| Err(keys.missing_database()), Ok)?;
            let header = Header::of_file(&content.bytes);
            let header = header.map_err(|error| keys.store_error(error, content.bytes.len()))?;
            let known = last.and_then(|last| last.sealer_for(&header));
            if let Some(sealer) =
                known.map_or_else(|| keys.find_sealer(&header), |sealer| Ok(Some(sealer)))?
            {
                return Self::unsealed(keys, content, &header, &sealer);
            }
            // The key may belong to a newer file, written since this one was read.
            if keys.directory.identity(DATABASE)? == Some(content.identity) {
                break;
            }
        }
        Err(keys.wrong_key())
    }

    fn unsealed(
        keys: &Keys<'_>,
        content: Content,
        header: &Header,
        sealer: &Arc<Sealer>,
    ) -> Result<Self, StoreError> {
        let Content { file, identity, mut bytes } = content;
        let length = bytes.len();
        let opened = sealed::unseal(sealer.key(), &mut bytes);
        let (version, records) = opened.map_err(|error| keys.store_error(error, length))?;
        let snapshot = records::decode(version, records, sealer);
        let snapshot = snapshot.map_err(|_| keys.store_error(SealError::Damaged, length))?;
        Ok(Self {
            _file: Arc::new(file),
            identity,
            derivation: header.derivation,
            snapshot: Arc::new(snapshot),
        })
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) const fn derivation(&self) -> Option<Derivation> {
        self.derivation
    }

    pub(super) fn snapshot(&self) -> &StoreSnapshot {
        &self.snapshot
    }

    pub(super) fn into_snapshot(self) -> Arc<StoreSnapshot> {
        self.snapshot
    }

    /// Returns the sealer if its key also opens a file with this header.
    fn sealer_for(&self, header: &Header) -> Option<Arc<Sealer>> {
        let sealer = self.snapshot.sealer.as_ref()?;
        let same = self.derivation == header.derivation && sealer.key().note().ok()? == header.note;
        same.then(|| Arc::clone(sealer))
    }
}

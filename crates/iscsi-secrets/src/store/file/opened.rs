//! A store file that was read, kept until it is replaced.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::content::{Content, Identity};
use super::derivation::Derivation;
use super::header::{self, Header};
use super::{DATABASE, FileStore, records, sealed};
use crate::error::StoreError;
use crate::sealer::Sealer;
use crate::store_snapshot::StoreSnapshot;

/// How often a file is read that is replaced while its key is looked for.
const ATTEMPTS: usize = 8;

/// What a store file held. Its secrets are sealed; cloning it is cheap.
#[derive(Clone)]
pub(super) struct Opened {
    /// Kept open: as long as it is, no other file can have its number.
    _file: Arc<File>,
    identity: Identity,
    derivation: Option<Derivation>,
    snapshot: Arc<StoreSnapshot>,
}

impl Opened {
    /// A file that was just written.
    pub(super) fn new(
        file: File,
        snapshot: StoreSnapshot,
        derivation: Option<Derivation>,
    ) -> io::Result<Self> {
        let identity = Identity::of(&file.metadata()?);
        Ok(Self { _file: Arc::new(file), identity, derivation, snapshot: Arc::new(snapshot) })
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

    /// The sealer, if a file with this header opens with its key too.
    fn sealer_for(&self, header: &Header) -> Option<Arc<Sealer>> {
        let sealer = self.snapshot.sealer.as_ref()?;
        let same = self.derivation == header.derivation && sealer.key().note().ok()? == header.note;
        same.then(|| Arc::clone(sealer))
    }
}

impl FileStore {
    /// Reads the file, with the key of the last one if that still fits.
    pub(super) fn load(&self, last: Option<&Opened>) -> Result<Opened, StoreError> {
        for _ in 0..ATTEMPTS {
            let content = self.directory.read(DATABASE, header::MAX_FILE_BYTES)?;
            let content = content.map_or_else(|| Err(self.nothing()), Ok)?;
            let header = Header::of_file(&content.bytes);
            let header = header.map_err(|error| self.blame(error, content.bytes.len()))?;
            let known = last.and_then(|last| last.sealer_for(&header));
            if let Some(sealer) =
                known.map_or_else(|| self.find_sealer(&header), |sealer| Ok(Some(sealer)))?
            {
                return self.unsealed(content, &header, &sealer);
            }
            if self.directory.identity(DATABASE)? == Some(content.identity) {
                break;
            }
        }
        Err(self.wrong_key())
    }

    fn unsealed(
        &self,
        content: Content,
        header: &Header,
        sealer: &Arc<Sealer>,
    ) -> Result<Opened, StoreError> {
        let Content { file, identity, mut bytes } = content;
        let length = bytes.len();
        let opened = sealed::unseal(sealer.key(), &mut bytes);
        let (version, records) = opened.map_err(|error| self.blame(error, length))?;
        let snapshot = records::decode(version, records, sealer);
        let snapshot = snapshot.map_err(|_| StoreError::Damaged { path: self.database_path() })?;
        Ok(Opened {
            _file: Arc::new(file),
            identity,
            derivation: header.derivation,
            snapshot: Arc::new(snapshot),
        })
    }
}

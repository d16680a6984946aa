//! Sealing and opening the secrets of a snapshot.

use std::sync::Arc;

use super::StoreSnapshot;
use crate::error::StoreError;
use crate::fingerprint::FingerprintIndex;
use crate::record::{Record, SealedCredential};
use crate::sealer::Sealer;
use crate::secret::Secret;
use crate::secret_use::{Direction, SecretUse};

impl StoreSnapshot {
    pub(super) fn seal(
        &mut self,
        used: &SecretUse,
        name: Option<String>,
        secret: &Secret,
    ) -> Result<SealedCredential, StoreError> {
        let sealer = match &self.sealer {
            Some(sealer) => sealer,
            None => self.sealer.insert(Arc::new(Sealer::generate()?)),
        };
        Ok(SealedCredential { name, secret: sealer.seal(used.label().as_bytes(), secret)? })
    }

    pub(crate) fn open(&self, used: &SecretUse, sealed: &SealedCredential) -> Result<Secret, StoreError> {
        let opened =
            self.sealer.as_ref().and_then(|sealer| sealer.open(used.label().as_bytes(), &sealed.secret));
        opened.ok_or_else(|| StoreError::SecretDamaged { scope: used.scope.clone() })
    }

    /// The places where this secret is used in the other direction than this one.
    ///
    /// One secret that the initiator uses towards one target and expects from another lets either of them pose as the
    /// other, and a challenge be reflected between two processes (RFC 7143, section 9.2.1). No stored secret is opened
    /// for this.
    pub fn opposite_uses(&self, secret: &Secret, direction: Direction) -> Result<Vec<SecretUse>, StoreError> {
        let Some(sealer) = &self.sealer else { return Ok(Vec::new()) };
        let (fingerprint, opposite) = (sealer.fingerprint(secret)?, direction.opposite());
        if !self.fingerprints().is_used(fingerprint, opposite) {
            return Ok(Vec::new());
        }
        let places = self
            .sealed_credentials()
            .filter(|(used, sealed)| used.direction == opposite && sealed.secret.fingerprint == fingerprint);
        Ok(places.map(|(used, _)| used).collect())
    }

    fn fingerprints(&self) -> &FingerprintIndex {
        self.fingerprints.get_or_init(|| {
            let singles = self.targets.values().chain(self.portals.values());
            let records = [&self.every_target, &self.every_portal].into_iter().chain(singles);
            Arc::new(FingerprintIndex::of(records.flat_map(Record::fingerprints)))
        })
    }

    /// A change makes another index necessary.
    pub(super) fn forget_fingerprints(&mut self) {
        self.fingerprints.take();
    }

    /// Every credential, as it lies there, and where it is used.
    pub(crate) fn sealed_credentials(&self) -> impl Iterator<Item = (SecretUse, &SealedCredential)> {
        self.records().flat_map(|(scope, record)| {
            let (forward, reverse) = (record.forward.as_deref(), record.association.credential());
            let forward = forward.map(|sealed| (SecretUse::forward(scope.clone()), sealed));
            forward.into_iter().chain(reverse.map(|sealed| (SecretUse::reverse(scope), sealed)))
        })
    }
}

/// What a sealed file needs.
#[cfg(feature = "file")]
impl StoreSnapshot {
    /// A snapshot whose secrets will be sealed in this sealer.
    pub(crate) fn in_sealer(sealer: Arc<Sealer>) -> Self {
        Self { sealer: Some(sealer), ..Self::default() }
    }

    /// The same snapshot with every secret opened, one after the other, and sealed in another sealer.
    pub(crate) fn moved_to(&self, sealer: Arc<Sealer>) -> Result<Self, StoreError> {
        let mut moved = Self { sealer: Some(sealer), ..self.clone() };
        for (used, sealed) in self.sealed_credentials() {
            let secret = self.open(&used, sealed)?;
            moved.put(used, sealed.name.clone(), &secret)?;
        }
        Ok(moved)
    }
}

//! All rules of a store, without input or output.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use iscsi_pdu::{IscsiName, Portal};

use crate::credential::{ForwardCredential, ReverseCredential, ReverseLookup};
use crate::error::StoreError;
use crate::record::{Association, Entry, Record, SealedCredential};
use crate::requirement::Policy;
use crate::scope::{Scope, SecretUse};
use crate::sealer::{FingerprintIndex, Sealer};
use crate::secret::Secret;

mod changes;
pub(crate) mod weaknesses;

/// What a store holds, and every rule about it. Backends only load and save it.
///
/// Secrets lie in it sealed; each is opened for use, one at a time. A clone shares them.
#[derive(Clone, Default)]
pub struct StoreSnapshot {
    /// What opens the secrets; made for the first one.
    pub(crate) sealer: Option<Arc<Sealer>>,
    /// Where which secret is used; made when it is asked for, and thrown away by every change.
    fingerprints: OnceLock<Arc<FingerprintIndex>>,
    pub(crate) every_target: Record,
    pub(crate) targets: BTreeMap<IscsiName, Record>,
    pub(crate) every_portal: Record,
    pub(crate) portals: BTreeMap<Portal, Record>,
}

impl StoreSnapshot {
    /// An empty snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether something is held for the target itself.
    #[must_use]
    pub fn knows(&self, target: &IscsiName) -> bool {
        self.targets.contains_key(target)
    }

    /// All targets for which something is held.
    pub(crate) fn target_names(&self) -> impl Iterator<Item = &IscsiName> {
        self.targets.keys()
    }

    /// What we prove to the target: its own secret, else the one of every target.
    pub fn forward(&self, target: &IscsiName) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        match self.targets.get(target) {
            Some(own) if own.forward.is_some() => self.open_forward(Scope::Target(target.clone()), own),
            _ => self.open_forward(Scope::Global, &self.every_target),
        }
    }

    /// What the target must prove: its own secret, else the global one, else nothing is known.
    ///
    /// A target whose secret was cleared does not fall back to the global one.
    pub fn reverse(&self, target: &IscsiName) -> Result<ReverseLookup, StoreError> {
        match self.targets.get(target) {
            Some(own) if own.association.is_made() => self.open_reverse(Scope::Target(target.clone()), own),
            _ => self.open_reverse(Scope::Global, &self.every_target),
        }
    }

    /// What we prove in a discovery at the portal: its own secret, else the one of every portal, never a target's.
    pub fn discovery_forward(&self, portal: &Portal) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        match self.portals.get(portal) {
            Some(own) if own.forward.is_some() => self.open_forward(Scope::Portal(portal.clone()), own),
            _ => self.open_forward(Scope::Discovery, &self.every_portal),
        }
    }

    /// What a target must prove in a discovery at the portal, by the rules of [`reverse`](Self::reverse).
    pub fn discovery_reverse(&self, portal: &Portal) -> Result<ReverseLookup, StoreError> {
        match self.portals.get(portal) {
            Some(own) if own.association.is_made() => self.open_reverse(Scope::Portal(portal.clone()), own),
            _ => self.open_reverse(Scope::Discovery, &self.every_portal),
        }
    }

    /// What is stored as ours to prove for just this scope.
    pub fn own_forward(&self, scope: &Scope) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        self.record(scope).map_or(Ok(None), |record| self.open_forward(scope.clone(), record))
    }

    /// What is stored to be proved to us for just this scope.
    pub fn own_reverse(&self, scope: &Scope) -> Result<ReverseLookup, StoreError> {
        self.record(scope)
            .map_or(Ok(ReverseLookup::Unknown), |record| self.open_reverse(scope.clone(), record))
    }

    /// The least authentication that a login to the target must have: what is set for it, else what is set for every
    /// target. `None` if neither is.
    ///
    /// What is set for a target counts even where it is weaker: that is how one target is exempted.
    #[must_use]
    pub fn requirement(&self, target: &IscsiName) -> Option<Policy> {
        self.policy(Scope::Target(target.clone()))
    }

    /// The same for a discovery at the portal, where nothing set for targets counts.
    #[must_use]
    pub fn discovery_requirement(&self, portal: &Portal) -> Option<Policy> {
        self.policy(Scope::Portal(portal.clone()))
    }

    /// Whether a secret is held for anything.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.sealed_credentials().next().is_some()
    }

    /// Names and flags of all that is held: what is for every target, targets by name, and the same for discovery.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.records().map(|(scope, record)| record.entry(scope)).collect()
    }

    /// Every scope for which something is held.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Scope, &Record)> {
        let held =
            |(scope, record)| Some((scope, record)).filter(|(_, record): &(_, &Record)| !record.is_empty());
        let targets = self.targets.iter().map(|(name, record)| (Scope::Target(name.clone()), record));
        let portals = self.portals.iter().map(|(name, record)| (Scope::Portal(name.clone()), record));
        let targets = held((Scope::Global, &self.every_target)).into_iter().chain(targets);
        targets.chain(held((Scope::Discovery, &self.every_portal))).chain(portals)
    }

    fn policy(&self, scope: Scope) -> Option<Policy> {
        let set_for = |scope: Scope| {
            let requirement = self.record(&scope)?.requirement?;
            Some(Policy { requirement, set_for: scope })
        };
        let others = scope.others();
        set_for(scope).or_else(|| set_for(others))
    }

    fn open_forward(
        &self,
        scope: Scope,
        record: &Record,
    ) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        let Some(sealed) = record.forward.as_deref() else { return Ok(None) };
        let secret = self.open(&SecretUse::forward(scope), sealed)?;
        Ok(Some(Arc::new(ForwardCredential::renewed(sealed.name.as_deref(), secret))))
    }

    fn open_reverse(&self, scope: Scope, record: &Record) -> Result<ReverseLookup, StoreError> {
        let sealed = match &record.association {
            Association::None => return Ok(ReverseLookup::Unknown),
            Association::Cleared { .. } => return Ok(ReverseLookup::Cleared),
            Association::Bound(sealed) => sealed,
        };
        let secret = self.open(&SecretUse::reverse(scope), sealed)?;
        Ok(ReverseLookup::Known(Arc::new(ReverseCredential::renewed(sealed.name.as_deref(), secret))))
    }

    /// What is held for one scope, and for no other.
    pub(crate) fn record(&self, scope: &Scope) -> Option<&Record> {
        match scope {
            Scope::Global => Some(&self.every_target),
            Scope::Target(name) => self.targets.get(name),
            Scope::Discovery => Some(&self.every_portal),
            Scope::Portal(name) => self.portals.get(name),
        }
    }

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

    /// Every credential, as it lies there, and where it is used.
    pub(crate) fn sealed_credentials(&self) -> impl Iterator<Item = (SecretUse, &SealedCredential)> {
        self.records().flat_map(|(scope, record)| {
            let (forward, reverse) = (record.forward.as_deref(), record.association.credential());
            let forward = forward.map(|sealed| (SecretUse::forward(scope.clone()), sealed));
            forward.into_iter().chain(reverse.map(|sealed| (SecretUse::reverse(scope), sealed)))
        })
    }
}

#[cfg(test)]
mod tests;

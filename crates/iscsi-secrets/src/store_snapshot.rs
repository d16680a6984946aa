//! A snapshot of a store: its content, and the rules of lookup, without I/O.

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

/// The content of a store at one moment, and the rules that apply to it. Backends only load and save it.
///
/// Secrets are sealed; each is opened only for use. A clone shares the sealed secrets.
#[derive(Clone, Default)]
pub struct StoreSnapshot {
    /// The sealer of the secrets; created for the first one.
    pub(crate) sealer: Option<Arc<Sealer>>,
    /// The index of fingerprints; built on first use, and dropped by every change.
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

    /// Whether the store holds something for the target itself.
    #[must_use]
    pub fn knows(&self, target: &IscsiName) -> bool {
        self.targets.contains_key(target)
    }

    /// All targets that the store holds something for.
    pub(crate) fn target_names(&self) -> impl Iterator<Item = &IscsiName> {
        self.targets.keys()
    }

    /// Returns the initiator's credential for the target: its own one, or else the default.
    pub fn forward(&self, target: &IscsiName) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        match self.targets.get(target) {
            Some(own) if own.forward.is_some() => self.open_forward(Scope::Target(target.clone()), own),
            _ => self.open_forward(Scope::Global, &self.every_target),
        }
    }

    /// Returns the target's credential: its own one, or else the default.
    ///
    /// A target with a cleared secret does not fall back to the default.
    pub fn reverse(&self, target: &IscsiName) -> Result<ReverseLookup, StoreError> {
        match self.targets.get(target) {
            Some(own) if own.association.is_made() => self.open_reverse(Scope::Target(target.clone()), own),
            _ => self.open_reverse(Scope::Global, &self.every_target),
        }
    }

    /// Returns the initiator's credential for discovery at the portal: its own one, or else the default for discovery,
    /// but never that of a target.
    pub fn discovery_forward(&self, portal: &Portal) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        match self.portals.get(portal) {
            Some(own) if own.forward.is_some() => self.open_forward(Scope::Portal(portal.clone()), own),
            _ => self.open_forward(Scope::Discovery, &self.every_portal),
        }
    }

    /// Returns the target's credential for discovery at the portal, by the rules of [`reverse`](Self::reverse).
    pub fn discovery_reverse(&self, portal: &Portal) -> Result<ReverseLookup, StoreError> {
        match self.portals.get(portal) {
            Some(own) if own.association.is_made() => self.open_reverse(Scope::Portal(portal.clone()), own),
            _ => self.open_reverse(Scope::Discovery, &self.every_portal),
        }
    }

    /// Returns the initiator's credential that is stored for this scope itself, without any default.
    pub fn own_forward(&self, scope: &Scope) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        self.record(scope).map_or(Ok(None), |record| self.open_forward(scope.clone(), record))
    }

    /// Returns the target's credential that is stored for this scope itself, without any default.
    pub fn own_reverse(&self, scope: &Scope) -> Result<ReverseLookup, StoreError> {
        self.record(scope)
            .map_or(Ok(ReverseLookup::Unknown), |record| self.open_reverse(scope.clone(), record))
    }

    /// Returns the minimum authentication of a login to the target: its own requirement, or else the default. `None` if
    /// neither is set.
    ///
    /// The requirement of a target applies even if it is weaker than the default; this is how a target is exempted.
    #[must_use]
    pub fn requirement(&self, target: &IscsiName) -> Option<Policy> {
        self.policy(Scope::Target(target.clone()))
    }

    /// Returns the minimum authentication of discovery at the portal. Requirements for targets do not apply to it.
    #[must_use]
    pub fn discovery_requirement(&self, portal: &Portal) -> Option<Policy> {
        self.policy(Scope::Portal(portal.clone()))
    }

    /// Whether the store holds any secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.sealed_credentials().next().is_some()
    }

    /// Lists names and flags, never secrets: the default for targets, targets by name, the default for discovery, portals.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.records().map(|(scope, record)| record.entry(scope)).collect()
    }

    /// Every scope that the store holds something for.
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
        let default = scope.default_scope();
        set_for(scope).or_else(|| set_for(default))
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

    /// The record of one scope.
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

    /// Every sealed credential, and its use.
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

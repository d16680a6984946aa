//! Changes carried out on a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::StoreSnapshot;
use crate::change::Change;
use crate::error::StoreError;
use crate::record::{Association, Record};
use crate::scope::{Direction, Scope, SecretUse};
#[cfg(feature = "file")]
use crate::sealer::Sealer;
use crate::secret::Secret;

impl StoreSnapshot {
    /// Applies one change. After an error the snapshot is unchanged.
    pub fn apply(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::SetForward(scope, credential) => {
                let (name, secret) = credential.into_parts();
                self.put(SecretUse::forward(scope), name, &secret)?;
            }
            Change::RenewForwardSecret(scope, secret) => {
                let name = self.record(&scope).and_then(Record::forward_name).map(str::to_owned);
                self.put(SecretUse::forward(scope), name, &secret)?;
            }
            Change::ClearForward(scope) => self.change(scope, |record| record.forward = None),
            Change::SetReverse(scope, credential) => {
                let (name, secret) = credential.into_parts();
                self.put(SecretUse::reverse(scope), name, &secret)?;
            }
            Change::RenewReverseSecret(scope, secret) => {
                let name =
                    self.record(&scope).and_then(|record| record.association.name()).map(str::to_owned);
                self.put(SecretUse::reverse(scope), name, &secret)?;
            }
            Change::ClearReverse(scope) if scope.is_single() => {
                self.change(scope, |record| record.association.clear());
            }
            Change::ClearReverse(scope) | Change::InheritReverse(scope) => {
                self.change(scope, |record| record.association = Association::None);
            }
            Change::Require(scope, requirement) => {
                self.change(scope, |record| record.requirement = requirement);
            }
            Change::Remove(scope) => self.remove(scope),
        }
        Ok(())
    }

    /// Seals and stores a credential.
    fn put(&mut self, used: SecretUse, name: Option<String>, secret: &Secret) -> Result<(), StoreError> {
        let sealed = Arc::new(self.seal(&used, name, secret)?);
        self.change(used.scope, |record| match used.direction {
            Direction::Forward => record.forward = Some(sealed),
            Direction::Reverse => record.association = Association::Bound(sealed),
        });
        Ok(())
    }

    /// Removes the record of a scope. A requirement that is stricter than the default stays, because removing secrets must
    /// not lower a requirement.
    fn remove(&mut self, scope: Scope) {
        let default = Some(scope.default_scope()).filter(|default| *default != scope);
        let floor = default.and_then(|default| self.record(&default)?.requirement).unwrap_or_default();
        self.change(scope, |record| {
            let requirement = record.requirement.filter(|requirement| *requirement > floor);
            *record = Record { requirement, ..Record::default() };
        });
    }

    /// Changes the record of a scope. The record of a target or portal is removed when it becomes empty.
    fn change(&mut self, scope: Scope, change: impl FnOnce(&mut Record)) {
        self.fingerprints.take();
        match scope {
            Scope::Global => change(&mut self.every_target),
            Scope::Target(name) => change_one(&mut self.targets, name, change),
            Scope::Discovery => change(&mut self.every_portal),
            Scope::Portal(name) => change_one(&mut self.portals, name, change),
        }
    }
}

/// Changes one record. A name keeps the spelling with which its record was created.
fn change_one<K: Ord>(records: &mut BTreeMap<K, Record>, name: K, change: impl FnOnce(&mut Record)) {
    let (name, mut record) = records.remove_entry(&name).unwrap_or_else(|| (name, Record::default()));
    change(&mut record);
    if !record.is_empty() {
        records.insert(name, record);
    }
}

#[cfg(feature = "file")]
impl StoreSnapshot {
    /// An empty snapshot that seals its secrets with this sealer.
    pub(crate) fn in_sealer(sealer: Arc<Sealer>) -> Self {
        Self { sealer: Some(sealer), ..Self::default() }
    }

    /// Reseals every secret with another sealer, opening one at a time.
    pub(crate) fn moved_to(&self, sealer: Arc<Sealer>) -> Result<Self, StoreError> {
        let mut moved = Self { sealer: Some(sealer), ..self.clone() };
        for (used, sealed) in self.sealed_credentials() {
            // Another key cannot seal what is sealed already; the opened secret is wiped before the next is opened.
            let secret = self.open(&used, sealed)?;
            moved.put(used, sealed.name.clone(), &secret)?;
        }
        Ok(moved)
    }
}

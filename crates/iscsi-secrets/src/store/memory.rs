//! A store in memory, for tests and for programs that provide the secrets themselves.

use std::sync::{Arc, PoisonError, RwLock};

use crate::change::Capabilities;
use crate::change::Change;
use crate::error::StoreError;
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

/// A store that lives as long as the process.
pub struct MemoryStore {
    snapshot: RwLock<Arc<StoreSnapshot>>,
    per_target: bool,
}

impl MemoryStore {
    /// An empty store that supports reverse secrets for single targets and a global one.
    #[must_use]
    pub fn new() -> Self {
        Self { snapshot: RwLock::default(), per_target: true }
    }

    /// An empty store that supports only a global reverse secret, like the Microsoft initiator (rule R3).
    #[must_use]
    pub fn global_only() -> Self {
        Self { per_target: false, ..Self::new() }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SecretStore for MemoryStore {
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::Memory
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: self.per_target,
            global: true,
            writable: true,
            persistent: false,
            encrypted_at_rest: false,
        }
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        Ok(Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn snapshot_now(&self) -> Option<Arc<StoreSnapshot>> {
        self.snapshot().ok()
    }

    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let capabilities = self.capabilities();
        changes.iter().try_for_each(|change| capabilities.admit(change))?;
        let mut current = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = StoreSnapshot::clone(&current);
        changes.into_iter().try_for_each(|change| snapshot.apply(change))?;
        *current = Arc::new(snapshot);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReverseCredential, Scope, Secret};
    use iscsi_pdu::IscsiName;

    fn reverse(bytes: &[u8]) -> ReverseCredential {
        ReverseCredential::new(None, Secret::from_bytes(bytes).unwrap()).unwrap()
    }

    #[test]
    fn a_snapshot_does_not_change_under_its_holder() {
        let store = MemoryStore::new();
        let target = IscsiName::new("iqn.2001-04.com.example:a").unwrap();
        store.set_reverse(Scope::Global, reverse(b"first-secret")).unwrap();
        let before = store.snapshot().unwrap();
        store.set_reverse(Scope::Global, reverse(b"second-secret")).unwrap();
        let known = |snapshot: &StoreSnapshot| {
            snapshot.reverse(&target).unwrap().known().unwrap().secret().expose_secret().to_vec()
        };
        assert_eq!(known(&before), b"first-secret");
        assert_eq!(known(&store.snapshot().unwrap()), b"second-secret");
    }

    #[test]
    fn a_global_only_store_refuses_targets_and_keeps_what_it_has() {
        let store = MemoryStore::global_only();
        let target = IscsiName::new("iqn.2001-04.com.example:a").unwrap();
        let refused = store.set_reverse(Scope::Target(target.clone()), reverse(b"target-secret"));
        assert_eq!(refused, Err(StoreError::TargetSpecificNotSupported));
        assert_eq!(store.knows(&target), Ok(false));
    }
}

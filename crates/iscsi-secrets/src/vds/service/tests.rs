//! Tests of the service: its rules and its test list, by number.

use iscsi_pdu::IscsiName;

use super::*;
use crate::vds::{HResult, object_id};
use crate::{
    Capabilities, Entry, ForwardCredential, MemoryStore, ReverseCredential, ReverseLookup, Secret,
    StoreError, StoreSnapshot,
};

mod object_ids;
mod rules;
mod test_list;

const SHORT: &[u8] = b"twelve-bytes";
const LONG: &[u8] = b"\0\xff and 16 bytes";
const DEFAULT: &[u8] = b"default-secret";
const GUID_NULL: Uuid = Uuid::nil();
const INITIATOR: &str = "iqn.2001-04.com.example:initiator";

fn target(name: &str) -> IscsiName {
    IscsiName::new(format!("iqn.2001-04.com.example:{name}")).unwrap()
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A store that can be read, but fails with this error at every change.
struct Failing(Arc<MemoryStore>, StoreError);

impl SecretStore for Failing {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        self.0.snapshot()
    }

    fn apply_all(&self, _: Vec<Change>) -> Result<(), StoreError> {
        Err(self.1.clone())
    }
}

/// A service over a store, with one known target.
struct Fixture {
    service: VdsServiceIscsi,
    store: Arc<MemoryStore>,
}

impl Fixture {
    /// A service over this store; `serve` creates it.
    fn to(store: MemoryStore, serve: impl FnOnce(Arc<MemoryStore>) -> VdsServiceIscsi) -> Self {
        let store = Arc::new(store);
        let service = serve(Arc::clone(&store));
        service.add_targets([target("a")]);
        Self { service, store }
    }

    fn per_target() -> Self {
        Self::to(MemoryStore::new(), |store| VdsServiceIscsi::new(store, INITIATOR))
    }

    fn global_only() -> Self {
        Self::to(MemoryStore::global_only(), |store| VdsServiceIscsi::new(store, INITIATOR))
    }

    /// A service over a store that fails with this error.
    fn failing(error: StoreError) -> Self {
        Self::to(MemoryStore::new(), |store| VdsServiceIscsi::new(Arc::new(Failing(store, error)), INITIATOR))
    }

    fn set(&self, secret: Option<&SharedSecret<'_>>, target_id: Uuid) -> u32 {
        HResult::of(&self.service.set_initiator_shared_secret(secret, target_id)).bits()
    }

    fn set_bytes(&self, bytes: &[u8], target_id: Uuid) -> u32 {
        self.set(Some(&SharedSecret::of(bytes)), target_id)
    }

    fn remember(&self, target_id: Uuid, secret: Option<&SharedSecret<'_>>) -> u32 {
        HResult::of(&self.service.remember_target_shared_secret(target_id, secret)).bits()
    }

    /// The secret of the target, as text.
    fn reverse(&self, name: &str) -> String {
        match self.store.reverse(&target(name)).unwrap() {
            ReverseLookup::Known(known) => text(known.secret().expose_secret()),
            ReverseLookup::Cleared => "cleared".to_owned(),
            ReverseLookup::Unknown => "unknown".to_owned(),
        }
    }

    /// The content of the store, to check that nothing changed.
    fn state(&self) -> (Vec<Entry>, String, String) {
        (self.store.entries().unwrap(), self.reverse("a"), self.reverse("b"))
    }
}

//! An import into a store that holds something already.

use super::*;
use crate::ReverseCredential;

/// A store with another secret for the disk than [`FORWARD`], and with one that was cleared.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let secret = || Secret::from_bytes(b"stored-secret").unwrap();
    store.renew_forward_secret(target(DISK), secret()).unwrap();
    store.set_reverse(target(DISK), ReverseCredential::new(None, secret()).unwrap()).unwrap();
    store.clear_reverse(target(DISK)).unwrap();
    store
}

/// Fate of the forward and the reverse credential of the disk.
fn carry_out(place: &Place, store: &MemoryStore, existing: ConflictPolicy) -> [Option<ImportOutcome>; 2] {
    let plan = Plan::of(place.read().changes, &store.snapshot().unwrap(), existing).unwrap();
    store.apply_all(plan.changes).unwrap();
    let scope_import = &plan.scopes[&target(DISK)];
    [&scope_import.forward, &scope_import.reverse]
        .map(|credential| credential.as_ref().map(|credential| credential.outcome))
}

#[test]
fn what_a_store_has_stays_unless_it_is_to_be_replaced() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &[&FORWARD[..], &REVERSE].concat());
    let held = |store: &MemoryStore| Held(store.snapshot().unwrap()).of_target(DISK);
    let both = |outcome| [Some(outcome); 2];

    let empty = MemoryStore::new();
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Keep), both(ImportOutcome::Imported));
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Keep), both(ImportOutcome::Unchanged));
    assert_eq!(carry_out(&place, &empty, ConflictPolicy::Replace), both(ImportOutcome::Unchanged));

    let store = store();
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), both(ImportOutcome::Kept));
    assert_eq!(held(&store), "-:stored-secret -");
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Replace), both(ImportOutcome::Replaced));
    assert_eq!(held(&store), held(&empty));
}

#[test]
fn another_name_makes_another_credential_and_what_is_there_already_is_no_change() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &FORWARD);
    let store = MemoryStore::new();
    carry_out(&place, &store, ConflictPolicy::Keep);
    let plan = Plan::of(place.read().changes, &store.snapshot().unwrap(), ConflictPolicy::Keep).unwrap();
    assert!(plan.changes.is_empty());
    place.node(DISK, "192.0.2.7,3260,1", &["node.session.auth.username = another\n", FORWARD[1]]);
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), [Some(ImportOutcome::Kept), None]);
}

#[test]
fn the_secret_for_every_target_is_not_that_of_one() {
    let place = Place::new();
    place.node(DISK, "192.0.2.7,3260,1", &FORWARD);
    let store = MemoryStore::new();
    let secret = Secret::from_bytes(b"stored-secret").unwrap();
    store.renew_forward_secret(Scope::Global, secret).unwrap();
    assert_eq!(carry_out(&place, &store, ConflictPolicy::Keep), [Some(ImportOutcome::Imported), None]);
}

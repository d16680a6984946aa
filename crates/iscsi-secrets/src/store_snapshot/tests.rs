//! Tests of the rules of lookup and change.

mod policy;

use super::*;
use crate::change::Change;
use crate::record::ReverseState;
use crate::requirement::Requirement;
use crate::scope::Direction;
use crate::secret::Secret;
use iscsi_pdu::IscsiName;

const TARGET: &str = "iqn.2001-04.com.example:a";

fn name(name: &str) -> IscsiName {
    IscsiName::new(name).unwrap()
}

fn scope() -> Scope {
    Scope::Target(name(TARGET))
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::from_bytes(bytes).unwrap()
}

fn reverse(chap_name: Option<&str>, bytes: &[u8]) -> ReverseCredential {
    ReverseCredential::new(chap_name.map(str::to_owned), secret(bytes)).unwrap()
}

/// The secret of the target, as text: its bytes, "cleared" or "unknown".
fn lookup(snapshot: &StoreSnapshot, target: &str) -> String {
    match snapshot.reverse(&name(target)).unwrap() {
        ReverseLookup::Known(known) => known.secret().expose_secret().escape_ascii().to_string(),
        ReverseLookup::Cleared => "cleared".to_owned(),
        ReverseLookup::Unknown => "unknown".to_owned(),
    }
}

fn snapshot(changes: impl IntoIterator<Item = Change>) -> StoreSnapshot {
    let mut snapshot = StoreSnapshot::new();
    for change in changes {
        snapshot.apply(change).unwrap();
    }
    snapshot
}

/// A record of one direction does not hide the default of the other one, for targets and for portals.
#[test]
fn each_direction_falls_back_to_its_own_default() {
    let portal: iscsi_pdu::Portal = "192.0.2.1".parse().unwrap();
    let forward = |bytes| ForwardCredential::new(None, secret(bytes)).unwrap();
    let forward_alone = |own: Scope, defaults: Scope| {
        snapshot([
            Change::SetForward(own, forward(b"own-forward-secret")),
            Change::SetForward(defaults.clone(), forward(b"default-forward")),
            Change::SetReverse(defaults, reverse(None, b"default-reverse")),
        ])
    };
    let reverse_alone = |own: Scope, defaults: Scope| {
        snapshot([
            Change::SetReverse(own, reverse(None, b"own-reverse-secret")),
            Change::SetForward(defaults.clone(), forward(b"default-forward")),
            Change::SetReverse(defaults, reverse(None, b"default-reverse")),
        ])
    };
    let bytes = |forward: Option<Arc<ForwardCredential>>, reverse: ReverseLookup| {
        let ReverseLookup::Known(reverse) = reverse else { panic!("no reverse secret") };
        (forward.unwrap().secret().expose_secret().to_vec(), reverse.secret().expose_secret().to_vec())
    };
    let of_target = |snapshot: StoreSnapshot| {
        bytes(snapshot.forward(&name(TARGET)).unwrap(), snapshot.reverse(&name(TARGET)).unwrap())
    };
    let of_portal = |snapshot: StoreSnapshot| {
        bytes(snapshot.discovery_forward(&portal).unwrap(), snapshot.discovery_reverse(&portal).unwrap())
    };
    let own_forward = (b"own-forward-secret".to_vec(), b"default-reverse".to_vec());
    let own_reverse = (b"default-forward".to_vec(), b"own-reverse-secret".to_vec());
    assert_eq!(of_target(forward_alone(scope(), Scope::Global)), own_forward);
    assert_eq!(of_target(reverse_alone(scope(), Scope::Global)), own_reverse);
    assert_eq!(of_portal(forward_alone(Scope::Portal(portal.clone()), Scope::Discovery)), own_forward);
    assert_eq!(of_portal(reverse_alone(Scope::Portal(portal.clone()), Scope::Discovery)), own_reverse);
}

#[test]
fn lookup_takes_the_own_secret_then_the_global_one_and_stops_at_a_cleared_one() {
    let mut snapshot = snapshot([]);
    assert_eq!(lookup(&snapshot, TARGET), "unknown");
    snapshot.apply(Change::SetReverse(Scope::Global, reverse(None, b"default-secret"))).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "default-secret");
    snapshot.apply(Change::SetReverse(scope(), reverse(None, b"target-secret"))).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "target-secret");
    snapshot.apply(Change::ClearReverse(scope())).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "cleared");
    assert_eq!(lookup(&snapshot, "iqn.2001-04.com.example:b"), "default-secret");
    snapshot.apply(Change::InheritReverse(scope())).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "default-secret");
    snapshot.apply(Change::ClearReverse(Scope::Global)).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "unknown");
    assert!(!snapshot.knows(&name(TARGET)), "a record without content is gone");
}

#[test]
fn clearing_what_was_never_bound_binds_nothing() {
    let snapshot = snapshot([
        Change::ClearReverse(scope()),
        Change::SetReverse(Scope::Global, reverse(None, b"default-secret")),
    ]);
    assert_eq!(lookup(&snapshot, TARGET), "default-secret");
    assert!(!snapshot.knows(&name(TARGET)));
}

#[test]
fn a_cleared_association_is_bound_again_by_a_later_set_and_keeps_its_name() {
    let mut snapshot = snapshot([
        Change::SetReverse(scope(), reverse(Some("their-name"), b"target-secret")),
        Change::ClearReverse(scope()),
    ]);
    assert_eq!(snapshot.entries()[0].reverse, ReverseState::Cleared);
    snapshot.apply(Change::RenewReverseSecret(scope(), secret(b"other-secret"))).unwrap();
    assert_eq!(lookup(&snapshot, TARGET), "other-secret");
    assert_eq!(snapshot.reverse(&name(TARGET)).unwrap().known().unwrap().name(), Some("their-name"));
}

#[test]
fn renewing_keeps_the_chap_name_of_every_kind_of_credential() {
    let forward = ForwardCredential::new(Some("me".to_owned()), secret(b"first-secret")).unwrap();
    let snapshot = snapshot([
        Change::SetForward(scope(), forward),
        Change::RenewForwardSecret(scope(), secret(b"second-secret")),
        Change::SetReverse(Scope::Global, reverse(Some("them"), b"first-secret")),
        Change::RenewReverseSecret(Scope::Global, secret(b"second-secret")),
    ]);
    let forward = snapshot.forward(&name(TARGET)).unwrap().unwrap();
    let reverse = snapshot.reverse(&name(TARGET)).unwrap();
    assert_eq!((forward.name(), reverse.known().unwrap().name()), (Some("me"), Some("them")));
    assert_eq!(forward.secret().expose_secret(), b"second-secret");
    assert_eq!(lookup(&snapshot, TARGET), "second-secret");
}

#[test]
fn forgetting_leaves_the_reverse_secret_in_force() {
    let forward = ForwardCredential::new(None, secret(b"forward-secret")).unwrap();
    let snapshot = snapshot([
        Change::SetForward(scope(), forward),
        Change::SetReverse(scope(), reverse(None, b"target-secret")),
        Change::ClearForward(scope()),
    ]);
    assert!(snapshot.knows(&name(TARGET)) && snapshot.forward(&name(TARGET)).unwrap().is_none());
    assert_eq!(lookup(&snapshot, TARGET), "target-secret");
}

#[test]
fn vds_22_a_listing_has_names_and_flags_and_no_secret() {
    let forward = ForwardCredential::new(Some("me".to_owned()), secret(b"canary-forward")).unwrap();
    let snapshot = snapshot([
        Change::Require(name("iqn.2001-04.com.example:b").into(), Some(Requirement::Mutual)),
        Change::SetForward(scope(), forward),
        Change::SetReverse(scope(), reverse(Some("them"), b"canary-reverse")),
        Change::SetReverse(Scope::Global, reverse(None, b"canary-global")),
    ]);
    let entries = snapshot.entries();
    let scopes: Vec<String> = entries.iter().map(|entry| entry.scope.to_string()).collect();
    assert_eq!(scopes[1..], [TARGET, "iqn.2001-04.com.example:b"]);
    assert_eq!(entries[1].forward_name.as_deref(), Some("me"));
    assert_eq!(entries[1].reverse_name.as_deref(), Some("them"));
    assert_eq!(entries[2].reverse, ReverseState::Unbound);
    assert_eq!((entries[1].requirement, entries[2].requirement), (None, Some(Requirement::Mutual)));
    assert!(!format!("{entries:?}").contains("canary"));
}

#[test]
fn a_replaced_secret_lives_only_as_long_as_somebody_uses_it() {
    let mut snapshot = snapshot([Change::SetReverse(scope(), reverse(None, b"target-secret"))]);
    let ReverseLookup::Known(in_use) = snapshot.reverse(&name(TARGET)).unwrap() else { panic!("not known") };
    snapshot.apply(Change::SetReverse(scope(), reverse(None, b"other-secret"))).unwrap();
    assert_eq!(in_use.secret().expose_secret(), b"target-secret");
    assert_eq!(Arc::strong_count(&in_use), 1);
}

#[test]
fn what_counts_for_all_is_nobodys_own() {
    let secret = || Secret::from_bytes(b"abcdefghijkl").unwrap();
    let target = Scope::Target(IscsiName::new("iqn.2001-04.com.example:a").unwrap());
    let mut snapshot = StoreSnapshot::new();
    let forward = ForwardCredential::new(None, secret()).unwrap();
    snapshot.apply(Change::SetForward(Scope::Global, forward)).unwrap();
    let reverse = ReverseCredential::new(None, secret()).unwrap();
    snapshot.apply(Change::SetReverse(Scope::Discovery, reverse)).unwrap();
    assert!(snapshot.own_forward(&Scope::Global).unwrap().is_some());
    assert!(snapshot.own_forward(&target).unwrap().is_none());
    assert!(snapshot.own_forward(&Scope::Discovery).unwrap().is_none());
    assert!(matches!(snapshot.own_reverse(&Scope::Discovery), Ok(ReverseLookup::Known(_))));
    assert!(matches!(snapshot.own_reverse(&target), Ok(ReverseLookup::Unknown)));
}

fn target(index: usize) -> Scope {
    Scope::Target(name(&format!("iqn.2001-04.com.example:{index}")))
}

fn forward(bytes: &[u8]) -> ForwardCredential {
    ForwardCredential::new(None, secret(bytes)).unwrap()
}

#[test]
fn chp_33_a_secret_is_found_where_it_is_used_in_the_other_direction() {
    let snapshot = snapshot([
        Change::SetForward(target(1), forward(b"used-both-ways")),
        Change::SetReverse(target(2), reverse(None, b"used-both-ways")),
        Change::SetReverse(Scope::Discovery, reverse(None, b"used-both-ways")),
        Change::SetReverse(target(3), reverse(None, b"another-secret")),
    ]);
    let uses = |bytes, direction| snapshot.opposite_uses(&secret(bytes), direction).unwrap();
    let expected = [target(2), Scope::Discovery].map(SecretUse::reverse);
    assert_eq!(uses(b"used-both-ways", Direction::Forward), expected);
    assert_eq!(uses(b"used-both-ways", Direction::Reverse), [SecretUse::forward(target(1))]);
    assert_eq!(uses(b"another-secret", Direction::Forward), [SecretUse::reverse(target(3))]);
    assert_eq!(uses(b"another-secret", Direction::Reverse), []);
    assert_eq!(uses(b"never-stored-1", Direction::Forward), []);
}

#[test]
fn chp_33_what_is_found_follows_every_change() {
    let mut snapshot = snapshot([Change::SetForward(target(1), forward(b"used-both-ways"))]);
    let uses = |snapshot: &StoreSnapshot| {
        snapshot.opposite_uses(&secret(b"used-both-ways"), Direction::Forward).unwrap().len()
    };
    assert_eq!(uses(&snapshot), 0);
    snapshot.apply(Change::SetReverse(target(2), reverse(None, b"used-both-ways"))).unwrap();
    assert_eq!(uses(&snapshot), 1);
    let earlier = snapshot.clone();
    snapshot.apply(Change::ClearReverse(target(2))).unwrap();
    assert_eq!((uses(&snapshot), uses(&earlier)), (0, 1));
}

#[test]
fn a_book_without_secrets_has_none_in_use() {
    assert_eq!(
        StoreSnapshot::new().opposite_uses(&secret(b"given-secret"), Direction::Forward),
        Ok(Vec::new())
    );
}

//! Tests of the authentication policy.

use super::*;
use crate::requirement::Policy;
use iscsi_pdu::Portal;

fn require(scope: Scope, requirement: Requirement) -> Change {
    Change::Require(scope, Some(requirement))
}

/// The requirement for the target, and the scope that it is set for.
fn required(snapshot: &StoreSnapshot) -> Option<(Requirement, Scope)> {
    let Policy { requirement, set_for } = snapshot.requirement(&name(TARGET))?;
    Some((requirement, set_for))
}

#[test]
fn what_is_set_for_a_target_counts_before_what_is_set_for_all() {
    let mut snapshot = snapshot([]);
    assert_eq!(required(&snapshot), None);
    snapshot.apply(require(Scope::Global, Requirement::Chap)).unwrap();
    assert_eq!(required(&snapshot), Some((Requirement::Chap, Scope::Global)));
    snapshot.apply(require(scope(), Requirement::Mutual)).unwrap();
    assert_eq!(required(&snapshot), Some((Requirement::Mutual, scope())));
    assert_eq!(
        snapshot.requirement(&name("iqn.2001-04.com.example:b")).unwrap().requirement,
        Requirement::Chap
    );
    // An exemption is explicit, and applies although the default is stricter.
    snapshot.apply(require(scope(), Requirement::None)).unwrap();
    assert_eq!(required(&snapshot), Some((Requirement::None, scope())));
    snapshot.apply(Change::Require(scope(), None)).unwrap();
    assert_eq!(required(&snapshot), Some((Requirement::Chap, Scope::Global)));
    assert!(!snapshot.knows(&name(TARGET)));
}

#[test]
fn what_is_set_for_targets_counts_in_no_discovery_and_the_other_way_round() {
    let portal = "192.0.2.7:3260".parse::<Portal>().unwrap();
    let mut snapshot = snapshot([require(Scope::Global, Requirement::Mutual)]);
    assert_eq!(snapshot.discovery_requirement(&portal), None);
    snapshot.apply(require(Scope::Discovery, Requirement::Chap)).unwrap();
    assert_eq!(snapshot.discovery_requirement(&portal).unwrap().set_for, Scope::Discovery);
    snapshot.apply(require(Scope::Portal(portal.clone()), Requirement::None)).unwrap();
    assert_eq!(snapshot.discovery_requirement(&portal).unwrap().requirement, Requirement::None);
    assert_eq!(required(&snapshot), Some((Requirement::Mutual, Scope::Global)));
}

/// Every change of secrets, for one target and for the default.
#[test]
fn no_change_of_a_secret_lowers_a_requirement() {
    let changes = |scope: Scope| {
        [
            Change::ClearForward(scope.clone()),
            Change::ClearReverse(scope.clone()),
            Change::InheritReverse(scope.clone()),
            Change::RenewReverseSecret(scope.clone(), secret(b"other-secret")),
            Change::Remove(scope),
        ]
    };
    for scope in [Scope::Global, scope()] {
        for change in changes(scope.clone()) {
            let mut snapshot = snapshot([
                require(scope.clone(), Requirement::Mutual),
                Change::RenewForwardSecret(scope.clone(), secret(b"first-secret")),
                Change::SetReverse(scope.clone(), reverse(None, b"second-secret")),
            ]);
            snapshot.apply(change).unwrap();
            assert_eq!(required(&snapshot), Some((Requirement::Mutual, scope.clone())));
        }
    }
}

#[test]
fn removing_a_target_takes_its_record_with_it_unless_that_would_lower_what_is_required() {
    use Requirement::{Chap, Mutual, None};
    let held = |own, others| {
        let mut snapshot = snapshot([
            Change::SetReverse(scope(), reverse(Some("them"), b"target-secret")),
            Change::RenewForwardSecret(scope(), secret(b"other-secret")),
            require(scope(), own),
            require(Scope::Global, others),
        ]);
        snapshot.apply(Change::Remove(scope())).unwrap();
        assert!(snapshot.own_forward(&scope()).unwrap().is_none());
        assert!(matches!(snapshot.own_reverse(&scope()), Ok(ReverseLookup::Unknown)));
        (snapshot.knows(&name(TARGET)), required(&snapshot).unwrap().0)
    };
    assert_eq!(held(Mutual, Chap), (true, Mutual));
    assert_eq!(held(Chap, None), (true, Chap));
    assert_eq!(held(Mutual, Mutual), (false, Mutual));
    // With the exemption gone, more is required than before.
    assert_eq!(held(None, Chap), (false, Chap));
    assert_eq!(held(None, None), (false, None));
}

//! Tests of target ids: derived from names, and assigned by callers.

use super::*;

fn assign(fixture: &Fixture, name: &str, id: Uuid) -> u32 {
    HResult::of(&fixture.service.assign_target_id(target(name), id)).bits()
}

#[test]
fn an_id_that_was_given_counts_beside_the_derived_one() {
    let fixture = Fixture::per_target();
    let given = Uuid::from_u128(0x1234);
    assert_eq!(fixture.set_bytes(SHORT, given), 0x8004_2405);
    assert_eq!(assign(&fixture, "a", given), 0);
    assert_eq!(fixture.set_bytes(SHORT, given), 0);
    assert_eq!(fixture.reverse("a"), text(SHORT));
    assert_eq!(fixture.set_bytes(LONG, object_id(&target("a"))), 0);
    assert_eq!(fixture.reverse("a"), text(LONG));
    assert_eq!(fixture.remember(given, Some(&SharedSecret::of(SHORT))), 0);
    // Once more for the same target, and another one in its place.
    assert_eq!(assign(&fixture, "a", given), 0);
    assert_eq!(assign(&fixture, "a", Uuid::from_u128(0x5678)), 0);
    assert_eq!(fixture.set_bytes(SHORT, given), 0x8004_2405);
}

#[test]
fn an_id_that_was_given_dies_with_the_process() {
    let fixture = Fixture::per_target();
    let given = Uuid::from_u128(0x1234);
    assert_eq!(assign(&fixture, "a", given), 0);
    assert_eq!(fixture.set_bytes(LONG, given), 0);
    let restarted = VdsServiceIscsi::new(fixture.store, INITIATOR);
    let set =
        |id| HResult::of(&restarted.set_initiator_shared_secret(Some(&SharedSecret::of(SHORT)), id)).bits();
    assert_eq!((set(given), set(object_id(&target("a")))), (0x8004_2405, 0));
}

#[test]
fn the_null_id_and_one_id_for_two_names_are_refused() {
    let fixture = Fixture::per_target();
    fixture.service.add_targets([target("b")]);
    let given = Uuid::from_u128(0x1234);
    assert_eq!(assign(&fixture, "a", GUID_NULL), 0x8007_0057);
    assert_eq!(assign(&fixture, "a", given), 0);
    assert_eq!(assign(&fixture, "b", given), 0x8007_0057);
    assert_eq!(assign(&fixture, "b", object_id(&target("a"))), 0x8007_0057);
    assert_eq!(assign(&fixture, "b", object_id(&target("b"))), 0);
    assert_eq!(assign(&fixture, "never-seen", Uuid::from_u128(0x5678)), 0x8004_2405);
}

#[test]
fn spellings_of_one_name_are_one_target_with_one_id() {
    let fixture = Fixture::per_target();
    fixture.service.add_targets([target("A")]);
    assert_eq!(object_id(&target("a")), object_id(&target("A")));
    assert_eq!(fixture.set_bytes(SHORT, object_id(&target("A"))), 0);
    assert_eq!(fixture.store.entries().unwrap().len(), 1);
    for spelling in ["a", "A"] {
        let found = fixture.store.reverse(&target(spelling)).unwrap();
        assert_eq!(found.known().unwrap().secret().expose_secret(), SHORT);
    }
    assert_eq!(assign(&fixture, "A", Uuid::from_u128(0x1234)), 0);
    assert_eq!(fixture.set_bytes(LONG, Uuid::from_u128(0x1234)), 0);
}

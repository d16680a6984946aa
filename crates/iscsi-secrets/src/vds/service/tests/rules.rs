//! Rules R1 to R16, in one table.

use super::*;
use std::thread::sleep;
use std::time::Duration;

/// Before each row the global secret is "default-secret", and target a is known without a secret of its own.
#[test]
fn rules_r1_to_r16() {
    type Open = fn() -> Fixture;
    let (both, global): (Open, Open) = (Fixture::per_target, Fixture::global_only);
    let (not_started, starting): (Open, Open) = (not_started, starting);
    let (no_memory, no_right): (Open, Open) = (no_memory, no_right);
    let (a, unknown) = (object_id(&target("a")), object_id(&target("never-seen")));
    let stated = |bytes, size| Some(SharedSecret { bytes, size });
    let good = Some(SharedSecret::of(SHORT));
    let clear = Some(SharedSecret::CLEAR);
    let (eleven, seventeen) = (&[b'x'; 11][..], &[b'x'; 17][..]);
    // rule, service, structure, target id, result, the secrets of a and b afterwards (none: the store is unchanged)
    let rules = [
        ("R1", both, good, GUID_NULL, 0, Some((SHORT, SHORT))),
        ("R1", global, good, GUID_NULL, 0, Some((SHORT, SHORT))),
        ("R2", both, good, a, 0, Some((SHORT, DEFAULT))),
        ("R3", global, good, a, 0x8004_2706, None),
        ("R3", global, clear, a, 0x8004_2706, None),
        ("R3 before R12", global, good, unknown, 0x8004_2706, None),
        ("R3 before R8", global, stated(None, 5), a, 0x8004_2706, None),
        ("R3 before R11", global, Some(SharedSecret::of(seventeen)), a, 0x8004_2706, None),
        ("R3 without structure", global, None, a, 0x8004_2706, None),
        ("R4", both, clear, GUID_NULL, 0, Some((b"unknown", b"unknown"))),
        ("R5 without association", both, clear, a, 0, Some((DEFAULT, DEFAULT))),
        ("R6 without association", both, None, a, 0, Some((DEFAULT, DEFAULT))),
        ("R7", both, None, GUID_NULL, 0x8007_0057, None),
        ("R7", global, None, GUID_NULL, 0x8007_0057, None),
        ("R8", both, stated(None, 12), GUID_NULL, 0x8007_0057, None),
        ("R8", both, stated(None, 5), a, 0x8007_0057, None),
        ("R8 before R12", both, stated(None, 5), unknown, 0x8007_0057, None),
        ("R9", both, stated(Some(SHORT), 0), GUID_NULL, 0x8007_0057, None),
        ("R9", both, stated(Some(b""), 0), a, 0x8007_0057, None),
        ("R10", both, Some(SharedSecret::of(eleven)), GUID_NULL, 0x8007_0057, None),
        ("R10 before R12", both, Some(SharedSecret::of(eleven)), unknown, 0x8007_0057, None),
        ("R11", both, Some(SharedSecret::of(seventeen)), a, 0x8007_0057, None),
        ("size disagrees", both, stated(Some(SHORT), 13), GUID_NULL, 0x8007_0057, None),
        ("size disagrees", both, stated(Some(seventeen), 16), a, 0x8007_0057, None),
        ("R12", both, good, unknown, 0x8004_2405, None),
        ("R12 clearing", both, clear, unknown, 0x8004_2405, None),
        ("R12 dissolving", both, None, unknown, 0x8004_2405, None),
        ("R13", not_started, good, GUID_NULL, 0x8004_2401, None),
        ("R13 before R3", not_started, None, a, 0x8004_2401, None),
        ("R13 before R7", not_started, None, GUID_NULL, 0x8004_2401, None),
        ("R14, then R1", starting, good, GUID_NULL, 0, Some((SHORT, SHORT))),
        ("R14, then R7", starting, None, GUID_NULL, 0x8007_0057, None),
        ("R15", no_memory, good, GUID_NULL, 0x8007_000E, None),
        ("R15", no_memory, clear, a, 0x8007_000E, None),
        ("R16", no_right, good, a, 0x8007_0005, None),
        ("R9 before R16", no_right, stated(Some(SHORT), 0), a, 0x8007_0057, None),
    ];
    for (rule, open, secret, target_id, result, after) in rules {
        let fixture = open();
        fixture.store.renew_reverse_secret(Scope::Global, Secret::from_bytes(DEFAULT).unwrap()).unwrap();
        let before = fixture.state();
        assert_eq!(fixture.set(secret.as_ref(), target_id), result, "{rule}");
        match after {
            None => assert_eq!(fixture.state(), before, "{rule}"),
            Some((a, b)) => {
                assert_eq!((fixture.reverse("a"), fixture.reverse("b")), (text(a), text(b)), "{rule}");
            }
        }
    }
}

fn not_started() -> Fixture {
    Fixture::to(MemoryStore::new(), |_| VdsServiceIscsi::start(|| Err(StoreError::ReadOnly), INITIATOR))
}

fn starting() -> Fixture {
    Fixture::to(MemoryStore::new(), |store| {
        let open = move || {
            sleep(Duration::from_millis(30));
            Ok(store as Arc<dyn SecretStore>)
        };
        VdsServiceIscsi::start(open, INITIATOR)
    })
}

fn no_memory() -> Fixture {
    Fixture::failing(StoreError::OutOfMemory)
}

fn no_right() -> Fixture {
    Fixture::failing(StoreError::Backend { code: 5 })
}

#[test]
fn rules_r5_and_r6_clearing_and_dissolving_differ() {
    let fixture = Fixture::per_target();
    let a = object_id(&target("a"));
    fixture.set_bytes(DEFAULT, GUID_NULL);
    fixture.set_bytes(SHORT, a);
    assert_eq!(fixture.set(Some(&SharedSecret::CLEAR), a), 0);
    assert_eq!(fixture.reverse("a"), "cleared");
    assert_eq!(fixture.set(None, a), 0);
    assert_eq!(fixture.reverse("a"), "default-secret");
}

#[test]
fn remembering_takes_the_shapes_of_r8_to_r12_with_every_kind_of_store() {
    for fixture in [Fixture::per_target(), Fixture::global_only()] {
        let a = object_id(&target("a"));
        let shapes = [
            None,
            Some(SharedSecret { bytes: None, size: 5 }),
            Some(SharedSecret { bytes: Some(SHORT), size: 0 }),
            Some(SharedSecret::of(&[b'x'; 11])),
            Some(SharedSecret::of(&[b'x'; 17])),
            Some(SharedSecret { bytes: Some(SHORT), size: 13 }),
        ];
        for secret in shapes {
            assert_eq!(fixture.remember(a, secret.as_ref()), 0x8007_0057);
        }
        let unknown = object_id(&target("never-seen"));
        assert_eq!(fixture.remember(unknown, Some(&SharedSecret::of(SHORT))), 0x8004_2405);
        assert!(fixture.store.forward(&target("a")).unwrap().is_none());

        assert_eq!(fixture.remember(a, Some(&SharedSecret::of(LONG))), 0);
        let credential = fixture.store.forward(&target("a")).unwrap().unwrap();
        assert_eq!((credential.name(), credential.secret().expose_secret()), (None, LONG));
        assert_eq!(fixture.remember(a, Some(&SharedSecret::CLEAR)), 0);
        assert!(
            fixture.store.forward(&target("a")).unwrap().is_none()
                && !fixture.store.knows(&target("a")).unwrap()
        );
        // The record is gone with its last secret; the process still knows the target.
        assert_eq!(fixture.remember(a, Some(&SharedSecret::of(LONG))), 0);
    }
}

#[test]
fn the_service_changes_bytes_and_leaves_chap_names() {
    let fixture = Fixture::per_target();
    let secret = || Secret::from_bytes(DEFAULT).unwrap();
    let reverse = ReverseCredential::new(Some("them".to_owned()), secret()).unwrap();
    fixture.store.set_reverse(Scope::Target(target("a")), reverse).unwrap();
    let forward = ForwardCredential::new(Some("me".to_owned()), secret()).unwrap();
    fixture.store.set_forward(target("a").into(), forward).unwrap();
    fixture.set_bytes(SHORT, object_id(&target("a")));
    fixture.remember(object_id(&target("a")), Some(&SharedSecret::of(LONG)));
    assert_eq!(fixture.store.reverse(&target("a")).unwrap().known().unwrap().name(), Some("them"));
    assert_eq!(fixture.store.forward(&target("a")).unwrap().unwrap().name(), Some("me"));
    assert_eq!(fixture.reverse("a"), text(SHORT));
}

//! The rules of the door and its test list, by number.

use super::*;
use crate::Secret;
use crate::vds::HResult;
use crate::{
    Capabilities, Entry, ForwardCredential, MemoryStore, ReverseCredential, ReverseLookup, SecretBook,
    StoreError,
};

const SHORT: &[u8] = b"twelve-bytes";
const LONG: &[u8] = b"\0\xff and 16 bytes";
const DEFAULT: &[u8] = b"default-secret";
const GUID_NULL: Uuid = Uuid::nil();

fn target(name: &str) -> TargetName {
    TargetName::new(format!("iqn.2001-04.com.example:{name}")).unwrap()
}

/// A door, the store behind it, and one known target.
struct Door {
    service: VdsServiceIscsi,
    store: Arc<MemoryStore>,
}

impl Door {
    fn to(store: MemoryStore) -> Self {
        let store = Arc::new(store);
        store.register(target("a")).unwrap();
        let service = VdsServiceIscsi::new(store.clone(), "iqn.2001-04.com.example:initiator");
        Self { service, store }
    }

    fn per_target() -> Self {
        Self::to(MemoryStore::new())
    }

    fn global_only() -> Self {
        Self::to(MemoryStore::global_only())
    }

    fn set(&self, secret: Option<&SharedSecret<'_>>, target_id: Uuid) -> u32 {
        HResult::of(&self.service.set_initiator_shared_secret(secret, target_id)).bits()
    }

    fn set_octets(&self, octets: &[u8], target_id: Uuid) -> u32 {
        self.set(Some(&SharedSecret::of(octets)), target_id)
    }

    fn remember(&self, target_id: Uuid, secret: Option<&SharedSecret<'_>>) -> u32 {
        HResult::of(&self.service.remember_target_shared_secret(target_id, secret)).bits()
    }

    /// What the target must prove, as text.
    fn reverse(&self, name: &str) -> String {
        match self.store.reverse(&target(name)).unwrap() {
            ReverseLookup::Known(known) => known.secret().expose_secret().escape_ascii().to_string(),
            ReverseLookup::Cleared => "cleared".to_owned(),
            ReverseLookup::Unknown => "unknown".to_owned(),
        }
    }

    /// All that the store holds, to see that nothing changed.
    fn state(&self) -> (Vec<Entry>, String, String) {
        (self.store.entries().unwrap(), self.reverse("a"), self.reverse("b"))
    }
}

fn text(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

#[test]
fn rules_r1_to_r12_of_the_door() {
    type Open = fn() -> Door;
    let (both, global): (Open, Open) = (Door::per_target, Door::global_only);
    let (a, unknown) = (target("a").object_id(), target("never-seen").object_id());
    let stated = |octets, size| Some(SharedSecret { octets, size });
    let good = Some(SharedSecret::of(SHORT));
    let clear = Some(SharedSecret::CLEAR);
    let (eleven, seventeen) = (&[b'x'; 11][..], &[b'x'; 17][..]);
    // rule, store, structure, target id, result, what a and b must prove afterwards (both "default-secret" before)
    let rules = [
        ("R1", both, good, GUID_NULL, 0, Some((SHORT, SHORT))),
        ("R1", global, good, GUID_NULL, 0, Some((SHORT, SHORT))),
        ("R2", both, good, a, 0, Some((SHORT, DEFAULT))),
        ("R3", global, good, a, 0x8004_2706, None),
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
    ];
    for (rule, open, secret, target_id, result, after) in rules {
        let door = open();
        door.set_octets(DEFAULT, GUID_NULL);
        let before = door.state();
        assert_eq!(door.set(secret.as_ref(), target_id), result, "{rule}");
        match after {
            None => assert_eq!(door.state(), before, "{rule}"),
            Some((a, b)) => assert_eq!((door.reverse("a"), door.reverse("b")), (text(a), text(b)), "{rule}"),
        }
    }
}

#[test]
fn rules_r5_and_r6_clearing_and_dissolving_differ() {
    let door = Door::per_target();
    let a = target("a").object_id();
    door.set_octets(DEFAULT, GUID_NULL);
    door.set_octets(SHORT, a);
    assert_eq!(door.set(Some(&SharedSecret::CLEAR), a), 0);
    assert_eq!(door.reverse("a"), "cleared");
    assert_eq!(door.set(None, a), 0);
    assert_eq!(door.reverse("a"), "default-secret");
}

#[test]
fn vds_01_and_02_exactly_the_octets_given_are_in_force() {
    for octets in [SHORT, LONG] {
        let door = Door::per_target();
        assert_eq!(door.set_octets(octets, GUID_NULL), 0);
        assert_eq!(door.reverse("a"), text(octets));
    }
}

#[test]
fn vds_03_wrong_lengths_leave_the_earlier_secret() {
    let door = Door::per_target();
    door.set_octets(SHORT, GUID_NULL);
    for octets in [1, 11, 17, 255] {
        assert_eq!(door.set_octets(&vec![b'x'; octets], GUID_NULL), 0x8007_0057, "{octets}");
    }
    let vast = SharedSecret { octets: Some(LONG), size: u32::MAX };
    assert_eq!(door.set(Some(&vast), GUID_NULL), 0x8007_0057);
    assert_eq!(door.reverse("a"), text(SHORT));

    let error = door.service.set_initiator_shared_secret(Some(&vast), GUID_NULL).unwrap_err();
    assert_eq!(error.iscsi_status(), Some(HResult::from_bits(0xEFFF_004C)));
}

#[test]
fn vds_04_and_05_clearing_the_global_secret_twice() {
    let door = Door::per_target();
    door.set_octets(SHORT, GUID_NULL);
    for _ in 0..2 {
        assert_eq!(door.set(Some(&SharedSecret::CLEAR), GUID_NULL), 0);
        assert_eq!(door.reverse("a"), "unknown");
    }
}

#[test]
fn vds_06_and_07_shapes_that_are_none() {
    let door = Door::per_target();
    assert_eq!(door.set(Some(&SharedSecret { octets: None, size: 5 }), GUID_NULL), 0x8007_0057);
    assert_eq!(door.set(Some(&SharedSecret { octets: Some(SHORT), size: 0 }), GUID_NULL), 0x8007_0057);
    assert_eq!(door.set(None, GUID_NULL), 0x8007_0057);
}

#[test]
fn vds_08_09_and_10_the_fallback_dance() {
    let door = Door::global_only();
    let any = Uuid::from_u128(0x1234);
    door.set_octets(DEFAULT, GUID_NULL);
    assert_eq!(door.set_octets(SHORT, any), 0x8004_2706);
    assert_eq!(door.set(None, any), 0x8004_2706);
    assert_eq!(door.reverse("a"), text(DEFAULT));
    assert_eq!(door.set_octets(SHORT, GUID_NULL), 0);
    assert_eq!(door.reverse("a"), text(SHORT));
}

#[test]
fn vds_11_12_and_13_the_global_secret_and_one_of_a_target() {
    let door = Door::per_target();
    let a = target("a").object_id();
    door.set_octets(DEFAULT, GUID_NULL);
    door.set_octets(SHORT, a);
    assert_eq!((door.reverse("a"), door.reverse("b")), (text(SHORT), text(DEFAULT)));
    door.set(Some(&SharedSecret::CLEAR), a);
    assert_eq!(door.reverse("a"), "cleared");
    door.set(None, a);
    assert_eq!(door.reverse("a"), text(DEFAULT));
    door.set_octets(LONG, a);
    door.set(Some(&SharedSecret::CLEAR), GUID_NULL);
    assert_eq!((door.reverse("a"), door.reverse("b")), (text(LONG), "unknown".to_owned()));
}

#[test]
fn vds_14_an_unknown_target_is_not_found() {
    assert_eq!(Door::per_target().set_octets(SHORT, Uuid::from_u128(0x1234)), 0x8004_2405);
}

#[test]
fn vds_17_the_code_of_a_failing_store_comes_through() {
    struct Failing(u32);
    impl SecretStore for Failing {
        fn capabilities(&self) -> Capabilities {
            MemoryStore::new().capabilities()
        }
        fn snapshot(&self) -> Result<Arc<SecretBook>, StoreError> {
            Err(StoreError::Backend { code: self.0 })
        }
        fn apply_all(&self, _: Vec<Change>) -> Result<(), StoreError> {
            Err(StoreError::Backend { code: self.0 })
        }
    }
    for (code, bits) in [(8, 0x8007_0008), (5, 0x8007_0005), (87, 0x8007_0057), (1168, 0x8007_0490)] {
        let service = VdsServiceIscsi::new(Arc::new(Failing(code)), "iqn.2001-04.com.example:initiator");
        for target_id in [GUID_NULL, target("a").object_id()] {
            let result = service.set_initiator_shared_secret(Some(&SharedSecret::of(SHORT)), target_id);
            assert_eq!(HResult::of(&result).bits(), bits);
        }
    }
}

#[test]
fn vds_18_remembering_needs_a_target() {
    let door = Door::per_target();
    assert_eq!(door.remember(GUID_NULL, Some(&SharedSecret::of(SHORT))), 0x8007_0057);
}

#[test]
fn remembering_takes_the_shapes_of_r8_to_r12_with_every_kind_of_store() {
    for door in [Door::per_target(), Door::global_only()] {
        let a = target("a").object_id();
        let shapes = [
            None,
            Some(SharedSecret { octets: None, size: 5 }),
            Some(SharedSecret { octets: Some(SHORT), size: 0 }),
            Some(SharedSecret::of(&[b'x'; 11])),
            Some(SharedSecret::of(&[b'x'; 17])),
            Some(SharedSecret { octets: Some(SHORT), size: 13 }),
        ];
        for secret in shapes {
            assert_eq!(door.remember(a, secret.as_ref()), 0x8007_0057);
        }
        let unknown = target("never-seen").object_id();
        assert_eq!(door.remember(unknown, Some(&SharedSecret::of(SHORT))), 0x8004_2405);
        assert!(door.store.forward(&target("a")).unwrap().is_none());

        assert_eq!(door.remember(a, Some(&SharedSecret::of(LONG))), 0);
        let credential = door.store.forward(&target("a")).unwrap().unwrap();
        assert_eq!((credential.name(), credential.secret().expose_secret()), (None, LONG));
        assert_eq!(door.remember(a, Some(&SharedSecret::CLEAR)), 0);
        assert!(
            door.store.forward(&target("a")).unwrap().is_none() && door.store.knows(&target("a")).unwrap()
        );
    }
}

#[test]
fn the_door_changes_octets_and_leaves_chap_names() {
    let door = Door::per_target();
    let secret = || Secret::from_octets(DEFAULT).unwrap();
    let reverse = ReverseCredential::new(Some("them".to_owned()), secret()).unwrap();
    door.store.set_reverse(Scope::Target(target("a")), reverse).unwrap();
    let forward = ForwardCredential::new(Some("me".to_owned()), secret()).unwrap();
    door.store.remember(target("a").into(), forward).unwrap();
    door.set_octets(SHORT, target("a").object_id());
    door.remember(target("a").object_id(), Some(&SharedSecret::of(LONG)));
    assert_eq!(door.store.reverse(&target("a")).unwrap().known().unwrap().name(), Some("them"));
    assert_eq!(door.store.forward(&target("a")).unwrap().unwrap().name(), Some("me"));
    assert_eq!(door.reverse("a"), text(SHORT));
}

#[test]
fn vds_19_the_store_accepts_one_secret_for_both_directions_and_login_can_tell() {
    let door = Door::per_target();
    let a = target("a").object_id();
    assert_eq!(door.remember(a, Some(&SharedSecret::of(SHORT))), 0);
    assert_eq!(door.set_octets(SHORT, a), 0);
    let book = door.store.snapshot().unwrap();
    let forward = book.forward(&target("a")).unwrap().unwrap();
    let reverse = book.reverse(&target("a")).unwrap();
    assert!(forward.secret().same_octets(reverse.known().unwrap().secret()));
}

#[test]
fn vds_21_a_thousand_changes_are_never_seen_half_done() {
    let door = Door::per_target();
    let (x, y) = ([b'x'; 16], [b'y'; 12]);
    door.set_octets(&x, GUID_NULL);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..1000 {
                door.set_octets(if round % 2 == 0 { &y } else { &x }, GUID_NULL);
            }
        });
        for _ in 0..1000 {
            let seen = door.reverse("a");
            assert!(seen == text(&x) || seen == text(&y), "{seen}");
        }
    });
}

#[test]
fn vds_22_refusals_do_not_repeat_the_secret() {
    let door = Door::per_target();
    let canary = b"canary-that-is-far-too-long";
    let error =
        door.service.set_initiator_shared_secret(Some(&SharedSecret::of(canary)), GUID_NULL).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn vds_24_the_initiator_name_needs_a_place() {
    let door = Door::per_target();
    let mut name = String::new();
    assert_eq!(HResult::of(&door.service.get_initiator_name(None)), HResult::E_POINTER);
    assert_eq!(door.service.get_initiator_name(Some(&mut name)), Ok(()));
    assert_eq!(name, "iqn.2001-04.com.example:initiator");
}

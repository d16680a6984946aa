//! The test list, VDS-01 to VDS-25, as far as it needs no login.

use super::*;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn vds_01_the_global_secret_is_exactly_the_bytes_given() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.set_bytes(SHORT, GUID_NULL), 0);
    assert_eq!(fixture.reverse("a"), text(SHORT));
}

#[test]
fn vds_02_sixteen_bytes_of_any_value() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.set_bytes(LONG, GUID_NULL), 0);
    assert_eq!(fixture.reverse("a"), text(LONG));
}

#[test]
fn vds_03_wrong_lengths_leave_the_earlier_secret() {
    let fixture = Fixture::per_target();
    fixture.set_bytes(SHORT, GUID_NULL);
    for bytes in [1, 11, 17, 255] {
        assert_eq!(fixture.set_bytes(&vec![b'x'; bytes], GUID_NULL), 0x8007_0057, "{bytes}");
    }
    let vast = SharedSecret { bytes: Some(LONG), size: u32::MAX };
    assert_eq!(fixture.set(Some(&vast), GUID_NULL), 0x8007_0057);
    assert_eq!(fixture.reverse("a"), text(SHORT));

    let error = fixture.service.set_initiator_shared_secret(Some(&vast), GUID_NULL).unwrap_err();
    assert_eq!(error.iscsi_status(), Some(HResult::from_bits(0xEFFF_004C)));
}

#[test]
fn vds_04_clearing_the_global_secret() {
    let fixture = Fixture::per_target();
    fixture.set_bytes(SHORT, GUID_NULL);
    assert_eq!(fixture.set(Some(&SharedSecret::CLEAR), GUID_NULL), 0);
    assert_eq!(fixture.reverse("a"), "unknown");
}

#[test]
fn vds_05_clearing_what_is_not_set() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.set(Some(&SharedSecret::CLEAR), GUID_NULL), 0);
    assert_eq!(fixture.reverse("a"), "unknown");
}

#[test]
fn vds_06_a_size_without_bytes_and_bytes_without_a_size() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.set(Some(&SharedSecret { bytes: None, size: 5 }), GUID_NULL), 0x8007_0057);
    assert_eq!(fixture.set(Some(&SharedSecret { bytes: Some(SHORT), size: 0 }), GUID_NULL), 0x8007_0057);
}

#[test]
fn vds_07_no_structure_and_no_target() {
    assert_eq!(Fixture::per_target().set(None, GUID_NULL), 0x8007_0057);
}

/// An arbitrary id, which the Microsoft initiator always refuses.
const ANY: Uuid = Uuid::from_u128(0x1234);

#[test]
fn vds_08_a_secret_for_one_target_where_there_are_none() {
    let fixture = Fixture::global_only();
    fixture.set_bytes(DEFAULT, GUID_NULL);
    assert_eq!(fixture.set_bytes(SHORT, ANY), 0x8004_2706);
    assert_eq!(fixture.reverse("a"), text(DEFAULT));
}

#[test]
fn vds_09_dissolving_for_one_target_where_there_are_none() {
    assert_eq!(Fixture::global_only().set(None, ANY), 0x8004_2706);
}

#[test]
fn vds_10_fallback_to_the_global_secret() {
    for (fixture, first) in [(Fixture::global_only(), 0x8004_2706), (Fixture::per_target(), 0)] {
        let id = object_id(&target("a"));
        let mut result = fixture.set_bytes(SHORT, id);
        assert_eq!(result, first);
        if result == HResult::VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED.bits() {
            result = fixture.set_bytes(SHORT, GUID_NULL);
        }
        assert_eq!((result, fixture.reverse("a")), (0, text(SHORT)));
    }
}

/// The global secret and one of target a.
fn two_secrets() -> (Fixture, Uuid) {
    let (fixture, a) = (Fixture::per_target(), object_id(&target("a")));
    fixture.set_bytes(DEFAULT, GUID_NULL);
    fixture.set_bytes(SHORT, a);
    (fixture, a)
}

#[test]
fn vds_11_the_secret_of_a_target_counts_for_it_and_no_other() {
    let (fixture, _) = two_secrets();
    assert_eq!((fixture.reverse("a"), fixture.reverse("b")), (text(SHORT), text(DEFAULT)));
}

#[test]
fn vds_12_clearing_and_dissolving_differ() {
    let (fixture, a) = two_secrets();
    assert_eq!(fixture.set(Some(&SharedSecret::CLEAR), a), 0);
    assert_eq!(fixture.reverse("a"), "cleared");
    assert_eq!(fixture.set(None, a), 0);
    assert_eq!(fixture.reverse("a"), text(DEFAULT));
}

#[test]
fn vds_13_clearing_the_global_secret_leaves_that_of_a_target() {
    let (fixture, _) = two_secrets();
    fixture.set(Some(&SharedSecret::CLEAR), GUID_NULL);
    assert_eq!((fixture.reverse("a"), fixture.reverse("b")), (text(SHORT), "unknown".to_owned()));
}

#[test]
fn vds_14_an_unknown_target_is_not_found() {
    assert_eq!(Fixture::per_target().set_bytes(SHORT, Uuid::from_u128(0x1234)), 0x8004_2405);
}

#[test]
fn vds_15_a_call_waits_until_the_service_has_started() {
    let (start, started) = mpsc::channel();
    let fixture = Fixture::to(MemoryStore::new(), |store| {
        let open = move || {
            started.recv().unwrap();
            Ok(store as Arc<dyn SecretStore>)
        };
        VdsServiceIscsi::start(open, INITIATOR)
    });
    let (done, outcome) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| done.send(fixture.set_bytes(SHORT, GUID_NULL)).unwrap());
        assert!(outcome.recv_timeout(Duration::from_millis(100)).is_err(), "the call did not wait");
        assert_eq!(fixture.reverse("a"), "unknown");
        start.send(()).unwrap();
        assert_eq!(outcome.recv_timeout(Duration::from_secs(10)), Ok(0));
    });
    assert_eq!(fixture.reverse("a"), text(SHORT));
}

/// Every method of the interface, and the result of each.
fn every_method(service: &VdsServiceIscsi) -> [u32; 7] {
    let secret = SharedSecret::of(SHORT);
    [
        service.get_initiator_name().map(drop),
        service.set_initiator_shared_secret(Some(&secret), GUID_NULL),
        service.remember_target_shared_secret(object_id(&target("a")), Some(&secret)),
        service.assign_target_id(target("a"), Uuid::from_u128(7)),
        service.set_ipsec_group_preshared_key(None),
        service.set_all_ipsec_tunnel_addresses(None, None),
        service.set_all_ipsec_security(GUID_NULL, 0, None),
    ]
    .map(|result| HResult::of(&result).bits())
}

#[test]
fn vds_16_a_service_that_did_not_start_says_so_to_every_call() {
    let service = VdsServiceIscsi::start(|| Err(StoreError::Backend { code: 5 }), INITIATOR);
    assert_eq!(every_method(&service), [0x8004_2401; 7]);
    let error = service.get_initiator_name().unwrap_err();
    assert_eq!(error, VdsError::InitializedFailed { reason: Some(StoreError::Backend { code: 5 }) });
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("Win32 error 5"), "{reason}");
}

#[test]
fn vds_16_also_when_its_start_never_came_to_an_end() {
    let service = VdsServiceIscsi::start(|| panic!("on purpose"), INITIATOR);
    assert_eq!(every_method(&service), [0x8004_2401; 7]);
    let error = service.get_initiator_name().unwrap_err();
    assert_eq!(error, VdsError::InitializedFailed { reason: None });
}

#[test]
fn vds_23_what_is_reserved_for_ipsec_is_not_supported() {
    let fixture = Fixture::per_target();
    let [name, set, remembered, assigned, ipsec @ ..] = every_method(&fixture.service);
    assert_eq!([name, set, remembered, assigned], [0; 4]);
    assert_eq!(ipsec, [0x8004_2400; 3]);
}

#[test]
fn vds_17_the_code_of_a_failing_store_comes_through() {
    for (code, bits) in [(8, 0x8007_0008), (5, 0x8007_0005), (87, 0x8007_0057), (1168, 0x8007_0490)] {
        let fixture = Fixture::failing(StoreError::Backend { code });
        for target_id in [GUID_NULL, object_id(&target("a"))] {
            assert_eq!(fixture.set_bytes(SHORT, target_id), bits);
        }
    }
}

#[test]
fn vds_18_remembering_needs_a_target() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.remember(GUID_NULL, Some(&SharedSecret::of(SHORT))), 0x8007_0057);
}

#[test]
fn vds_19_the_store_accepts_one_secret_for_both_directions_and_login_can_tell() {
    let fixture = Fixture::per_target();
    let a = object_id(&target("a"));
    assert_eq!(fixture.remember(a, Some(&SharedSecret::of(SHORT))), 0);
    assert_eq!(fixture.set_bytes(SHORT, a), 0);
    let snapshot = fixture.store.snapshot().unwrap();
    let forward = snapshot.forward(&target("a")).unwrap().unwrap();
    let reverse = snapshot.reverse(&target("a")).unwrap();
    assert!(forward.secret().same_bytes(reverse.known().unwrap().secret()));
}

#[test]
fn vds_21_a_thousand_changes_are_never_seen_half_done() {
    let fixture = Fixture::per_target();
    let (x, y) = ([b'x'; 16], [b'y'; 12]);
    fixture.set_bytes(&x, GUID_NULL);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..1000 {
                fixture.set_bytes(if round % 2 == 0 { &y } else { &x }, GUID_NULL);
            }
        });
        for _ in 0..1000 {
            let seen = fixture.reverse("a");
            assert!(seen == text(&x) || seen == text(&y), "{seen}");
        }
    });
}

#[test]
fn vds_22_refusals_do_not_repeat_the_secret() {
    let fixture = Fixture::per_target();
    let canary = b"canary-that-is-far-too-long";
    let error =
        fixture.service.set_initiator_shared_secret(Some(&SharedSecret::of(canary)), GUID_NULL).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn vds_24_the_initiator_name_is_returned_without_a_pointer_that_could_be_null() {
    let fixture = Fixture::per_target();
    assert_eq!(fixture.service.get_initiator_name().as_deref(), Ok("iqn.2001-04.com.example:initiator"));
}

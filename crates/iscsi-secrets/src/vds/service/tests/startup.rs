//! A service that starts, one that does not, and those who wait for it.

use super::*;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn vds_15_a_call_waits_until_the_service_has_started() {
    let (start, started) = mpsc::channel();
    let door = Door::to(MemoryStore::new(), |store| {
        let open = move || {
            started.recv().unwrap();
            Ok(store as Arc<dyn SecretStore>)
        };
        VdsServiceIscsi::start(open, INITIATOR)
    });
    let (done, outcome) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| done.send(door.set_bytes(SHORT, GUID_NULL)).unwrap());
        assert!(outcome.recv_timeout(Duration::from_millis(100)).is_err(), "the call did not wait");
        assert_eq!(door.reverse("a"), "unknown");
        start.send(()).unwrap();
        assert_eq!(outcome.recv_timeout(Duration::from_secs(10)), Ok(0));
    });
    assert_eq!(door.reverse("a"), text(SHORT));
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
    let door = Door::per_target();
    let [name, set, remembered, assigned, ipsec @ ..] = every_method(&door.service);
    assert_eq!([name, set, remembered, assigned], [0; 4]);
    assert_eq!(ipsec, [0x8004_2400; 3]);
}

//! What the door takes and what it leaves alone.

use super::*;

#[test]
fn remembering_takes_the_shapes_of_r8_to_r12_with_every_kind_of_store() {
    for door in [Door::per_target(), Door::global_only()] {
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
            assert_eq!(door.remember(a, secret.as_ref()), 0x8007_0057);
        }
        let unknown = object_id(&target("never-seen"));
        assert_eq!(door.remember(unknown, Some(&SharedSecret::of(SHORT))), 0x8004_2405);
        assert!(door.store.forward(&target("a")).unwrap().is_none());

        assert_eq!(door.remember(a, Some(&SharedSecret::of(LONG))), 0);
        let credential = door.store.forward(&target("a")).unwrap().unwrap();
        assert_eq!((credential.name(), credential.secret().expose_secret()), (None, LONG));
        assert_eq!(door.remember(a, Some(&SharedSecret::CLEAR)), 0);
        assert!(
            door.store.forward(&target("a")).unwrap().is_none() && !door.store.knows(&target("a")).unwrap()
        );
        // The record is gone with its last secret; the process still knows the target.
        assert_eq!(door.remember(a, Some(&SharedSecret::of(LONG))), 0);
    }
}

#[test]
fn the_door_changes_bytes_and_leaves_chap_names() {
    let door = Door::per_target();
    let secret = || Secret::from_bytes(DEFAULT).unwrap();
    let reverse = ReverseCredential::new(Some("them".to_owned()), secret()).unwrap();
    door.store.set_reverse(Scope::Target(target("a")), reverse).unwrap();
    let forward = ForwardCredential::new(Some("me".to_owned()), secret()).unwrap();
    door.store.set_forward(target("a").into(), forward).unwrap();
    door.set_bytes(SHORT, object_id(&target("a")));
    door.remember(object_id(&target("a")), Some(&SharedSecret::of(LONG)));
    assert_eq!(door.store.reverse(&target("a")).unwrap().known().unwrap().name(), Some("them"));
    assert_eq!(door.store.forward(&target("a")).unwrap().unwrap().name(), Some("me"));
    assert_eq!(door.reverse("a"), text(SHORT));
}

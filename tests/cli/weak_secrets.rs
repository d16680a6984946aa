//! `iscsi secret check` and `iscsi secret generate --raw`.

use std::fs;

use crate::program::{Place, TARGET, mode};

const OTHER: &str = "iqn.2001-04.com.example:other";

#[test]
fn good_secrets_are_not_objected_to() {
    let place = Place::new();
    place.store_forward(&["--target", TARGET], b"initsecret123");
    place.store_forward(&["--target", OTHER], b"initsecret123");
    place.store_reverse(&["--target", TARGET], b"targsecret456");
    assert!(place.run(&["secret", "check"]).expect(0).stdout.contains("no weak secrets found"));
    assert_eq!(place.run(&["secret", "check", "--output", "json"]).expect(0).stdout, "[]\n");
}

#[test]
fn equal_and_shared_secrets_are_told_by_name_and_not_by_value() {
    let place = Place::new();
    place.store_forward(&["--target", TARGET], b"initsecret123");
    place.store_reverse(&["--target", TARGET], b"initsecret123");
    place.store_reverse(&["--target", OTHER], b"targsecret456");
    place.store_reverse(&["--portal", "192.0.2.7"], b"targsecret456");
    let found = place.run(&["secret", "check"]).expect(9).complains("2 weaknesses").complains("hint: ");
    for part in ["equal", "shared", TARGET, OTHER, "discovery at 192.0.2.7:3260"] {
        assert!(found.stdout.contains(part), "{part}: {}", found.stdout);
    }
    assert!(!found.stdout.contains("secret123") && !found.stderr.contains("secret456"));
}

#[test]
fn raw_secrets_are_16_bytes_in_a_private_file() {
    let place = Place::new();
    let generate = |file: &str| place.run(&["secret", "generate", "--raw", "-o", file]);
    generate("one").expect(0);
    generate("two").expect(0);
    let read = |name| fs::read(place.path(name)).unwrap();
    assert_eq!((read("one").len(), mode(&place.path("one"))), (16, 0o600));
    assert_ne!(read("one"), read("two"));
    generate("one").expect(10);
    assert_eq!(generate("-").expect(2).stdout, "");
}

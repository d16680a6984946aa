//! The source of the store's key, and rekeying.

use std::fs;

use crate::program::{Outcome, Place, TARGET, finish, text};

const LOGIN: [&str; 2] = ["login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"];
const KEY: [u8; 32] = [7; 32];

/// Stores the reverse secret, so that a login is refused (4) where the store opens and not (9) where it does
/// not.
fn store(place: &Place, options: &[&str]) -> Outcome {
    let set = ["secret", "set", "--target", TARGET, "--target-secret-file", "-"];
    place.run_with_input(&[&set[..], options].concat(), b"targsecret456").expect(0)
}

fn log_in(place: &Place, options: &[&str], code: i32) -> Outcome {
    place.run(&[&LOGIN[..], options].concat()).expect(code)
}

#[test]
fn a_store_made_on_first_use_tells_what_its_key_protects_from() {
    let place = Place::new();
    let messages = store(&place, &[]).stderr;
    assert!(
        messages.contains("note: created the secret store")
            && messages.contains("root, can read the secrets"),
        "{messages}"
    );
    let again = store(&place, &[]).stderr;
    assert_eq!(again, format!("note: stored for {TARGET}: the target's CHAP secret\n"));
}

#[test]
fn a_key_file_that_is_named_is_asked_for_ever_after() {
    let place = Place::new();
    let key = place.secret_file("operator.key", &KEY);
    let messages = store(&place, &["--key-file", &key]).stderr;
    assert!(
        messages.contains("created the secret store") && !messages.contains("is beside it"),
        "{messages}"
    );
    assert!(!place.path("store/store.key").exists());
    log_in(&place, &["--key-file", &key], 4);
    log_in(&place, &[], 9).complains("key").complains("hint: ");
    let other = place.secret_file("other.key", &[8; 32]);
    log_in(&place, &["--key-file", &other], 9).complains("sealed with another key");
    let short = place.secret_file("short.key", &[8; 31]);
    log_in(&place, &["--key-file", &short], 9).complains("32 bytes");
    log_in(&place, &["--key-file", "absent"], 9).complains("absent");
}

#[test]
fn the_environment_and_systemd_hand_keys_over() {
    let place = Place::new();
    let key = place.secret_file("iscsi-store-key", &KEY);
    store(&place, &["--key-file", &key]);
    let with = |variable: &str, value: &str| {
        let mut command = place.command(&LOGIN);
        finish(command.env("ISCSI_SECRET_STORE", place.path("store")).env(variable, value))
    };
    with("ISCSI_KEY_FILE", &key).expect(4);
    with("CREDENTIALS_DIRECTORY", &text(std::path::Path::new(&key).parent().unwrap())).expect(4);
    with("CREDENTIALS_DIRECTORY", "/nowhere").expect(9);
}

#[test]
fn a_passphrase_opens_what_it_sealed() {
    let place = Place::new();
    let passphrase = place.secret_file("passphrase", b"correct horse battery\n");
    store(&place, &["--passphrase-file", &passphrase]);
    log_in(&place, &["--passphrase-file", &passphrase], 4);
    let wrong = place.secret_file("wrong", b"staple battery horse\n");
    log_in(&place, &["--passphrase-file", &wrong], 9).complains("another passphrase");
    log_in(&place, &[], 9).complains("passphrase");
}

#[test]
fn changing_keys() {
    let place = Place::new();
    let key = place.secret_file("operator.key", &KEY);
    let passphrase = place.secret_file("passphrase", b"correct horse battery\n");
    store(&place, &[]);
    let rekey = |old: &[&str], new: &[&str]| place.run(&[&["secret", "rekey"], old, new].concat());
    let before = fs::read(place.path("store/store.key")).unwrap();
    rekey(&[], &[]).expect(0).complains("still open with the old key");
    assert_ne!(fs::read(place.path("store/store.key")).unwrap(), before);
    log_in(&place, &[], 4);

    rekey(&[], &["--new-key-file", &key]).expect(0);
    assert!(!place.path("store/store.key").exists());
    log_in(&place, &["--key-file", &key], 4);
    rekey(&["--key-file", &key], &["--new-passphrase-file", &passphrase]).expect(0);
    log_in(&place, &["--passphrase-file", &passphrase], 4);
    rekey(&["--passphrase-file", &passphrase], &[]).expect(0);
    log_in(&place, &[], 4);

    rekey(&[], &["--new-key-file", &key, "--new-passphrase-file", &passphrase]).expect(2);
    rekey(&["--key-file", &key], &[]).expect(9);
    rekey(&[], &["--new-key-file", "absent"]).expect(9);
    log_in(&place, &[], 4);
}

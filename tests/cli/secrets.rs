//! `iscsi secret`: what is stored, listed, cleared and forgotten.

use std::fs;

use crate::program::{Place, TARGET, mode};

const URL: &str = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk";

/// The lines of the list about one target, or about every other one.
fn listed(place: &Place, scope: &str) -> Vec<String> {
    let list = place.run(&["secret", "list"]).expect(0).stdout;
    let line = list.lines().find_map(|line| line.strip_prefix(scope)).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn from_the_first_secret_to_the_last() {
    let place = Place::new();
    place.store_forward(&["--target", TARGET, "--user", "initiator-user"], b"initsecret123\n");
    assert_eq!(mode(&place.path("store")), 0o700);
    assert_eq!(listed(&place, TARGET), ["set", "initiator-user", "unset", "-", "-"]);

    place.store_reverse(
        &["--target", &TARGET.to_uppercase(), "--target-user", "target-user"],
        b"targsecret456",
    );
    assert_eq!(listed(&place, TARGET), ["set", "initiator-user", "set", "target-user", "-"]);

    // Other bytes leave the names as they are.
    place.store_reverse(&["--target", TARGET], &[0xff; 255]);
    place.store_forward(&["--target", TARGET], b"\0binary\0secret");
    assert_eq!(listed(&place, TARGET), ["set", "initiator-user", "set", "target-user", "-"]);

    place.run(&["secret", "clear", "--target", TARGET]).expect(0);
    assert_eq!(listed(&place, TARGET), ["set", "initiator-user", "cleared", "target-user", "-"]);

    place.run(&["secret", "forget", "--target", TARGET]).expect(0);
    assert!(listed(&place, TARGET).is_empty(), "its record is gone");
}

#[test]
fn the_global_secret() {
    let place = Place::new();
    place.store_reverse(&["--global"], b"targsecret456");
    assert_eq!(listed(&place, "(every other)"), ["unset", "-", "set", "(any)", "-"]);
    place.run(&["secret", "clear", "--global"]).expect(0);
    assert!(listed(&place, "(every other)").is_empty());
}

#[test]
fn the_list_as_json() {
    let place = Place::new();
    place.store_reverse(&["--global", "--target-user", "\u{e4}\u{202e}"], b"targsecret456");
    place.store_forward(&["--target", TARGET], b"initsecret123");
    let list = place.run(&["secret", "list", "--output", "json"]).expect(0).stdout;
    let list: String = list.split_whitespace().collect();
    let global = r#"{"scope":"global","target":null,"portal":null,"remembered":false,"user":null,"target_secret":"set","target_user":"\u00e4\u202e","requires":null}"#;
    let target = r#"{"scope":"target","target":"iqn.2001-04.com.example:disk","portal":null,"remembered":true,"user":null,"target_secret":"unset","target_user":null,"requires":null}"#;
    assert_eq!(list, format!("[{global},{target}]"));
}

#[test]
fn what_is_stored_decides_how_a_login_begins() {
    let place = Place::with_store();
    let login = |code| place.run(&["login", URL]).expect(code);
    // Nothing is known of the target: no authentication.
    login(7);
    place.run(&["login", URL, "--auth", "chap"]).expect(4);
    place.run(&["login", URL, "--auth", "mutual"]).expect(4);
    // Mutual CHAP needs both directions.
    place.store_reverse(&["--target", TARGET], b"targsecret456");
    login(4).complains("no secret of the initiator is known").complains("hint: ");
}

#[test]
fn a_target_whose_secret_was_cleared_fails_before_any_packet() {
    let place = Place::new();
    place.store_forward(&["--target", TARGET], b"initsecret123");
    place.store_reverse(&["--target", TARGET], b"targsecret456");
    place.store_reverse(&["--global"], b"global-secret-1");
    place.run(&["login", URL]).expect(7);
    place.run(&["secret", "clear", "--target", TARGET]).expect(0);
    place.run(&["login", URL]).expect(4).complains("cleared");
    place.run(&["secret", "forget", "--target", TARGET]).expect(0);
    place.run(&["login", URL]).expect(4).complains("the initiator");
    place.run(&["secret", "clear", "--global"]).expect(0);
    place.run(&["login", URL]).expect(7);
}

#[test]
fn a_name_that_was_mistyped_changes_nothing() {
    for command in ["clear", "forget"] {
        let place = Place::with_store();
        place.run(&["secret", command, "--target", TARGET]).expect(9).complains("has no entry for");
        assert!(listed(&place, TARGET).is_empty());
    }
}

#[test]
fn generated_secrets_differ_and_overwrite_nothing() {
    let place = Place::new();
    place.run(&["secret", "generate", "-o", "a"]).expect(0);
    place.run(&["secret", "generate", "-o", "b"]).expect(0);
    let (a, b) = (fs::read(place.path("a")).unwrap(), fs::read(place.path("b")).unwrap());
    assert_eq!((a.len(), b.len(), mode(&place.path("a"))), (16, 16, 0o600));
    assert_ne!(a, b);
    place.run(&["secret", "generate", "-o", "a"]).expect(10).complains("cannot create a");
    assert_eq!(fs::read(place.path("a")).unwrap(), a);
    let shown = place.run(&["secret", "generate", "-o", "-"]).expect(0).stdout;
    assert_eq!(shown.len(), 17);
    place.store_reverse(&["--global"], shown.as_bytes());
}

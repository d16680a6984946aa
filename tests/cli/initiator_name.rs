//! The initiator name is generated once and kept.

use std::fs;
use std::path::Path;

use crate::program::{Place, TARGET, finish, mode};

const LOGIN: [&str; 2] = ["login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"];

/// On a host that has a name, none is made.
fn host_has_a_name() -> bool {
    Path::new("/etc/iscsi/initiatorname.iscsi").exists()
}

#[test]
fn a_name_is_made_once_in_the_state_directory() {
    let place = Place::new();
    let path = place.path("state/initiatorname.iscsi");
    finish(&mut place.command(&LOGIN)).expect(7);
    if host_has_a_name() {
        assert!(!path.exists());
        return;
    }
    let first = fs::read_to_string(&path).unwrap();
    assert!(first.starts_with("InitiatorName=naa.3") && first.ends_with('\n'), "{first}");
    assert_eq!(mode(&place.path("state")), 0o700);
    finish(&mut place.command(&LOGIN)).expect(7);
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
}

#[test]
fn a_name_that_is_given_is_not_kept() {
    let place = Place::new();
    let given = ["--initiator-name", TARGET];
    finish(&mut place.command(&[&LOGIN[..], &given].concat())).expect(7);
    assert!(!place.path("state/initiatorname.iscsi").exists());
}

#[test]
fn a_file_without_a_usable_name_is_an_error() {
    if host_has_a_name() {
        return;
    }
    let place = Place::with_store();
    place.file("store/initiatorname.iscsi", b"InitiatorName=host\n", 0o600);
    let outcome = place.run(&LOGIN).expect(10).complains("no usable initiator name in ");
    outcome.complains("caused by: line 1: name begins with neither").complains("hint: put one line");
    place.file("store/initiatorname.iscsi", b"# of this host\nInitiatorName=\n", 0o600);
    place.run(&LOGIN).expect(10).complains("caused by: line 2: there is no value behind the =");
}

/// What is odd about a file that can be used is said without being asked for.
#[test]
fn lines_that_are_not_as_they_should_be_are_told() {
    if host_has_a_name() {
        return;
    }
    let place = Place::with_store();
    place.file("store/initiatorname.iscsi", b"InitiatorName=iqn.2001-04.com.example:host_1\n", 0o600);
    let outcome = place.run(&LOGIN).expect(7);
    outcome.complains("line 1: name holds a character other than letters, digits");
    let content = format!(" InitiatorName \nInitiatorName = \"{TARGET}\" \n");
    let path = place.file("store/initiatorname.iscsi", content.as_bytes(), 0o600);
    let outcome = place.run(&LOGIN).expect(7);
    let outcome =
        outcome.complains(&format!("note: {path}: line 1 is ignored: there is no = behind the key\n"));
    outcome.complains(&format!("note: {path}: line 2: the quotation marks are left out"));
}

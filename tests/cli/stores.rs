//! The place of the secret store, and stores that cannot be read: exit code 9, never a weaker login.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use iscsi_tests::ram_disk::{Config, RamDisk, Target};

use crate::program::{Place, TARGET, finish, text};

const LOGIN: [&str; 2] = ["login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"];

#[test]
fn a_store_that_was_named_has_to_be_there() {
    let place = Place::new();
    place.run(&LOGIN).expect(9).complains("does not exist");
    place.run(&["discover", "127.0.0.1:1"]).expect(9);
    place.run(&["secret", "list"]).expect(9);
    place.run(&["secret", "clear", "--global"]).expect(9);
    assert!(!place.path("store").exists());
    // An empty directory may be a file system that is not mounted.
    fs::create_dir(place.path("store")).unwrap();
    fs::set_permissions(place.path("store"), Permissions::from_mode(0o700)).unwrap();
    place.run(&LOGIN).expect(9).complains("does not exist");
}

#[test]
fn the_option_goes_before_the_environment() {
    let place = Place::with_store();
    place.run(&LOGIN).expect(7);
    place.run(&[&LOGIN[..], &["--store", &text(&place.path("other"))]].concat()).expect(9);
}

#[test]
fn the_default_store_counts_as_empty_until_there_is_one() {
    let place = Place::new();
    finish(&mut place.command(&LOGIN)).expect(7);
    let list = finish(&mut place.command(&["secret", "list", "--output", "json"])).expect(0);
    assert_eq!(list.stdout, "[]\n");
    // The initiator name was made and kept there; that is no store.
    assert!(!place.path("state/secrets.db").exists());
    let file = place.secret_file("secret", b"targsecret456");
    let set = ["secret", "set", "--target", TARGET, "--target-secret-file", &file];
    finish(&mut place.command(&set)).expect(0);
    finish(&mut place.command(&LOGIN)).expect(4);
}

/// Another process writes to the store, or hangs meanwhile.
#[test]
fn a_locked_store_is_waited_for_up_to_the_limit_and_by_writers_only() {
    let (place, runtime) = (Place::with_store(), tokio::runtime::Runtime::new().unwrap());
    let target =
        runtime.block_on(RamDisk::serve(Config::with_targets([Target::new(TARGET.parse().unwrap())])));
    let portal = target.as_ref().unwrap().portal().to_string();
    let lock = fs::File::options().write(true).open(place.path("store/secrets.lock")).unwrap();
    lock.lock().unwrap();
    let began = Instant::now();
    place.run(&["discover", &portal, "--timeout", "3"]).expect(0);
    place.run(&["login", &format!("iscsi://{portal}/{TARGET}")]).expect(0);
    let file = place.secret_file("secret", b"targsecret456");
    let set = ["secret", "set", "--global", "--secret-file", &file, "--timeout", "0.3"];
    place
        .run(&set)
        .expect(9)
        .complains("was locked by another process for 300ms")
        .complains("hint: try again");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    drop(lock);
    place.run(&set).expect(0);
}

#[test]
fn a_store_that_is_damaged_open_or_in_pieces_is_never_taken_for_empty() {
    type Harm = fn(&Place);
    let harms: [(&str, Harm); 7] = [
        ("is damaged", |place| {
            let path = place.path("store/secrets.db");
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("is a dangling symbolic link", |place| {
            fs::rename(place.path("store"), place.path("moved")).unwrap();
            std::os::unix::fs::symlink("nowhere", place.path("store")).unwrap();
        }),
        ("is a dangling symbolic link", |place| {
            fs::remove_file(place.path("store/secrets.db")).unwrap();
            std::os::unix::fs::symlink("nowhere", place.path("store/secrets.db")).unwrap();
        }),
        ("is missing", |place| fs::remove_file(place.path("store/secrets.db")).unwrap()),
        ("is missing", |place| fs::remove_file(place.path("store/store.key")).unwrap()),
        ("is accessible to other users", |place| {
            fs::set_permissions(place.path("store"), Permissions::from_mode(0o755)).unwrap();
        }),
        ("is accessible to other users", |place| {
            fs::set_permissions(place.path("store/store.key"), Permissions::from_mode(0o644)).unwrap();
        }),
    ];
    for (complaint, harm) in harms {
        let place = Place::with_store();
        harm(&place);
        for more in [&[][..], &["--auth", "if-asked"], &["--auth", "chap"]] {
            place.run(&[&LOGIN[..], more].concat()).expect(9).complains(complaint).complains("hint: ");
        }
        // Nothing is taken from the store by these: they get as far as the connection.
        let name = ["--initiator-name", "iqn.2001-04.com.example:host"];
        place.run(&[&LOGIN[..], &name, &["--auth", "none"]].concat()).expect(7);
        let (forward, reverse) =
            (place.secret_file("a", b"initsecret123"), place.secret_file("b", b"targsecret456"));
        let given = ["--secret-file", &forward, "--target-secret-file", &reverse];
        place.run(&[&LOGIN[..], &name, &given].concat()).expect(7);
        // One direction is left open.
        place.run(&[&LOGIN[..], &given[..2]].concat()).expect(9).complains(complaint);
        place.run(&["secret", "list"]).expect(9);
        place.run(&["secret", "forget", "--target", TARGET]).expect(9);
    }
}

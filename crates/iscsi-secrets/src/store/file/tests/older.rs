//! Stores of version 2, byte for byte as an earlier program wrote them.

use super::*;
use crate::store::file::sealed::Version;
use crate::store_key::StoreKey;
use crate::{Portal, StoreSnapshot};

/// Written by the last program that wrote version 2.
const OLD_DATABASE: &[u8] = include_bytes!("version_2/secrets.db");
const OLD_KEY: &[u8] = include_bytes!("version_2/store.key");

/// A store of these files.
fn store_of(database: &[u8], key: &[u8]) -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    for (name, content) in [(DATABASE, database), (KEY, key)] {
        fs::write(path.join(name), content).unwrap();
        fs::set_permissions(path.join(name), Permissions::from_mode(0o600)).unwrap();
    }
    (parent, path)
}

/// Name and secret of both directions of a target.
fn both(store: &FileStore, name: &str) -> [(Option<String>, Vec<u8>); 2] {
    let own =
        |name: Option<&str>, secret: &Secret| (name.map(str::to_owned), secret.expose_secret().to_vec());
    let forward = store.forward(&target(name)).unwrap().unwrap();
    let reverse = store.reverse(&target(name)).unwrap();
    let reverse = reverse.known().unwrap();
    [own(forward.name(), forward.secret()), own(reverse.name(), reverse.secret())]
}

/// Checks the content that the earlier program stored.
fn holds_what_was_stored(store: &FileStore) {
    let named = |name: &str, secret: &[u8]| (Some(name.to_owned()), secret.to_vec());
    assert_eq!(both(store, "both"), [named("me", b"forward of both"), named("them", b"reverse of both")]);
    let global = [named("host", b"global forward 1"), (None, b"\0\xff global %#@ ".to_vec())];
    assert_eq!(both(store, "nobody"), global);
    assert_eq!(known(store, "cleared"), b"cleared");
    // Names that are refused today.
    let control = [named("line\nbreak", b"a name of two lines"), named("bell\u{7}", b"a name with a bell")];
    assert_eq!(both(store, "control"), control);
    let portal = "192.0.2.7:3260".parse::<Portal>().unwrap();
    let snapshot = store.snapshot().unwrap();
    let forward = snapshot.discovery_forward(&portal).unwrap().unwrap();
    assert_eq!(forward.secret().expose_secret(), b"discovery forward");
    let reverse = snapshot.discovery_reverse(&portal).unwrap();
    assert_eq!(reverse.known().unwrap().secret().expose_secret(), b"discovery there");
    assert!(snapshot.requirement(&target("both")).is_none());
}

fn version_of(path: &Path) -> u8 {
    fs::read(path.join(DATABASE)).unwrap()[9]
}

#[test]
fn a_store_of_version_2_opens_and_is_left_as_it_is_by_readers() {
    let (_parent, path) = store_of(OLD_DATABASE, OLD_KEY);
    holds_what_was_stored(&FileStore::open_existing(&path).unwrap());
    assert_eq!(fs::read(path.join(DATABASE)).unwrap(), OLD_DATABASE);
}

#[test]
fn the_first_change_writes_version_3_and_keeps_all_that_was_stored() {
    let (_parent, path) = store_of(OLD_DATABASE, OLD_KEY);
    assert_eq!(version_of(&path), 2);
    let store = FileStore::open(&path).unwrap();
    store.require(target("new").into(), Some(Requirement::Mutual)).unwrap();
    assert_eq!(version_of(&path), 3);
    for store in [store, FileStore::open_existing(&path).unwrap()] {
        holds_what_was_stored(&store);
        let policy = store.snapshot().unwrap().requirement(&target("new"));
        assert_eq!(policy.unwrap().requirement, Requirement::Mutual);
        assert!(!store.knows(&target("discovered")).unwrap());
    }
}

#[test]
fn secrets_of_version_2_are_compared_too() {
    let (_parent, path) = store_of(OLD_DATABASE, OLD_KEY);
    let snapshot = FileStore::open_existing(&path).unwrap().snapshot().unwrap();
    let uses = |bytes| snapshot.opposite_uses(&secret(bytes), crate::Direction::Forward).unwrap().len();
    assert_eq!((uses(b"reverse of both"), uses(b"forward of both")), (1, 0));
}

/// Discovery used to add a record for every target; a remote host decides how many those are.
#[test]
fn records_without_content_are_passed_over_and_dropped_by_the_next_change() {
    let key = StoreKey::from_bytes(OLD_KEY).unwrap();
    let record = |index: usize| {
        let name = format!("iqn.2001-04.com.example:{index:0100}");
        [&[2][..], &(name.len() as u64).to_be_bytes(), name.as_bytes(), &[0, 0]].concat()
    };
    let records = (0..50_000).flat_map(record).collect();
    let old = sealed::seal_as(Version::Two, &key, None, records).unwrap();
    let (_parent, path) = store_of(&old, OLD_KEY);
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.entries(), Ok(Vec::new()));
    hold(&store, "a").unwrap();
    assert_eq!(store.entries().unwrap().len(), 1);
    assert!(fs::metadata(path.join(DATABASE)).unwrap().len() < 1024);
}

/// The authentication tag of the file is valid, but that of a secret in it is not; this crate never writes that.
#[test]
fn a_secret_of_version_2_that_does_not_open_is_damage() {
    let key = StoreKey::from_bytes(OLD_KEY).unwrap();
    let credential = [&0_u64.to_be_bytes()[..], &[7; 24], &[7; 16], &1_u64.to_be_bytes(), b"x"].concat();
    let records = [&[1, 1][..], &credential, &[0]].concat();
    let old = sealed::seal_as(Version::Two, &key, None, records).unwrap();
    let (_parent, path) = store_of(&old, OLD_KEY);
    assert_eq!(reopen(&path), StoreError::Damaged { path: path.join(DATABASE) });
}

/// Written by the release with version 2 of the file: `secret import`, `remember`, `set` and `clear` of that program, with
/// names in capitals, which it told apart from those in lower case.
const CAPITALS_DATABASE: &[u8] = include_bytes!("spellings/secrets.db");
const CAPITALS_KEY: &[u8] = include_bytes!("spellings/store.key");

fn store_in_capitals() -> (TempDir, FileStore) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [(DATABASE, CAPITALS_DATABASE), (KEY, CAPITALS_KEY)] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    let store = FileStore::open(directory.path()).unwrap();
    (directory, store)
}

fn forward(snapshot: &StoreSnapshot, name: &str) -> String {
    let credential = snapshot.forward(&IscsiName::new(name).unwrap()).unwrap().unwrap();
    let secret = credential.secret().expose_secret().escape_ascii();
    format!("{}:{secret}", credential.name().unwrap_or("-"))
}

fn reverse_of(snapshot: &StoreSnapshot, name: &str) -> String {
    match snapshot.reverse(&IscsiName::new(name).unwrap()).unwrap() {
        ReverseLookup::Known(credential) => {
            let secret = credential.secret().expose_secret().escape_ascii();
            format!("{}:{secret}", credential.name().unwrap_or("-"))
        }
        ReverseLookup::Cleared => "cleared".to_owned(),
        ReverseLookup::Unknown => "unknown".to_owned(),
    }
}

fn expect_everything(store: &FileStore) {
    let snapshot = store.snapshot().unwrap();
    for disk in ["iqn.2000-01.com.example:Disk", "iqn.2000-01.com.example:disk"] {
        assert_eq!(forward(&snapshot, disk), "ini:forward-of-Disk");
        // Two spellings had a secret: that of the spelling which logins looked up counts.
        assert_eq!(reverse_of(&snapshot, disk), "low:reverse-of-disk");
    }
    for eui in ["eui.02004567A425678D", "eui.02004567a425678d"] {
        assert_eq!(
            (forward(&snapshot, eui), reverse_of(&snapshot, eui)),
            ("eui-ini:forward-of-eui".to_owned(), "eui-tgt:reverse-of-eui".to_owned())
        );
    }
    assert_eq!(reverse_of(&snapshot, "iqn.2000-01.com.example:Cleared"), "cleared");
    assert_eq!(forward(&snapshot, "iqn.2000-01.com.example:other"), "-:forward-of-all-t");
    for portal in ["[2001:DB8:0::7]", "[2001:db8::7]:3260"] {
        let credential = snapshot.discovery_forward(&portal.parse().unwrap()).unwrap().unwrap();
        assert_eq!(credential.secret().expose_secret(), b"forward-of-port");
    }
    let everywhere = snapshot.discovery_reverse(&"192.0.2.7".parse().unwrap()).unwrap();
    assert_eq!(everywhere.known().unwrap().secret().expose_secret(), b"reverse-of-all-p");
    assert_eq!(snapshot.entries().len(), 6);
}

#[test]
fn names_in_capitals_of_version_2_open_with_every_secret() {
    expect_everything(&store_in_capitals().1);
}

#[test]
fn names_in_capitals_are_written_as_version_3_with_every_secret() {
    let (directory, store) = store_in_capitals();
    store.renew_forward_secret(Scope::Target(target("new")), secret(b"forward-of-new")).unwrap();
    assert_eq!(fs::read(directory.path().join(DATABASE)).unwrap()[8..10], [0, 3]);
    let store = FileStore::open(directory.path()).unwrap();
    let entries = store.entries().unwrap();
    assert!(entries.iter().any(|entry| entry.scope.to_string() == "iqn.2000-01.com.example:Disk"));
    let snapshot = store.snapshot().unwrap();
    assert_eq!(forward(&snapshot, "iqn.2000-01.com.example:disk"), "ini:forward-of-Disk");
    assert_eq!(reverse_of(&snapshot, "iqn.2000-01.com.example:DISK"), "low:reverse-of-disk");
}

#[test]
fn a_store_of_version_2_can_be_rekeyed() {
    let (_directory, store) = store_in_capitals();
    expect_everything(&store.rekey(KeySource::Adjacent).unwrap());
}

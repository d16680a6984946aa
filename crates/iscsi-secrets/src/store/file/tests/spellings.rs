//! A store that the release with version 2 of the file wrote: `secret import`, `remember`, `set` and `clear` of that
//! program, with names in capitals, which it told apart from those in lower case.

use super::*;
use crate::StoreSnapshot;
use iscsi_pdu::IscsiName;

const OLD_DATABASE: &[u8] = include_bytes!("spellings/secrets.db");
const OLD_KEY: &[u8] = include_bytes!("spellings/store.key");

fn old_store() -> (TempDir, FileStore) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [(DATABASE, OLD_DATABASE), (KEY, OLD_KEY)] {
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
fn a_store_of_version_2_opens_with_every_secret_in_it() {
    expect_everything(&old_store().1);
}

#[test]
fn the_first_change_writes_version_3_with_every_secret_in_it() {
    let (directory, store) = old_store();
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
    let (_directory, store) = old_store();
    expect_everything(&store.rekey(KeySource::Adjacent).unwrap());
}

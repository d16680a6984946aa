//! Damaged, missing and accessible files are errors.

use super::*;

#[test]
fn every_flipped_byte_is_refused_and_nothing_is_written_over_it() {
    let (_parent, path, _store) = store();
    let database = path.join(DATABASE);
    let good = fs::read(&database).unwrap();
    for position in 0..good.len() {
        let mut flipped = good.clone();
        flipped[position] ^= 0x01;
        fs::write(&database, &flipped).unwrap();
        reopen(&path);
        assert_eq!(fs::read(&database).unwrap(), flipped, "byte {position}");
    }
    fs::write(&database, &good).unwrap();
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"canary-global");
}

#[test]
fn every_truncation_is_told_as_such() {
    let (_parent, path, _store) = store();
    let good = fs::read(path.join(DATABASE)).unwrap();
    for found in 0..good.len() {
        fs::write(path.join(DATABASE), &good[..found]).unwrap();
        assert_eq!(reopen(&path), StoreError::Truncated { path: path.join(DATABASE), found });
    }
}

#[test]
fn a_store_that_is_open_notices_damage_and_repair() {
    let (_parent, path, store) = store();
    let database = path.join(DATABASE);
    let good = fs::read(&database).unwrap();
    assert_eq!(known(&store, "a"), b"canary-global");
    fs::write(&database, [&good[..], b"more"].concat()).unwrap();
    let error = StoreError::Damaged { path: database.clone() };
    assert_eq!(store.snapshot().err(), Some(error.clone()));
    assert_eq!(hold(&store, "a"), Err(error));
    fs::write(&database, &good).unwrap();
    assert_eq!(known(&store, "a"), b"canary-global");
}

#[test]
fn foreign_files_other_versions_and_wrong_keys_are_told_apart() {
    let (_parent, path, _store) = store();
    let database = path.join(DATABASE);
    let good = fs::read(&database).unwrap();

    fs::write(&database, b"{\"secrets\": []}").unwrap();
    assert_eq!(reopen(&path), StoreError::ForeignFile { path: database.clone() });

    let mut future = good.clone();
    future[9] = 7;
    fs::write(&database, &future).unwrap();
    assert_eq!(reopen(&path), StoreError::UnknownVersion { path: database.clone(), found: 7, known: 3 });

    fs::write(&database, [&good[..], b"\0"].concat()).unwrap();
    assert_eq!(reopen(&path), StoreError::Damaged { path: database.clone() });

    fs::write(&database, &good).unwrap();
    fs::write(path.join(KEY), [7; 32]).unwrap();
    assert_eq!(reopen(&path), StoreError::WrongKey { path: database, key: path.join(KEY) });
    for bytes in [0, 31, 33] {
        fs::write(path.join(KEY), vec![7; bytes]).unwrap();
        assert_eq!(reopen(&path), StoreError::KeyLength { path: path.join(KEY) });
    }
}

#[test]
fn an_incomplete_store_is_never_taken_for_empty() {
    let (_parent, path, store) = store();
    let good = fs::read(path.join(DATABASE)).unwrap();
    fs::remove_file(path.join(DATABASE)).unwrap();
    assert_eq!(reopen(&path), StoreError::DatabaseGone { path: path.join(DATABASE) });
    assert!(store.snapshot().is_err());

    fs::write(path.join(DATABASE), good).unwrap();
    fs::set_permissions(path.join(DATABASE), Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(path.join(KEY)).unwrap();
    assert_eq!(reopen(&path), StoreError::KeyGone { path: path.join(KEY) });
}

#[test]
fn a_dangling_link_is_never_taken_for_an_empty_store() {
    use std::os::unix::fs::symlink;
    let (parent, path, _store) = store();
    let [moved, link, below] = ["moved", "link", "link/below/store"].map(|name| parent.path().join(name));
    fs::rename(path.join(DATABASE), &moved).unwrap();
    symlink(&moved, path.join(DATABASE)).unwrap();
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"canary-global");
    fs::remove_file(&moved).unwrap();
    assert_eq!(reopen(&path), StoreError::Dangling { path: path.join(DATABASE) });
    // The key is elsewhere, or gone too: a writer must not create a store in place of the link.
    fs::remove_file(path.join(KEY)).unwrap();
    assert_eq!(reopen(&path), StoreError::Dangling { path: path.join(DATABASE) });

    symlink(parent.path().join("not-mounted"), &link).unwrap();
    let dangling = StoreError::Dangling { path: link.clone() };
    assert_eq!(reopen(&link), dangling);
    assert_eq!(FileStore::open_existing(&below).err(), Some(dangling));
    let missing = parent.path().join("nothing/store");
    assert_eq!(FileStore::open_existing(&missing).err(), Some(StoreError::Missing { path: missing }));
}

#[test]
fn what_others_can_reach_is_refused() {
    for (name, private) in [("", 0o700), (DATABASE, 0o600), (KEY, 0o600), (LOCK, 0o600)] {
        for extra in [0o040, 0o020, 0o004, 0o002] {
            let (_parent, path, store) = store();
            let found = if name.is_empty() { path.clone() } else { path.join(name) };
            fs::set_permissions(&found, Permissions::from_mode(private | extra)).unwrap();
            let error = StoreError::TooOpen { path: found, mode: private | extra };
            match name {
                // A login takes no lock, asks for no key that it has, and reads no file that has not changed.
                "" | LOCK => assert_eq!(hold(&store, "a"), Err(error)),
                KEY => assert_eq!(reopen(&path), error),
                _ => assert_eq!(store.snapshot().err(), Some(error)),
            }
        }
    }
}

#[test]
fn a_path_to_something_else_is_refused() {
    let (_parent, path, _store) = store();
    let error = StoreError::WrongKind { path: path.join(DATABASE), expected: "directory" };
    assert_eq!(reopen(&path.join(DATABASE)), error);
    fs::remove_file(path.join(DATABASE)).unwrap();
    fs::create_dir(path.join(DATABASE)).unwrap();
    assert_eq!(reopen(&path), StoreError::WrongKind { path: path.join(DATABASE), expected: "file" });
}

#[test]
fn vds_22_no_error_shows_a_secret_or_a_key() {
    let (_parent, path, store) = store();
    let key = fs::read(path.join(KEY)).unwrap();
    fs::write(path.join(DATABASE), b"canary-global").unwrap();
    let error = store.snapshot().err().unwrap();
    let shown = format!("{error} {error:?} {:?}", error.remedy());
    assert!(!shown.contains("canary") && !shown.contains(&format!("{key:?}")));
}

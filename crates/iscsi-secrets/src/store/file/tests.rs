//! Tests of a store in a directory.

use super::*;
use crate::{ForwardCredential, IscsiName, Requirement, ReverseCredential, ReverseLookup, Scope, Secret};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;
use tempfile::TempDir;

mod damage;
mod faults;
mod keys;
mod older;
mod relocating;

fn target(name: &str) -> IscsiName {
    IscsiName::new(format!("iqn.2001-04.com.example:{name}")).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::from_bytes(bytes).unwrap()
}

fn reverse(bytes: &[u8]) -> ReverseCredential {
    ReverseCredential::new(Some("them".to_owned()), secret(bytes)).unwrap()
}

/// A directory with a store that holds one global secret.
fn store() -> (TempDir, PathBuf, FileStore) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    let store = FileStore::open(&path).unwrap();
    store.set_reverse(Scope::Global, reverse(b"canary-global")).unwrap();
    (parent, path, store)
}

fn reopen(path: &Path) -> StoreError {
    let error = FileStore::open(path).err().unwrap();
    assert_eq!(FileStore::open_existing(path).err(), Some(error.clone()));
    error
}

fn known(store: &FileStore, name: &str) -> Vec<u8> {
    match store.reverse(&target(name)).unwrap() {
        ReverseLookup::Known(credential) => credential.secret().expose_secret().to_vec(),
        ReverseLookup::Cleared => b"cleared".to_vec(),
        ReverseLookup::Unknown => b"unknown".to_vec(),
    }
}

/// Stores something for this target.
fn hold(store: &FileStore, name: &str) -> Result<(), StoreError> {
    store.require(target(name).into(), Some(Requirement::Chap))
}

#[test]
fn first_use_makes_a_private_directory_with_three_private_files() {
    let (_parent, path, _store) = store();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let mut files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files, [DATABASE, LOCK, KEY].map(|name| path.join(name)));
    assert_eq!(mode(&path), 0o700);
    assert!(files.iter().all(|file| mode(file) == 0o600));
    assert_eq!(fs::read(path.join(KEY)).unwrap().len(), 32);
}

#[test]
fn vds_20_entries_are_found_by_name_after_a_restart() {
    let (_parent, path, store) = store();
    let forward = ForwardCredential::new(Some("me".to_owned()), secret(b"\0\xff forward")).unwrap();
    store.set_forward(target("a").into(), forward).unwrap();
    store.set_reverse(Scope::Target(target("a")), reverse(b"target-secret")).unwrap();
    store.set_reverse(Scope::Target(target("b")), reverse(b"cleared-later")).unwrap();
    store.clear_reverse(Scope::Target(target("b"))).unwrap();
    drop(store);

    let store = FileStore::open_existing(&path).unwrap();
    let forward = store.forward(&target("a")).unwrap().unwrap();
    assert_eq!((forward.name(), forward.secret().expose_secret()), (Some("me"), &b"\0\xff forward"[..]));
    assert_eq!(known(&store, "a"), b"target-secret");
    assert_eq!(known(&store, "b"), b"cleared");
    assert_eq!(known(&store, "c"), b"canary-global");
}

#[test]
fn two_stores_on_one_directory_see_each_others_changes() {
    let (_parent, path, one) = store();
    let two = FileStore::open(&path).unwrap();
    one.set_reverse(Scope::Target(target("a")), reverse(b"from-one")).unwrap();
    assert_eq!(known(&two, "a"), b"from-one");
    two.set_reverse(Scope::Target(target("b")), reverse(b"from-two")).unwrap();
    assert_eq!((known(&one, "a"), known(&one, "b")), (b"from-one".to_vec(), b"from-two".to_vec()));
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let (_parent, path, store) = store();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let store = FileStore::open(path).unwrap();
                for round in 0..10 {
                    hold(&store, &format!("{writer}-{round}")).unwrap();
                }
            });
        }
    });
    assert_eq!(store.entries().unwrap().len(), 41);
}

#[test]
fn first_uses_at_the_same_time_make_one_store() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || hold(&FileStore::open(path).unwrap(), &writer.to_string()).unwrap());
        }
    });
    assert_eq!(FileStore::open_existing(&path).unwrap().entries().unwrap().len(), 8);
}

#[test]
fn vds_21_a_reader_sees_the_old_secret_or_the_new_one() {
    let (_parent, path, store) = store();
    store.set_reverse(Scope::Global, reverse(&[b'x'; 16])).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let reader = FileStore::open_existing(&path).unwrap();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let seen = known(&reader, "a");
                assert!(seen == [b'x'; 16] || seen == [b'y'; 12], "{}", seen.escape_ascii());
            }
        });
        for _ in 0..50 {
            store.set_reverse(Scope::Global, reverse(&[b'y'; 12])).unwrap();
            store.set_reverse(Scope::Global, reverse(&[b'x'; 16])).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn the_files_show_neither_secrets_nor_names() {
    let (_parent, path, store) = store();
    hold(&store, "a").unwrap();
    let file = fs::read(path.join(DATABASE)).unwrap();
    for canary in ["canary-global", "iqn.2001", "them"] {
        assert!(!file.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
    }
}

#[test]
fn open_existing_makes_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    assert_eq!(FileStore::open_existing(&path).err(), Some(StoreError::Missing { path: path.clone() }));
    assert!(!path.exists());
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(
        FileStore::open_existing(&path).err(),
        Some(StoreError::Missing { path: path.join(DATABASE) })
    );
}

const SHORT: Duration = Duration::from_millis(60);

/// Takes the lock of the store like another process. Dropping the file releases it.
fn locked(path: &Path) -> File {
    let file = File::options().write(true).open(path.join(LOCK)).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn a_writer_waits_for_another_one_up_to_its_limit() {
    let (_parent, path, _store) = store();
    let lock = locked(&path);
    let (began, store) = (Instant::now(), FileStore::open_within(&path, KeySource::Adjacent, SHORT).unwrap());
    let error = StoreError::Locked { path: path.join(LOCK), limit: SHORT };
    assert_eq!(hold(&store, "a"), Err(error.clone()));
    assert!(began.elapsed() >= SHORT && began.elapsed() < Duration::from_secs(5));
    let existing = FileStore::open_existing_within(&path, KeySource::Adjacent, SHORT).unwrap();
    assert_eq!(hold(&existing, "a"), Err(error.clone()));
    assert_eq!(existing.rekey(KeySource::Adjacent).err(), Some(error));
    drop(lock);
    assert_eq!(hold(&store, "a"), Ok(()));
}

#[test]
fn a_writer_goes_on_as_soon_as_the_other_one_is_done() {
    let (_parent, path, store) = store();
    let lock = locked(&path);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| hold(&store, "a"));
        std::thread::sleep(SHORT);
        assert!(!waiting.is_finished());
        drop(lock);
        assert_eq!(waiting.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_first_use_waits_up_to_its_limit_too() {
    let (_parent, path, _store) = store();
    for name in [DATABASE, KEY] {
        fs::remove_file(path.join(name)).unwrap();
    }
    let _lock = locked(&path);
    let error = FileStore::open_within(&path, KeySource::Adjacent, SHORT).err();
    assert_eq!(error, Some(StoreError::Locked { path: path.join(LOCK), limit: SHORT }));
}

#[test]
fn readers_never_wait() {
    let (_parent, path, store) = store();
    let _lock = locked(&path);
    assert_eq!(known(&store, "a"), b"canary-global");
    assert_eq!(known(&FileStore::open_existing(&path).unwrap(), "a"), b"canary-global");
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"canary-global");
}

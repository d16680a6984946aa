//! Waiting for another writer: with a limit, and for writers only.

use super::*;
use std::time::Instant;

const SHORT: Duration = Duration::from_millis(60);

/// Somebody else holds the lock of the store as long as this lives.
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

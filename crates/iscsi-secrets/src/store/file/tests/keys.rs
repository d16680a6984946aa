//! Sources of keys, and interrupted key changes.

use super::*;

#[test]
fn a_first_use_that_was_interrupted_is_completed() {
    let (_parent, path, _store) = store();
    fs::rename(path.join(KEY), path.join(NEXT_KEY)).unwrap();
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"canary-global");

    fs::rename(path.join(KEY), path.join(NEXT_KEY)).unwrap();
    fs::remove_file(path.join(DATABASE)).unwrap();
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"unknown");
}

fn key_file(directory: &Path, bytes: &[u8]) -> PathBuf {
    let path = directory.join("operator.key");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    path
}

fn passphrase(text: &str) -> KeySource {
    KeySource::Passphrase(secret(text.as_bytes()))
}

#[test]
fn a_key_file_that_is_named_is_the_only_key_tried() {
    let parent = tempfile::tempdir().unwrap();
    let (path, key) = (parent.path().join("store"), key_file(parent.path(), &[7; 32]));
    let source = || KeySource::File(key.clone());
    let store = FileStore::open_with(&path, source()).unwrap();
    assert!(store.is_new() && !path.join(KEY).exists());
    store.set_reverse(Scope::Global, reverse(b"canary-global")).unwrap();
    assert_eq!(known(&FileStore::open_existing_with(&path, source()).unwrap(), "a"), b"canary-global");
    assert!(!FileStore::open_with(&path, source()).unwrap().is_new());

    assert_eq!(reopen(&path), StoreError::KeyGone { path: path.join(KEY) });
    // An attacker replaces the store by one with an adjacent key: only the operator's key is tried.
    fs::remove_file(&key).unwrap();
    let other = FileStore::open_with(parent.path().join("other"), KeySource::Adjacent).unwrap();
    drop(other);
    for name in [DATABASE, KEY] {
        fs::copy(parent.path().join("other").join(name), path.join(name)).unwrap();
    }
    let refused = FileStore::open_existing_with(&path, source()).err();
    assert_eq!(refused, Some(StoreError::KeyGone { path: key.clone() }));
    key_file(parent.path(), &[7; 32]);
    let refused = FileStore::open_existing_with(&path, source()).err();
    assert_eq!(refused, Some(StoreError::WrongKey { path: path.join(DATABASE), key }));
}

#[test]
fn a_key_file_is_32_bytes_that_nobody_else_can_reach() {
    let parent = tempfile::tempdir().unwrap();
    let open =
        |key: &Path| FileStore::open_with(parent.path().join("store"), KeySource::File(key.into())).err();
    let key = key_file(parent.path(), &[7; 31]);
    assert_eq!(open(&key), Some(StoreError::KeyLength { path: key.clone() }));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(open(&key), Some(StoreError::TooOpen { path: key.clone(), mode: 0o640 }));
    let absent = parent.path().join("absent");
    assert_eq!(open(&absent), Some(StoreError::KeyGone { path: absent.clone() }));
}

#[test]
fn a_passphrase_opens_what_it_sealed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("store");
    let store = FileStore::open_with(&path, passphrase("correct horse")).unwrap();
    store.set_reverse(Scope::Global, reverse(b"canary-global")).unwrap();
    assert_eq!(known(&store, "a"), b"canary-global");
    let again = FileStore::open_existing_with(&path, passphrase("correct horse")).unwrap();
    assert_eq!(known(&again, "a"), b"canary-global");
    let database = path.join(DATABASE);
    let wrong = FileStore::open_existing_with(&path, passphrase("battery staple")).err();
    assert_eq!(wrong, Some(StoreError::WrongPassphrase { path: database.clone() }));
    assert_eq!(reopen(&path), StoreError::PassphraseNeeded { path: database });
}

#[test]
fn a_passphrase_for_a_store_with_a_key_is_told_as_such() {
    let (_parent, path, _store) = store();
    let error = FileStore::open_existing_with(&path, passphrase("correct horse")).err();
    assert_eq!(error, Some(StoreError::NotByPassphrase { path: path.join(DATABASE) }));
}

#[test]
fn changing_keys_keeps_the_secrets_and_the_old_key_opens_only_old_copies() {
    let (_parent, path, store) = store();
    let copy = |name: &str| fs::read(path.join(name)).unwrap();
    let (old_key, old_file) = (copy(KEY), copy(DATABASE));
    let reader = FileStore::open_existing(&path).unwrap();
    let store = store.rekey(KeySource::Adjacent).unwrap();
    assert_ne!(copy(KEY), old_key);
    assert_eq!(
        (known(&store, "a"), known(&reader, "a")),
        (b"canary-global".to_vec(), b"canary-global".to_vec())
    );
    let new_key = copy(KEY);
    fs::write(path.join(KEY), old_key).unwrap();
    assert_eq!(
        FileStore::open_existing(&path).err(),
        Some(StoreError::WrongKey { path: path.join(DATABASE), key: path.join(KEY) })
    );
    // An older pair of files opens: the store does not protect against a rollback.
    fs::write(path.join(DATABASE), old_file).unwrap();
    assert_eq!(known(&FileStore::open_existing(&path).unwrap(), "a"), b"canary-global");
    fs::write(path.join(KEY), new_key).unwrap();
    reopen(&path);
}

#[test]
fn from_one_kind_of_key_to_every_other() {
    let (parent, path, mut store) = store();
    let key = key_file(parent.path(), &[9; 32]);
    let sources: [fn(&Path) -> KeySource; 5] = [
        |key| KeySource::File(key.to_path_buf()),
        |_| passphrase("correct horse"),
        |_| KeySource::Adjacent,
        |_| passphrase("battery staple"),
        |key| KeySource::File(key.to_path_buf()),
    ];
    for source in sources {
        store = store.rekey(source(&key)).unwrap();
        assert_eq!(known(&store, "a"), b"canary-global");
        let again = FileStore::open_existing_with(&path, source(&key)).unwrap();
        assert_eq!(known(&again, "a"), b"canary-global");
        assert_eq!(path.join(KEY).exists(), matches!(source(&key), KeySource::Adjacent));
    }
}

#[test]
fn a_key_that_is_there_but_unused_is_removed_by_the_next_writer() {
    let (_parent, path, _store) = store();
    fs::write(path.join(NEXT_KEY), [7; 32]).unwrap();
    fs::set_permissions(path.join(NEXT_KEY), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(known(&FileStore::open_existing(&path).unwrap(), "a"), b"canary-global");
    assert!(path.join(NEXT_KEY).exists());
    assert_eq!(known(&FileStore::open(&path).unwrap(), "a"), b"canary-global");
    assert!(!path.join(NEXT_KEY).exists());
}

#[test]
fn keys_are_chosen_in_their_order() {
    let named = PathBuf::from("operator.key");
    let chosen = KeySource::choose(Some(named.clone()), Some(secret(b"passphrase")));
    assert!(matches!(chosen, KeySource::File(path) if path == named));
    assert!(matches!(KeySource::choose(None, Some(secret(b"passphrase"))), KeySource::Passphrase(_)));
    assert!(matches!(KeySource::choose(None, None), KeySource::Adjacent));
}

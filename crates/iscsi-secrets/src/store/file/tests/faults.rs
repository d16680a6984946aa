//! Failures of every step of a writer: the store opens afterwards, and holds the old secrets or the new ones.

use super::*;
use crate::{HResult, SharedSecret, VdsServiceIscsi};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::NamedTempFile;

/// A disk that fails at one step, or at all steps from there on, as if the writer had died.
#[derive(Clone)]
pub(super) struct FaultyDisk {
    steps: Arc<AtomicUsize>,
    fails_at: usize,
    for_ever: bool,
}

impl FaultyDisk {
    fn step(&self) -> io::Result<()> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        let fails = step == self.fails_at || (self.for_ever && step > self.fails_at);
        if fails { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Disk for FaultyDisk {
    fn stage(&self, directory: &Path, name: &str) -> io::Result<NamedTempFile> {
        self.step()?;
        OsDisk.stage(directory, name)
    }

    /// Writes the first part of the content when it fails.
    fn write(&self, file: &mut fs::File, content: &[u8]) -> io::Result<()> {
        let failed = self.step();
        let bytes = if failed.is_ok() { content.len() } else { content.len() / 2 };
        OsDisk.write(file, &content[..bytes])?;
        failed
    }

    fn sync(&self, file: &fs::File) -> io::Result<()> {
        self.step()?;
        OsDisk.sync(file)
    }

    fn persist(&self, staged: NamedTempFile, path: &Path) -> io::Result<()> {
        self.step()?;
        OsDisk.persist(staged, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        OsDisk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        OsDisk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        OsDisk.remove(path)
    }
}

/// The work of a writer, including opening the store.
pub(super) type Work = fn(&Path, FaultyDisk) -> Result<(), StoreError>;

const LIMIT: Duration = FileStore::DEFAULT_LOCK_LIMIT;

const OLD: &[u8] = b"canary-global";
const NEW: &[u8] = b"another-secret";

fn set(path: &Path, disk: FaultyDisk) -> Result<(), StoreError> {
    let store = FileStore::open_on(path, KeySource::Adjacent, LIMIT, disk)?;
    store.set_reverse(Scope::Global, reverse(NEW))?;
    assert_eq!(known(&store, "a"), NEW);
    Ok(())
}

fn rekey(path: &Path, disk: FaultyDisk) -> Result<(), StoreError> {
    FileStore::open_on(path, KeySource::Adjacent, LIMIT, disk)?.rekey(KeySource::Adjacent).map(drop)
}

fn rekey_to_a_file(path: &Path, disk: FaultyDisk) -> Result<(), StoreError> {
    FileStore::open_on(path, KeySource::Adjacent, LIMIT, disk)?
        .rekey(KeySource::File(key_file(path)))
        .map(drop)
}

/// A key file of the operator, outside the store.
fn key_file(store: &Path) -> PathBuf {
    let path = store.with_file_name("operator.key");
    fs::write(&path, [7; 32]).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

/// Lets the work fail at each of its steps, and checks the remaining state. Returns the number of steps.
pub(super) fn fail_everywhere(
    work: Work,
    for_ever: bool,
    check: impl Fn(&Path, Result<(), StoreError>),
) -> usize {
    for fails_at in 0.. {
        let (_parent, path, _store) = store();
        let steps = Arc::new(AtomicUsize::new(0));
        let outcome = work(&path, FaultyDisk { steps: Arc::clone(&steps), fails_at, for_ever });
        let done = steps.load(Ordering::Relaxed) <= fails_at;
        assert!(done || outcome.is_err(), "step {fails_at} failed without an error");
        check(&path, outcome);
        if done {
            return fails_at;
        }
    }
    unreachable!("all work ends")
}

#[test]
fn a_change_on_a_failing_disk_is_made_or_not_made() {
    for for_ever in [false, true] {
        let steps = fail_everywhere(set, for_ever, |path, outcome| {
            let store = FileStore::open(path).unwrap();
            let expected = match &outcome {
                Err(error) if !error.is_in_force() => OLD,
                _ => NEW,
            };
            assert_eq!(known(&store, "a"), expected, "{outcome:?}");
            store.set_reverse(Scope::Global, reverse(NEW)).unwrap();
            assert_eq!(known(&FileStore::open_existing(path).unwrap(), "a"), NEW);
        });
        // Remove what was left behind, stage, write, sync, take the name, sync the directory.
        assert_eq!(steps, 5);
    }
}

#[test]
fn after_a_failed_change_a_store_can_be_changed_again() {
    for fails_at in 0..5 {
        let (_parent, path, _store) = store();
        let steps = Arc::new(AtomicUsize::new(0));
        let disk = FaultyDisk { steps, fails_at, for_ever: false };
        let store = FileStore::open_on(&path, KeySource::Adjacent, LIMIT, disk).unwrap();
        let error = store.set_reverse(Scope::Global, reverse(NEW)).unwrap_err();
        assert!(error.remedy().unwrap().contains("free some space"), "{error}");
        store.set_reverse(Scope::Global, reverse(NEW)).unwrap();
        assert_eq!(known(&store, "a"), NEW);
        assert_eq!(known(&FileStore::open_existing(&path).unwrap(), "a"), NEW);
    }
}

#[test]
fn a_first_use_on_a_failing_disk_is_repeated() {
    for for_ever in [false, true] {
        let begin: Work = |path, disk| {
            fs::remove_dir_all(path).unwrap();
            FileStore::open_on(path, KeySource::Adjacent, LIMIT, disk).map(drop)
        };
        let steps = fail_everywhere(begin, for_ever, |path, _| {
            assert_eq!(known(&FileStore::open(path).unwrap(), "a"), b"unknown");
        });
        // As many as a change of keys takes, and the names of the directory and of its key in the directory above.
        assert_eq!(steps, 14);
    }
}

#[test]
fn a_key_change_on_a_failing_disk_leaves_a_store_that_opens() {
    for for_ever in [false, true] {
        let steps = fail_everywhere(rekey, for_ever, |path, _| {
            // Reading needs no repair; the next writer makes it.
            assert_eq!(known(&FileStore::open_existing(path).unwrap(), "a"), OLD);
            assert_eq!(known(&FileStore::open(path).unwrap(), "a"), OLD);
            assert!(!path.join(NEXT_KEY).exists());
        });
        assert_eq!(steps, 12);
    }
}

#[test]
fn a_change_to_a_key_elsewhere_leaves_a_store_that_opens_with_one_of_them() {
    for for_ever in [false, true] {
        fail_everywhere(rekey_to_a_file, for_ever, |path, outcome| {
            let adjacent = FileStore::open_existing(path);
            let elsewhere = FileStore::open_existing_with(path, KeySource::File(key_file(path)));
            assert!(adjacent.is_ok() != elsewhere.is_ok(), "{outcome:?}");
            assert!(outcome.is_err() || elsewhere.is_ok());
            assert_eq!(known(&adjacent.or(elsewhere).ok().unwrap(), "a"), OLD);
        });
    }
}

/// After the last step the change is in force, but may be lost in a power failure.
#[test]
fn a_change_that_the_disk_does_not_confirm_has_an_error_of_its_own() {
    let (_parent, path, _store) = store();
    let disk = FaultyDisk { steps: Arc::default(), fails_at: 4, for_ever: false };
    let store = FileStore::open_on(&path, KeySource::Adjacent, LIMIT, disk).unwrap();
    let error = store.set_reverse(Scope::Global, reverse(NEW)).unwrap_err();
    assert_eq!(error, StoreError::Unsynced { path: path.clone(), kind: ErrorKind::StorageFull });
    assert!(error.is_in_force() && error.to_string().contains("in force"), "{error}");
    assert_eq!(known(&store, "a"), NEW);
    assert_eq!(known(&FileStore::open_existing(&path).unwrap(), "a"), NEW);
}

/// After an error nothing has changed, except for the one code that says otherwise.
#[test]
fn vds_tells_a_change_that_is_in_force_from_one_that_is_not() {
    for fails_at in 0..5 {
        let (_parent, path, _store) = store();
        let disk = FaultyDisk { steps: Arc::default(), fails_at, for_ever: false };
        let store = Arc::new(FileStore::open_on(&path, KeySource::Adjacent, LIMIT, disk).unwrap());
        let service = VdsServiceIscsi::new(Arc::clone(&store) as Arc<_>, "iqn.2001-04.com.example:host");
        let outcome =
            service.set_initiator_shared_secret(Some(&SharedSecret::of(b"set-by-vds-1")), uuid::Uuid::nil());
        let (bits, in_force) = if fails_at == 4 { (0x8007_0254, true) } else { (0x8007_0070, false) };
        assert_eq!(HResult::of(&outcome), HResult::from_bits(bits));
        assert_eq!(outcome.unwrap_err().is_in_force(), in_force);
        let expected = if in_force { &b"set-by-vds-1"[..] } else { OLD };
        assert_eq!(known(&store, "a"), expected, "step {fails_at}");
    }
}

/// The names of new parent directories, which may not be on disk yet.
#[test]
fn the_names_of_new_directories_are_synced() {
    let steps_of = |below: &str| {
        let parent = tempfile::tempdir().unwrap();
        let disk = FaultyDisk { steps: Arc::default(), fails_at: usize::MAX, for_ever: false };
        let steps = Arc::clone(&disk.steps);
        FileStore::open_on(&parent.path().join(below), KeySource::Adjacent, LIMIT, disk).unwrap();
        steps.load(Ordering::Relaxed)
    };
    assert_eq!(steps_of("a/b/store") - steps_of("store"), 2);
    let parent = tempfile::tempdir().unwrap();
    let disk = FaultyDisk { steps: Arc::default(), fails_at: 0, for_ever: false };
    let error = FileStore::open_on(&parent.path().join("store"), KeySource::Adjacent, LIMIT, disk).err();
    let path = parent.path().to_path_buf();
    assert_eq!(error, Some(StoreError::Io { action: "sync", path, kind: ErrorKind::StorageFull }));
}

//! Relocation of a store: after an interruption at any step, one of the two directories has it.

use super::faults::{FaultyDisk, Work, fail_everywhere};
use super::*;
use crate::store::file::relocation::{Relocating, Relocation};
use std::os::unix::fs::MetadataExt;

/// The directory that a store moves to.
fn new_place(old: &Path) -> PathBuf {
    old.with_file_name("new")
}

/// Adds files of other programs, which must not be touched.
fn add_files_of_others(path: &Path) {
    for (name, mode) in [("nodes", 0o600), ("ifaces", 0o644)] {
        fs::write(path.join(name), name).unwrap();
        fs::set_permissions(path.join(name), Permissions::from_mode(mode)).unwrap();
    }
    fs::write(path.join("isid"), "0a1b2c\n").unwrap();
    // As packages of open-iscsi make it.
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn relocate(old: &Path) -> Result<Relocation, StoreError> {
    FileStore::relocate(old, new_place(old), &["isid"])
}

#[test]
fn a_store_moves_with_its_companions_and_nothing_else_does() {
    let (_parent, old, _store) = store();
    add_files_of_others(&old);
    let isid = fs::metadata(old.join("isid")).unwrap().ino();
    assert_eq!(relocate(&old), Ok(Relocation::Moved));
    assert_eq!(names(&old), ["ifaces", "nodes"]);
    assert_eq!(names(&new_place(&old)), ["isid", "secrets.db", "store.key"]);
    assert_eq!(known(&FileStore::open_existing(new_place(&old)).unwrap(), "a"), b"canary-global");
    // The same inode, so running sessions keep their locks.
    assert_eq!(fs::metadata(new_place(&old).join("isid")).unwrap().ino(), isid);
    assert_eq!(relocate(&old), Ok(Relocation::Nothing));
}

#[test]
fn a_directory_that_holds_nothing_of_a_store_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let old = parent.path().join("old");
    assert_eq!(relocate(&old), Ok(Relocation::Nothing));
    fs::create_dir(&old).unwrap();
    fs::write(old.join("secrets.db"), "of somebody else").unwrap();
    fs::write(old.join("store.key"), [7; 32]).unwrap();
    assert_eq!(relocate(&old), Ok(Relocation::Nothing));
    assert_eq!(names(&old), ["secrets.db", "store.key"]);
    assert!(!new_place(&old).exists());
}

#[test]
fn companions_move_where_there_is_no_store() {
    let parent = tempfile::tempdir().unwrap();
    let old = parent.path().join("old");
    fs::create_dir(&old).unwrap();
    add_files_of_others(&old);
    assert_eq!(relocate(&old), Ok(Relocation::Moved));
    assert_eq!(names(&old), ["ifaces", "nodes"]);
    assert_eq!(names(&new_place(&old)), ["isid"]);
}

#[test]
fn of_two_stores_neither_is_touched() {
    let (_parent, old, _store) = store();
    let new = FileStore::open(new_place(&old)).unwrap();
    new.set_reverse(Scope::Global, reverse(b"secret-of-new")).unwrap();
    let before = [names(&old), names(&new_place(&old))];
    assert_eq!(relocate(&old), Ok(Relocation::Both));
    assert_eq!([names(&old), names(&new_place(&old))], before);
    assert_eq!(known(&FileStore::open_existing(&old).unwrap(), "a"), b"canary-global");
    assert_eq!(known(&new, "a"), b"secret-of-new");
}

#[test]
fn a_name_that_is_taken_by_another_file_stays_taken() {
    let (_parent, old, _store) = store();
    fs::write(old.join("isid"), "0a1b2c\n").unwrap();
    fs::create_dir(new_place(&old)).unwrap();
    fs::set_permissions(new_place(&old), Permissions::from_mode(0o700)).unwrap();
    fs::write(new_place(&old).join("isid"), "ffffff\n").unwrap();
    // A key without a store opens nothing.
    fs::write(new_place(&old).join(KEY), [7; 32]).unwrap();
    assert_eq!(relocate(&old), Ok(Relocation::Moved));
    assert_eq!(fs::read(new_place(&old).join("isid")).unwrap(), b"ffffff\n");
    assert_eq!(fs::read(old.join("isid")).unwrap(), b"0a1b2c\n");
    assert_eq!(relocate(&old), Ok(Relocation::Nothing), "the message must not be repeated forever");
    assert_eq!(known(&FileStore::open_existing(new_place(&old)).unwrap(), "a"), b"canary-global");
}

#[test]
fn a_store_that_others_can_reach_or_replace_does_not_move() {
    let (_parent, old, _store) = store();
    fs::set_permissions(old.join(DATABASE), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(relocate(&old), Err(StoreError::TooOpen { path: old.join(DATABASE), mode: 0o644 }));
    fs::set_permissions(old.join(DATABASE), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&old, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(relocate(&old), Err(StoreError::TooOpen { path: old.clone(), mode: 0o777 }));
    assert!(!new_place(&old).exists());
}

#[allow(clippy::needless_pass_by_value, reason = "the form of every work that may fail")]
fn move_store(old: &Path, disk: FaultyDisk) -> Result<(), StoreError> {
    fs::write(old.join("isid"), "0a1b2c\n").unwrap();
    Relocating { from: old, to: &new_place(old), companions: &["isid"], disk: &disk }.run().map(drop)
}

#[test]
fn whatever_interrupts_a_move_one_of_the_two_opens_and_the_next_run_ends_it() {
    for for_ever in [false, true] {
        let steps = fail_everywhere(move_store as Work, for_ever, |old, outcome| {
            let of = |path: &Path| FileStore::open_existing(path).ok().map(|store| known(&store, "a"));
            let (before, after) = (of(old), of(&new_place(old)));
            assert!(before.is_some() != after.is_some(), "{outcome:?}");
            assert_eq!(before.or(after).unwrap(), b"canary-global");
            // A program that finds this state runs the relocation again first.
            relocate(old).unwrap();
            assert_eq!(of(&new_place(old)).unwrap(), b"canary-global");
            assert_eq!(names(old), Vec::<String>::new(), "{outcome:?}");
            assert_eq!(names(&new_place(old)), ["isid", "secrets.db", "store.key"]);
        });
        // The name of the new directory; a removal and two links; their sync; the sealed file and its sync; five old
        // names.
        assert_eq!(steps, 12);
    }
}

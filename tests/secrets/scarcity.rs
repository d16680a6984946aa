//! Exhausted file systems: no space, no inode, no write access. Each is private to a child.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::change::Change;
use crate::expectation::refuses;
use crate::history::History;
use crate::mounted::remount;
use crate::store::{self, DATABASE, FileStore, Opening};

/// Fills a part of a small file system, and lets the store grow into the rest.
pub(crate) fn no_space_for_a_change(place: &Path) {
    let ballast = place.join("ballast");
    fs::write(&ballast, [7; 16 << 10]).unwrap();
    let (mut history, store) = opened(place);
    is_refused(&mut history, &store);
    fs::remove_file(&ballast).unwrap();
    goes_on(history, &store);
}

/// Creates as many other files as possible.
pub(crate) fn no_inode_for_a_change(place: &Path) {
    let (mut history, store) = opened(place);
    history.change(&store).unwrap();
    let ballast = fill(place, &[]);
    is_refused(&mut history, &store);
    fs::remove_dir_all(&ballast).unwrap();
    goes_on(history, &store);
}

/// Fills the file system.
pub(crate) fn no_space_for_a_first_use(place: &Path) {
    let ballast = fill(place, &[7; 4096]);
    let history = History::new(place.join("store"));
    for _ in 0..2 {
        let error = Opening::Creating.open(history.directory()).err().unwrap();
        refuses(&error, ErrorKind::StorageFull, history.directory());
        let error = Opening::Existing.open(history.directory()).err().unwrap();
        assert!(store::is_missing(&error), "{error:?}");
    }
    fs::remove_dir_all(&ballast).unwrap();
    let store = Opening::Creating.open(history.directory()).unwrap();
    goes_on(history, &store);
}

/// Checks that reading works, but changing and creating a store fail.
pub(crate) fn read_only(place: &Path) {
    let (mut history, store) = opened(place);
    for _ in 0..8 {
        history.change(&store).unwrap();
    }
    remount(place, "ro");
    history.is_true();
    for number in 0..20 {
        let error = store::apply(&store, Change::numbered(number)).unwrap_err();
        refuses(&error, ErrorKind::ReadOnlyFilesystem, history.directory());
    }
    let elsewhere = place.join("elsewhere");
    let error = Opening::Creating.open(&elsewhere).err().unwrap();
    refuses(&error, ErrorKind::ReadOnlyFilesystem, &elsewhere);
    history.is_true();
    remount(place, "rw");
    goes_on(history, &store);
}

fn opened(place: &Path) -> (History, FileStore) {
    let history = History::new(place.join("store"));
    let store = Opening::Creating.open(history.directory()).unwrap();
    (history, store)
}

/// Creates files with this content in a separate folder until there is no space for another.
fn fill(place: &Path, content: &[u8]) -> PathBuf {
    let folder = place.join("ballast");
    fs::create_dir(&folder).unwrap();
    let write = |number: u32| -> io::Result<()> { fs::write(folder.join(number.to_string()), content) };
    let error = (0..1000).find_map(|number| write(number).err()).expect("the file system is small");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    folder
}

/// Makes changes until one fails, repeatedly, and checks that the state before it is kept.
fn is_refused(history: &mut History, store: &FileStore) {
    for _ in 0..3 {
        let error = history.change_until_refused(store);
        refuses(&error, ErrorKind::StorageFull, &history.directory().join(DATABASE));
        assert_eq!(store::read(store).as_ref(), Ok(history.held()));
        history.is_true();
    }
}

/// Checks that the failed change now succeeds, in the same store handle and in a new one.
fn goes_on(mut history: History, store: &FileStore) {
    history.change(store).unwrap();
    history.change(&Opening::Existing.open(history.directory()).unwrap()).unwrap();
    history.is_true();
}

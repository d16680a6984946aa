//! Relocation of a store to another directory.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::FileStore;
use super::directory::{DATABASE, KEY, LOCK, NEXT_KEY, STAGED_KEY, StoreDirectory, lock_file};
use super::disk::{Disk, OsDisk};
use super::sealed::MAGIC;
use crate::error::StoreError;
use crate::permissions::{MOUNTED_DIRECTORY, STORE_FILE};

/// Files that are useless without their store.
const LEFT_BEHIND: [&str; 3] = [STAGED_KEY, "secrets.db.new", LOCK];

/// The outcome of [`FileStore::relocate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relocation {
    /// The old directory holds no store.
    Nothing,
    /// The files of the store are in the new directory.
    Moved,
    /// Both directories hold a store. Neither was changed.
    Both,
    /// The directories are on different file systems. Nothing was moved, since the new one may be temporary.
    OtherFileSystem,
}

impl FileStore {
    /// Moves a store, and the given companion files, out of a directory that it shares with other programs.
    ///
    /// Other files are not touched. Nothing is copied: every file first gets a second name in the new directory, then
    /// the sealed file is renamed in one step, then the old names are removed. After an interruption at any point one of
    /// the two directories has a complete store, and the next call continues. A file with a name that is taken in the
    /// new directory stays where it is.
    pub fn relocate(
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        companions: &[&str],
    ) -> Result<Relocation, StoreError> {
        Relocating { from: from.as_ref(), to: to.as_ref(), companions, disk: &OsDisk }.run()
    }
}

pub(super) struct Relocating<'a, D> {
    pub(super) from: &'a Path,
    pub(super) to: &'a Path,
    pub(super) companions: &'a [&'a str],
    pub(super) disk: &'a D,
}

impl<D: Disk + Clone + 'static> Relocating<'_, D> {
    pub(super) fn run(&self) -> Result<Relocation, StoreError> {
        let moves_store = holds_store(self.from)?;
        let there = exists(&self.to.join(DATABASE));
        if moves_store && there && !self.is_linked(DATABASE) {
            return Ok(Relocation::Both);
        }
        if !moves_store && !self.leaves_something(there) {
            return Ok(Relocation::Nothing);
        }
        let found = fs::metadata(self.from).map_err(|error| StoreError::io("open", self.from, &error))?;
        MOUNTED_DIRECTORY.check_named(&found, self.from)?;
        let to = StoreDirectory::create(self.to, Box::new(self.disk.clone()))?;
        if device(self.from)? != device(self.to)? {
            return Ok(Relocation::OtherFileSystem);
        }
        self.move_files(moves_store, &to)
    }

    /// Whether an earlier run left names behind, or companions remain to be moved.
    fn leaves_something(&self, store_is_there: bool) -> bool {
        let here = |name: &str| exists(&self.from.join(name));
        let movable = |name: &&str| here(name) && (!exists(&self.to.join(name)) || self.is_linked(name));
        let linked = || [KEY, NEXT_KEY].iter().any(|name| self.is_linked(name));
        let left_behind = || LEFT_BEHIND.iter().any(|name| here(name));
        self.companions.iter().any(movable) || (store_is_there && (linked() || left_behind()))
    }

    fn move_files(&self, moves_store: bool, to: &StoreDirectory) -> Result<Relocation, StoreError> {
        let _lock = moves_store.then(|| self.lock()).transpose()?;
        let keys: &[&str] = if moves_store { &[KEY, NEXT_KEY] } else { &[] };
        // Keys first: at no moment does the new directory have a sealed file without its key.
        for name in keys {
            self.link(name, true)?;
        }
        for name in self.companions {
            self.link(name, false)?;
        }
        to.sync()?;
        // Another process may have moved everything while this one waited for the lock.
        let old = self.from.join(DATABASE);
        if moves_store && exists(&old) && !self.is_linked(DATABASE) {
            let moved = self.disk.rename(&old, &self.to.join(DATABASE));
            moved.map_err(|error| StoreError::io("move", &old, &error))?;
            to.sync_change()?;
        }
        self.remove_old_names()?;
        Ok(Relocation::Moved)
    }

    /// Acquires the lock that other versions of the program take to write.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.from.join(LOCK);
        let opened = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| StoreError::io("open", &path, &error))?;
        lock_file(&file, &path, FileStore::DEFAULT_LOCK_LIMIT)?;
        Ok(file)
    }

    /// Gives a file a second name in the new directory. A file that already has this name stays, unless `replace` is set:
    /// an interrupted run may have linked a key that the store does not use any more.
    fn link(&self, name: &str, replace: bool) -> Result<(), StoreError> {
        let (from, to) = (self.from.join(name), self.to.join(name));
        if !exists(&from) || self.is_linked(name) {
            return Ok(());
        }
        let removed = if replace { self.disk.remove(&to) } else { Ok(()) };
        match removed.and_then(|()| self.disk.link(&from, &to)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked.map_err(|error| StoreError::io("create", &to, &error)),
        }
    }

    /// Removes the old names of files that have a new one, and files that are useless without the store.
    fn remove_old_names(&self) -> Result<(), StoreError> {
        let store_is_there = exists(&self.to.join(DATABASE));
        let own = LEFT_BEHIND.into_iter().filter(|_| store_is_there);
        let linked = [DATABASE, KEY, NEXT_KEY].into_iter().chain(self.companions.iter().copied());
        for name in linked.filter(|name| self.is_linked(name)).chain(own) {
            let path = self.from.join(name);
            self.disk.remove(&path).map_err(|error| StoreError::io("remove", &path, &error))?;
        }
        Ok(())
    }

    /// Whether this name is the same file in both directories.
    fn is_linked(&self, name: &str) -> bool {
        let identity = |path: &Path| path.symlink_metadata().ok().map(|found| (found.dev(), found.ino()));
        let (here, there) = (identity(&self.from.join(name)), identity(&self.to.join(name)));
        here.is_some() && here == there
    }
}

/// Whether the directory holds a sealed file of this user.
fn holds_store(directory: &Path) -> Result<bool, StoreError> {
    let path = directory.join(DATABASE);
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {}
        _ => return Ok(false),
    }
    let mut file = File::open(&path).map_err(|error| StoreError::io("open", &path, &error))?;
    if !begins_as_store(&mut file).map_err(|error| StoreError::io("read", &path, &error))? {
        return Ok(false);
    }
    STORE_FILE.check_open(&file, &path)?;
    Ok(true)
}

fn begins_as_store(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == MAGIC)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn device(path: &Path) -> Result<u64, StoreError> {
    let found = fs::metadata(path).map_err(|error| StoreError::io("open", path, &error))?;
    Ok(found.dev())
}

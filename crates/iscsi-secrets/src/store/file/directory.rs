//! The directory of a store: reading, replacing and locking its files.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::disk::{Content, Disk, Identity};
use crate::error::StoreError;
use crate::permissions::{self, Permissions};

/// The sealed file.
pub(super) const DATABASE: &str = "secrets.db";

/// The key in the directory of the store.
pub(super) const KEY: &str = "store.key";

/// The lock file of writers.
pub(super) const LOCK: &str = "secrets.lock";

/// A key of a store that is not complete yet. It takes its final name when the file sealed with it is on disk.
pub(super) const NEXT_KEY: &str = "store.key.next";

/// A [`NEXT_KEY`] that is not completely written yet.
pub(super) const STAGED_KEY: &str = "store.key.next.new";

/// A directory that only its owner can access.
pub(super) struct StoreDirectory {
    path: PathBuf,
    disk: Box<dyn Disk>,
}

impl StoreDirectory {
    /// Opens the directory at `path`. Missing directories are created durably, with mode 0700.
    pub(super) fn create(path: &Path, disk: Box<dyn Disk>) -> Result<Self, StoreError> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| is_missing(path)).collect();
        for path in missing.into_iter().rev() {
            match DirBuilder::new().mode(0o700).create(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(StoreError::io("create", path, &error));
                }
                _ => sync_parent(path, &*disk)?,
            }
        }
        Self::existing(path, disk)
    }

    /// Opens the existing directory at `path`.
    pub(super) fn existing(path: &Path, disk: Box<dyn Disk>) -> Result<Self, StoreError> {
        let directory = Self { path: path.to_path_buf(), disk };
        directory.examine()?;
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in the directory.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a file exists. A dangling link is an error.
    pub(super) fn holds(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        match path.try_exists() {
            Ok(false) if is_link(&path) => Err(StoreError::Dangling { path }),
            found => found.map_err(|error| StoreError::io("look for", &path, &error)),
        }
    }

    /// Returns the identity of a file, if it exists. Checks its permissions without opening it.
    ///
    /// The directory is not checked: a file that is still the same was not changed through it.
    pub(super) fn identity(&self, name: &str) -> Result<Option<Identity>, StoreError> {
        let path = self.file(name);
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found.map_err(|error| StoreError::io("open", &path, &error))?,
        };
        permissions::STORE_FILE.check_named(&metadata, &path)?;
        Ok(Some(Identity::of(&metadata)))
    }

    /// Reads a whole file of at most `limit` bytes; `None` if it does not exist.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Content>, StoreError> {
        self.examine()?;
        read_checked(&self.file(name), limit, &permissions::STORE_FILE)
    }

    /// Replaces the content of a file atomically: readers see the old or the new content, and so does the disk after a
    /// crash. Only after [`sync`](Self::sync) is the new content certain to be on disk.
    ///
    /// The caller holds the lock.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name);
        let written = self.stage(&format!("{name}.new"), content);
        let staged = written.map_err(|error| StoreError::io("write", &path, &error))?;
        let persisted = self.disk.persist(staged, &path);
        persisted.map_err(|error| StoreError::io("replace", &path, &error))
    }

    /// Renames a file durably. The caller holds the lock.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let path = self.file(to);
        let renamed = self.disk.rename(&self.file(from), &path);
        renamed.map_err(|error| StoreError::io("create", &path, &error))?;
        self.sync()
    }

    /// Removes a file durably. The caller holds the lock.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        self.disk.remove(&path).map_err(|error| StoreError::io("remove", &path, &error))?;
        self.sync()
    }

    /// Waits until this is the only writer in all processes, but no longer than `limit`. Dropping the returned file
    /// releases the lock.
    pub(super) fn lock(&self, name: &str, limit: Duration) -> Result<File, StoreError> {
        self.examine()?;
        let path = self.file(name);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| StoreError::io("open", &path, &error))?;
        permissions::STORE_FILE.check_open(&file, &path)?;
        lock_file(&file, &path, limit)?;
        Ok(file)
    }

    /// Waits until all names in the directory are on disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.synced().map_err(|error| StoreError::io("sync", &self.path, &error))
    }

    /// Waits until all names in the directory are on disk, after a change that is already in force.
    pub(super) fn sync_change(&self) -> Result<(), StoreError> {
        let unsynced =
            |error: io::Error| StoreError::Unsynced { path: self.path.clone(), kind: error.kind() };
        self.synced().map_err(unsynced)
    }

    /// Waits until the name of the directory itself is on disk.
    pub(super) fn sync_parent(&self) -> Result<(), StoreError> {
        sync_parent(&self.path, &*self.disk)
    }

    /// Writes a complete temporary file in the directory.
    fn stage(&self, name: &str, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
        let mut staged = self.disk.stage(&self.path, name)?;
        self.disk.write(staged.as_file_mut(), content)?;
        self.disk.sync(staged.as_file())?;
        Ok(staged)
    }

    fn synced(&self) -> io::Result<()> {
        File::open(&self.path).and_then(|directory| self.disk.sync(&directory))
    }

    fn examine(&self) -> Result<(), StoreError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(absent(&self.path)),
            Err(error) => Err(StoreError::io("open", &self.path, &error)),
            Ok(metadata) => permissions::STORE_DIRECTORY.check_named(&metadata, &self.path),
        }
    }
}

/// Reads a whole file of at most `limit` bytes, after a permission check; `None` if it does not exist.
pub(super) fn read_checked(
    path: &Path,
    limit: u64,
    permissions: &Permissions,
) -> Result<Option<Content>, StoreError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| StoreError::io("open", path, &error))?,
    };
    let metadata = permissions.check_open(&file, path)?;
    if metadata.len() > limit {
        return Err(StoreError::TooLarge { path: path.to_path_buf(), limit });
    }
    Content::read(file, &metadata).map(Some).map_err(|error| StoreError::io("read", path, &error))
}

/// Waits for the lock of a file, but no longer than `limit`.
pub(super) fn lock_file(file: &File, path: &Path, limit: Duration) -> Result<(), StoreError> {
    match lock_within(file, limit) {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Locked { path: path.to_path_buf(), limit }),
        Err(error) => Err(StoreError::io("lock", path, &error)),
    }
}

/// Polls for a lock, since no system call waits for one with a limit. Returns whether it was acquired.
fn lock_within(file: &File, limit: Duration) -> io::Result<bool> {
    const LONGEST_PAUSE: Duration = Duration::from_millis(2);
    let began = Instant::now();
    let mut pause = Duration::from_micros(50);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits until the name of this directory is on disk. A parent without read access, such as `/home`, is not synced.
fn sync_parent(path: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    match File::open(parent).and_then(|directory| disk.sync(&directory)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(|error| StoreError::io("sync", parent, &error)),
    }
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err()
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// The error for a missing path: the path does not exist, or a symbolic link in it is dangling.
pub(super) fn absent(path: &Path) -> StoreError {
    match path.ancestors().find(|path| !is_missing(path)) {
        Some(link) if is_link(link) && fs::metadata(link).is_err() => {
            StoreError::Dangling { path: link.to_path_buf() }
        }
        _ => StoreError::Missing { path: path.to_path_buf() },
    }
}

#[cfg(test)]
mod tests {
    use super::super::disk::OsDisk;
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn directory(path: &Path) -> StoreDirectory {
        StoreDirectory::create(path, Box::new(OsDisk)).unwrap()
    }

    #[test]
    fn replacing_leaves_one_private_file_even_after_a_writer_that_died() {
        let dir = tempfile::tempdir().unwrap();
        let directory = directory(&dir.path().join("a/b"));
        fs::write(directory.file("x.new"), b"left behind").unwrap();
        directory.replace("x", b"one").unwrap();
        directory.replace("x", b"two").unwrap();
        assert_eq!(directory.read("x", 3).unwrap().unwrap().bytes.as_slice(), b"two");
        assert_eq!(fs::metadata(directory.file("x")).unwrap().mode() & 0o7777, 0o600);
        assert!(!directory.holds("x.new").unwrap());
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let directory = directory(&dir.path().join("store"));
        directory.replace("x", b"four").unwrap();
        let error = StoreError::TooLarge { path: directory.file("x"), limit: 3 };
        assert_eq!(directory.read("x", 3).err(), Some(error));
        assert!(directory.read("absent", 3).unwrap().is_none());
    }

    #[test]
    fn a_file_that_was_replaced_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let directory = directory(&dir.path().join("store"));
        directory.replace("x", b"one").unwrap();
        let one = directory.read("x", 3).unwrap().unwrap();
        assert_eq!(directory.identity("x"), Ok(Some(one.identity)));
        directory.replace("x", b"two").unwrap();
        assert_ne!(directory.identity("x"), Ok(Some(one.identity)));
        assert_eq!(directory.identity("absent"), Ok(None));
    }
}

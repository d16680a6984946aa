//! The directory of a store: how its files are read and replaced.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::content::{Content, Identity};
use super::disk::Disk;
use crate::error::StoreError;
use crate::permissions::{self, Permissions};

/// A directory that only its owner can touch.
pub(super) struct StoreDirectory {
    path: PathBuf,
    disk: Box<dyn Disk>,
}

impl StoreDirectory {
    /// Takes the directory at `path`, made with mode 0700 if it is not there.
    pub(super) fn create(path: &Path, disk: Box<dyn Disk>) -> Result<Self, StoreError> {
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(StoreError::io("create", path, &error))
            }
            _ => Self::existing(path, disk),
        }
    }

    /// Takes the directory at `path`, which has to be there.
    pub(super) fn existing(path: &Path, disk: Box<dyn Disk>) -> Result<Self, StoreError> {
        let directory = Self { path: path.to_path_buf(), disk };
        directory.examine()?;
        Ok(directory)
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a file is there; only its owner can put it there.
    pub(super) fn holds(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        path.try_exists().map_err(|error| StoreError::io("look for", &path, &error))
    }

    /// By which the file is known at this moment, if it is there; judges it without opening it.
    ///
    /// The directory is not judged: whatever somebody did to it, a file that is still the same was not changed by it.
    pub(super) fn identity(&self, name: &str) -> Result<Option<Identity>, StoreError> {
        let path = self.file(name);
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found.map_err(|error| StoreError::io("open", &path, &error))?,
        };
        permissions::STORE_FILE.check_named(&metadata, &path)?;
        Ok(Some(Identity::of(&metadata)))
    }

    /// Reads a whole file of at most `limit` octets; `None` if it is not there.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Content>, StoreError> {
        self.examine()?;
        read_checked(&self.file(name), limit, &permissions::STORE_FILE)
    }

    /// Gives a file a new content: readers see the old one or the new one, and so does the disk after a crash.
    ///
    /// The caller holds the lock.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name);
        let written = self.stage(&format!("{name}.new"), content);
        let staged = written.map_err(|error| StoreError::io("write", &path, &error))?;
        let persisted = self.disk.persist(staged, &path);
        persisted.map_err(|error| StoreError::io("replace", &path, &error))?;
        self.sync()
    }

    /// Gives a file another name, durably. The caller holds the lock.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let path = self.file(to);
        let renamed = self.disk.rename(&self.file(from), &path);
        renamed.map_err(|error| StoreError::io("create", &path, &error))?;
        self.sync()
    }

    /// Removes a file, durably. The caller holds the lock.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        self.disk.remove(&path).map_err(|error| StoreError::io("remove", &path, &error))?;
        self.sync()
    }

    /// Waits until this is the only writer, in this process and all others. Dropping the file lets the next one in.
    pub(super) fn lock(&self, name: &str) -> Result<File, StoreError> {
        self.examine()?;
        let path = self.file(name);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| StoreError::io("open", &path, &error))?;
        permissions::STORE_FILE.check_open(&file, &path)?;
        lock_patiently(&file).map_err(|error| StoreError::io("lock", &path, &error))?;
        Ok(file)
    }

    /// Writes a complete file beside the one it will replace.
    fn stage(&self, name: &str, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
        let mut staged = self.disk.stage(&self.path, name)?;
        self.disk.write(staged.as_file_mut(), content)?;
        self.disk.sync(staged.as_file())?;
        Ok(staged)
    }

    fn sync(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.path).and_then(|directory| self.disk.sync(&directory));
        synced.map_err(|error| StoreError::io("sync", &self.path, &error))
    }

    fn examine(&self) -> Result<(), StoreError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(StoreError::Missing { path: self.path.clone() })
            }
            Err(error) => Err(StoreError::io("open", &self.path, &error)),
            Ok(metadata) => permissions::STORE_DIRECTORY.check_named(&metadata, &self.path),
        }
    }
}

/// Reads a whole file of at most `limit` bytes if it has these permissions; `None` if it is not there.
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

fn lock_patiently(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
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
        assert_eq!(directory.read("x", 3).unwrap().unwrap().octets.as_slice(), b"two");
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

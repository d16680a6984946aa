//! The directory of a store: who may touch it, and how its files are read and replaced.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::StoreError;

/// Room behind a file's content, so that reading to its end neither grows the buffer nor passes through another.
const READ_SLACK: u64 = 64;

/// A directory that only its owner can touch.
pub(super) struct StoreDirectory {
    path: PathBuf,
}

impl StoreDirectory {
    /// Takes the directory at `path`, made with mode 0700 if it is not there.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(system("create", path, &error)),
            _ => Self::existing(path),
        }
    }

    /// Takes the directory at `path`, which has to be there.
    pub(super) fn existing(path: &Path) -> Result<Self, StoreError> {
        let directory = Self { path: path.to_path_buf() };
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
        path.try_exists().map_err(|error| system("look for", &path, &error))
    }

    /// Reads a whole file of at most `limit` octets into a buffer that is wiped; `None` if it is not there.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.examine()?;
        let path = self.file(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| system("open", &path, &error))?,
        };
        let octets = examine_file(&file, &path)?.len();
        if octets > limit {
            return Err(StoreError::TooLarge { path, limit });
        }
        read_whole(file, octets).map(Some).map_err(|error| system("read", &path, &error))
    }

    /// Gives a file a new content: readers see the old one or the new one, and so does the disk after a crash.
    ///
    /// The caller holds the lock.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name);
        let staged =
            self.stage(&format!("{name}.new"), content).map_err(|error| system("write", &path, &error))?;
        staged.persist(&path).map_err(|error| system("replace", &path, &error.error))?;
        self.sync()
    }

    /// Gives a file another name, durably. The caller holds the lock.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let path = self.file(to);
        fs::rename(self.file(from), &path).map_err(|error| system("create", &path, &error))?;
        self.sync()
    }

    /// Waits until this is the only writer, in this process and all others. Dropping the file lets the next one in.
    pub(super) fn lock(&self, name: &str) -> Result<File, StoreError> {
        self.examine()?;
        let path = self.file(name);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| system("open", &path, &error))?;
        examine_file(&file, &path)?;
        lock_patiently(&file).map_err(|error| system("lock", &path, &error))?;
        Ok(file)
    }

    /// Writes a complete file beside the one it will replace. What an earlier writer left there is removed.
    fn stage(&self, name: &str, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut staged = tempfile::Builder::new()
            .prefix(name)
            .rand_bytes(0)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(&self.path)?;
        staged.write_all(content)?;
        staged.as_file().sync_all()?;
        Ok(staged)
    }

    fn sync(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.path).and_then(|directory| directory.sync_all());
        synced.map_err(|error| system("sync", &self.path, &error))
    }

    fn examine(&self) -> Result<(), StoreError> {
        let metadata = match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::Missing { path: self.path.clone() });
            }
            found => found.map_err(|error| system("open", &self.path, &error))?,
        };
        if !metadata.is_dir() {
            return Err(StoreError::WrongKind { path: self.path.clone(), expected: "directory" });
        }
        judge(&self.path, metadata.mode(), metadata.uid(), effective_user())
    }
}

/// Judges the file that was opened, not what its name leads to by now.
fn examine_file(file: &File, path: &Path) -> Result<Metadata, StoreError> {
    let metadata = file.metadata().map_err(|error| system("open", path, &error))?;
    if !metadata.is_file() {
        return Err(StoreError::WrongKind { path: path.to_path_buf(), expected: "file" });
    }
    judge(path, metadata.mode(), metadata.uid(), effective_user())?;
    Ok(metadata)
}

fn judge(path: &Path, mode: u32, owner: u32, user: u32) -> Result<(), StoreError> {
    if owner != user {
        return Err(StoreError::ForeignOwner { path: path.to_path_buf(), owner, user });
    }
    if mode & 0o077 != 0 {
        return Err(StoreError::TooOpen { path: path.to_path_buf(), mode: mode & 0o7777 });
    }
    Ok(())
}

fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn read_whole(file: File, octets: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let capacity = usize::try_from(octets + READ_SLACK).map_err(|_| ErrorKind::OutOfMemory)?;
    let mut content = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(octets).read_to_end(&mut content)?;
    Ok(content)
}

fn lock_patiently(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn system(action: &'static str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io { action, path: path.to_path_buf(), kind: error.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_owner_alone_can_touch_is_trusted() {
        let path = Path::new("store");
        assert_eq!(judge(path, 0o100_600, 7, 7), Ok(()));
        let too_open = StoreError::TooOpen { path: path.to_path_buf(), mode: 0o640 };
        assert_eq!(judge(path, 0o100_640, 7, 7), Err(too_open));
        let foreign = StoreError::ForeignOwner { path: path.to_path_buf(), owner: 8, user: 7 };
        assert_eq!(judge(path, 0o100_600, 8, 7), Err(foreign));
    }

    #[test]
    fn replacing_leaves_one_private_file_even_after_a_writer_that_died() {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoreDirectory::create(&dir.path().join("a/b")).unwrap();
        fs::write(directory.file("x.new"), b"left behind").unwrap();
        directory.replace("x", b"one").unwrap();
        directory.replace("x", b"two").unwrap();
        assert_eq!(directory.read("x", 3).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(fs::metadata(directory.file("x")).unwrap().mode() & 0o7777, 0o600);
        assert!(!directory.holds("x.new").unwrap());
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoreDirectory::create(&dir.path().join("store")).unwrap();
        directory.replace("x", b"four").unwrap();
        let error = StoreError::TooLarge { path: directory.file("x"), limit: 3 };
        assert_eq!(directory.read("x", 3).err(), Some(error));
        assert!(directory.read("absent", 3).unwrap().is_none());
    }
}

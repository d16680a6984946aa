//! One version of all files of a directory.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::{Found, PLACES};
use crate::error::StoreError;
use crate::permissions::{MOUNTED_DIRECTORY, MOUNTED_FILE, MOUNTED_LINK, Object};
use crate::secret_file::{self, SecretFileError, SecretFileFault, SecretOrigin};

/// Where Kubernetes keeps the current version: a link to a directory, replaced as one.
const CURRENT: &str = "..data";

/// What a look at the directory shows; as long as nothing is changed, the next one shows the same.
#[derive(PartialEq, Eq)]
pub(super) struct DirSnapshot {
    /// Where [`CURRENT`] leads. An error is that of one version too, which may be gone by now.
    current: Option<PathBuf>,
    pub(super) generation: Result<DirFiles, StoreError>,
}

/// The files that are there.
#[derive(PartialEq, Eq)]
pub(super) struct DirFiles {
    /// The directory that holds the files themselves.
    root: PathBuf,
    files: Vec<(&'static str, Stamp)>,
}

/// By which a file is known again that nobody has replaced or changed.
#[derive(PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl DirSnapshot {
    /// Looks at the directory.
    pub(super) fn at(directory: &Path) -> Self {
        let current = fs::read_link(directory.join(CURRENT)).ok();
        Self { current, generation: DirFiles::current(directory) }
    }
}

impl DirFiles {
    /// What is in the directory now. Judges the directory, and opens no file.
    fn current(directory: &Path) -> Result<Self, StoreError> {
        check_directory(directory)?;
        let root = current_root(directory)?;
        let mut files = Vec::new();
        for name in names() {
            files.extend(stamp(&root.join(name))?.map(|stamp| (name, stamp)));
        }
        Ok(Self { root, files })
    }

    /// Reads every file that was there.
    pub(super) fn read(&self) -> Result<Found, StoreError> {
        let read = |&(name, _): &(&'static str, Stamp)| Ok((name, read_trusted(&self.root.join(name))?));
        self.files.iter().map(read).collect()
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PLACES.iter().flat_map(|(_, keys)| *keys).flat_map(|keys| [keys.name, keys.secret])
}

/// The directory itself, or what Kubernetes has put in its place.
fn current_root(directory: &Path) -> Result<PathBuf, StoreError> {
    let link = directory.join(CURRENT);
    if lstat(&link)?.is_none() {
        return Ok(directory.to_path_buf());
    }
    let root = fs::canonicalize(&link).map_err(|error| StoreError::io("open", &link, &error))?;
    check_directory(&root)?;
    Ok(root)
}

/// `None` if nothing is there. A link that leads nowhere is an error: a secret is missing, not unset.
fn stamp(path: &Path) -> Result<Option<Stamp>, StoreError> {
    if lstat(path)?.is_none() {
        return Ok(None);
    }
    let file = fs::metadata(path).map_err(|error| StoreError::io("open", path, &error))?;
    Ok(Some(Stamp::of(&file)))
}

/// What is there, links not followed. Where others may add to the directory, a link of theirs decides nothing.
fn lstat(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("open", path, &error)),
        Ok(found) => MOUNTED_LINK.check_named(&found, path).map(|()| Some(found)),
    }
}

/// Checks the directory that files are read from.
fn check_directory(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StoreError::NoSecrets { path: path.to_path_buf() })
        }
        Err(error) => Err(StoreError::io("open", path, &error)),
        Ok(found) => MOUNTED_DIRECTORY.check_named(&found, path),
    }
}

/// Opens without waiting, in case it is a pipe, and judges what was opened.
fn read_trusted(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let blame = |fault| SecretFileError { origin: SecretOrigin::File(path.to_path_buf()), fault };
    let unopened = |error: io::Error| blame(SecretFileFault::Open(error.kind()));
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unopened)?;
    let metadata = file.metadata().map_err(unopened)?;
    MOUNTED_FILE.check(&metadata, Object::Open(&file)).map_err(|objection| blame(objection.into()))?;
    secret_file::read_bytes(file).map_err(blame)
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

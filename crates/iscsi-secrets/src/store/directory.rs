//! A read-only store: files that another program mounts or writes, such as Kubernetes, systemd or a secrets agent.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::change::{Capabilities, Change};
use crate::error::StoreError;
use crate::permissions::{MOUNTED_DIRECTORY, MOUNTED_FILE, MOUNTED_LINK, Object};
use crate::plain_credentials::{self, CredentialKeys, DISCOVERY, Found, PlainSource, SESSION};
use crate::scope::Scope;
use crate::secret_file;
use crate::secret_file_error::{SecretFileError, SecretFileFault, SecretOrigin};
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

/// The most attempts to read a directory that changes meanwhile.
const ATTEMPTS: usize = 8;

const PLACES: [(Scope, &[CredentialKeys]); 2] = [(Scope::Global, &SESSION), (Scope::Discovery, &DISCOVERY)];

/// A directory with one file for each of open-iscsi's settings, as a read-only store.
///
/// | file | content |
/// | --- | --- |
/// | `node.session.auth.username`, `.password` | the initiator's credential for all targets (forward) |
/// | `node.session.auth.username_in`, `.password_in` | the credential of all targets (reverse) |
/// | `discovery.sendtargets.auth.username`, `.password` | the initiator's credential for discovery |
/// | `discovery.sendtargets.auth.username_in`, `.password_in` | the target's credential for discovery |
///
/// A mounted Kubernetes secret of type `kubernetes.io/iscsi-chap` is such a directory, and so is
/// `/run/credentials/UNIT` of systemd. Every read returns the current files, all of one version: if a file changes
/// meanwhile, the directory is read again.
///
/// One line ending of a text is removed. A secret has 1 to 255 bytes. Without a user name the initiator sends its iSCSI
/// name, and accepts any name of the target. A user name without its password, and a directory without any password,
/// are errors.
///
/// Symbolic links are followed, and the opened file is checked: it has to belong to root or to the effective user, and
/// other users must have no rights to it. The directory has to belong to root or to the effective user too. Other users
/// may have write access only if it is sticky or mounted read-only, so that they cannot replace files.
pub struct DirectoryStore {
    path: PathBuf,
}

impl DirectoryStore {
    /// Opens the directory at `path`, which has to exist and hold secrets.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { path: path.as_ref().to_path_buf() };
        store.snapshot()?;
        Ok(store)
    }

    /// Reads all files, of one version: the directory is the same before and after reading.
    fn read(&self) -> Result<Found, StoreError> {
        let mut before = DirSnapshot::at(&self.path);
        for _ in 0..ATTEMPTS {
            let found = before.files.as_ref().map_err(Clone::clone).and_then(DirFiles::read);
            let after = DirSnapshot::at(&self.path);
            if before == after {
                return found;
            }
            before = after;
        }
        Err(StoreError::Unsettled { path: self.path.clone() })
    }
}

impl PlainSource for DirectoryStore {
    fn origin(&self, key: &'static str) -> SecretOrigin {
        SecretOrigin::File(self.path.join(key))
    }

    fn label(&self, key: &'static str) -> String {
        self.path.join(key).display().to_string()
    }
}

impl SecretStore for DirectoryStore {
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::PlainFiles(self.path.clone())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: false,
            global: true,
            writable: false,
            persistent: true,
            encrypted_at_rest: false,
        }
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        let snapshot = plain_credentials::snapshot_of(self, self.read()?, &PLACES)?;
        if snapshot.entries().is_empty() {
            return Err(StoreError::NoSecrets { path: self.path.clone() });
        }
        Ok(Arc::new(snapshot))
    }

    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let capabilities = self.capabilities();
        changes.iter().try_for_each(|change| capabilities.admit(change))
    }
}

/// The link to the current version that Kubernetes maintains. It leads to a directory and is replaced atomically.
const CURRENT: &str = "..data";

/// The state of a directory. Two equal states mean that nothing changed in between.
#[derive(PartialEq, Eq)]
struct DirSnapshot {
    /// The destination of [`CURRENT`]. It identifies the version even if `files` is an error.
    current: Option<PathBuf>,
    files: Result<DirFiles, StoreError>,
}

/// The files of a directory.
#[derive(PartialEq, Eq)]
struct DirFiles {
    /// The directory of the current version.
    root: PathBuf,
    files: Vec<(&'static str, Stamp)>,
}

/// The identity of a file that was neither replaced nor changed.
#[derive(PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl DirSnapshot {
    /// Examines the directory.
    fn at(directory: &Path) -> Self {
        let current = fs::read_link(directory.join(CURRENT)).ok();
        Self { current, files: DirFiles::current(directory) }
    }
}

impl DirFiles {
    /// Lists the current files. Checks the directory, but opens no file.
    fn current(directory: &Path) -> Result<Self, StoreError> {
        check_directory(directory)?;
        let root = current_root(directory)?;
        let mut files = Vec::new();
        for name in names() {
            files.extend(stamp(&root.join(name))?.map(|stamp| (name, stamp)));
        }
        Ok(Self { root, files })
    }

    /// Reads every listed file.
    fn read(&self) -> Result<Found, StoreError> {
        let read = |&(name, _): &(&'static str, Stamp)| Ok((name, read_trusted(&self.root.join(name))?));
        self.files.iter().map(read).collect()
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PLACES.iter().flat_map(|(_, keys)| *keys).flat_map(|keys| [keys.name, keys.secret])
}

/// The directory itself, or the current version that Kubernetes links to.
fn current_root(directory: &Path) -> Result<PathBuf, StoreError> {
    let link = directory.join(CURRENT);
    if lstat(&link)?.is_none() {
        return Ok(directory.to_path_buf());
    }
    let root = fs::canonicalize(&link).map_err(|error| StoreError::io("open", &link, &error))?;
    check_directory(&root)?;
    Ok(root)
}

/// Examines a file; `None` if it does not exist. A dangling link is an error: the secret is missing, not unset.
fn stamp(path: &Path) -> Result<Option<Stamp>, StoreError> {
    if lstat(path)?.is_none() {
        return Ok(None);
    }
    let file = fs::metadata(path).map_err(|error| StoreError::io("open", path, &error))?;
    Ok(Some(Stamp::of(&file)))
}

/// Examines a directory entry without following links. Links of other users are an error.
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

/// Opens a file without blocking on a pipe, checks its permissions and reads it.
fn read_trusted(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let error_of = |fault| SecretFileError { origin: SecretOrigin::File(path.to_path_buf()), fault };
    let unopened = |error: io::Error| error_of(SecretFileFault::Open(error.kind()));
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unopened)?;
    let metadata = file.metadata().map_err(unopened)?;
    MOUNTED_FILE.check(&metadata, Object::Open(&file)).map_err(|fault| error_of(fault.into()))?;
    secret_file::read_bytes(file).map_err(error_of)
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

#[cfg(test)]
mod tests;

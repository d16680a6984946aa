//! Secrets in files that something else mounts or writes, such as Kubernetes, systemd or a Vault agent.

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

/// How often a directory is read anew that changes meanwhile.
const ATTEMPTS: usize = 8;

const PLACES: [(Scope, &[CredentialKeys]); 2] = [(Scope::Global, &SESSION), (Scope::Discovery, &DISCOVERY)];

/// A directory with one file for each of open-iscsi's keys, as a store that is only read.
///
/// | file | what it holds |
/// | --- | --- |
/// | `node.session.auth.username`, `.password` | what we prove to every target |
/// | `node.session.auth.username_in`, `.password_in` | what every target must prove |
/// | `discovery.sendtargets.auth.username`, `.password` | what we prove in discoveries |
/// | `discovery.sendtargets.auth.username_in`, `.password_in` | what must be proved in discoveries |
///
/// A mounted Kubernetes secret of type `kubernetes.io/iscsi-chap` is such a directory, and so is
/// `/run/credentials/UNIT` of systemd. Every read sees the files as they are then, and all of one version: a change
/// in between is noticed, and they are read anew.
///
/// One line ending of a text is left off. A secret has 1 to 255 bytes; without a user name the initiator name is sent,
/// or any accepted. A user name without its password, and a directory without any password, are errors.
///
/// Links are followed, and the file that was opened is judged: it has to belong to root or to the effective user, and
/// nobody else may have a right to it. The directory has to belong to one of the two as well; others may have the right
/// to write to it only where that lets them replace nothing, which is where it is sticky or mounted read-only.
pub struct DirectoryStore {
    path: PathBuf,
}

impl DirectoryStore {
    /// Takes the directory at `path`, which has to be there with what belongs into it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { path: path.as_ref().to_path_buf() };
        store.snapshot()?;
        Ok(store)
    }

    /// All files, of one version: what was there before they were read is still there afterwards.
    fn read(&self) -> Result<Found, StoreError> {
        let mut before = DirSnapshot::at(&self.path);
        for _ in 0..ATTEMPTS {
            let found = before.generation.as_ref().map_err(Clone::clone).and_then(DirFiles::read);
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

/// Where Kubernetes keeps the current version: a link to a directory, replaced as one.
const CURRENT: &str = "..data";

/// What a look at the directory shows; as long as nothing is changed, the next one shows the same.
#[derive(PartialEq, Eq)]
struct DirSnapshot {
    /// Where [`CURRENT`] leads. An error is that of one version too, which may be gone by now.
    current: Option<PathBuf>,
    generation: Result<DirFiles, StoreError>,
}

/// The files that are there.
#[derive(PartialEq, Eq)]
struct DirFiles {
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
    fn at(directory: &Path) -> Self {
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
    fn read(&self) -> Result<Found, StoreError> {
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
    MOUNTED_FILE.check(&metadata, Object::Open(&file)).map_err(|fault| blame(fault.into()))?;
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

#[cfg(test)]
mod tests;

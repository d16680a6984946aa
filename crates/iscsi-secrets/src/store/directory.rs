//! Secrets in files that something else mounts or writes, such as Kubernetes, systemd or a Vault agent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::plain::{self, Found, PlainSource};
use crate::capabilities::Capabilities;
use crate::change::Change;
use crate::credential_keys::{CredentialKeys, DISCOVERY, SESSION};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::secret_file::SecretOrigin;
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

mod generation;

use generation::{DirFiles, DirSnapshot};

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
    fn origin(&self, place: &'static str) -> SecretOrigin {
        SecretOrigin::File(self.path.join(place))
    }

    fn label(&self, place: &'static str) -> String {
        self.path.join(place).display().to_string()
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
        let snapshot = plain::snapshot_of(self, self.read()?, &PLACES)?;
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

#[cfg(test)]
mod tests;

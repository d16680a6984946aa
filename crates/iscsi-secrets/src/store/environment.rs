//! Secrets in the environment of the process, under libiscsi's names.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::change::Capabilities;
use crate::change::Change;
use crate::credential::ForwardCredential;
use crate::credential::ReverseLookup;
use crate::error::StoreError;
use crate::plain_credentials::{self, CredentialKeys, Found, PlainSource};
use crate::scope::{Direction, Scope};
use crate::secret_file_error::SecretOrigin;
use crate::store::{SecretStore, StoreOrigin};
use crate::store_snapshot::StoreSnapshot;

/// The variables that libiscsi reads, as a store that is only read: one secret of each direction, for every target.
///
/// Every read sees the variables as they are then. An empty one counts as unset, and where none is set the store holds
/// nothing. A user name without its password is an error. There are no secrets of single targets, so behind the VDS
/// door rule R3 applies.
pub struct EnvironmentStore {
    lookup: Lookup,
}

type Lookup = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

static KEYS: [CredentialKeys; 2] = [
    CredentialKeys {
        direction: Direction::Forward,
        name: EnvironmentStore::USERNAME,
        secret: EnvironmentStore::PASSWORD,
    },
    CredentialKeys {
        direction: Direction::Reverse,
        name: EnvironmentStore::TARGET_USERNAME,
        secret: EnvironmentStore::TARGET_PASSWORD,
    },
];

impl EnvironmentStore {
    /// The CHAP name that we send.
    pub const USERNAME: &str = "LIBISCSI_CHAP_USERNAME";
    /// The secret that we prove.
    pub const PASSWORD: &str = "LIBISCSI_CHAP_PASSWORD";
    /// The CHAP name that the target must send.
    pub const TARGET_USERNAME: &str = "LIBISCSI_CHAP_TARGET_USERNAME";
    /// The secret that the target must prove.
    pub const TARGET_PASSWORD: &str = "LIBISCSI_CHAP_TARGET_PASSWORD";

    /// The environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::reading(|name| env::var_os(name))
    }

    /// Another environment.
    fn reading(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { lookup: Box::new(lookup) }
    }

    /// The initiator's credential in [`USERNAME`](Self::USERNAME) and [`PASSWORD`](Self::PASSWORD). The variables of the
    /// other direction are not looked at.
    pub fn forward_credential(&self) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        let [forward, _] = &KEYS;
        self.snapshot_of(std::slice::from_ref(forward))?.own_forward(&Scope::Global)
    }

    /// The target's credential in [`TARGET_USERNAME`](Self::TARGET_USERNAME) and
    /// [`TARGET_PASSWORD`](Self::TARGET_PASSWORD). The variables of the other direction are not looked at.
    pub fn reverse_credential(&self) -> Result<ReverseLookup, StoreError> {
        let [_, reverse] = &KEYS;
        self.snapshot_of(std::slice::from_ref(reverse))?.own_reverse(&Scope::Global)
    }

    fn snapshot_of(&self, keys: &'static [CredentialKeys]) -> Result<StoreSnapshot, StoreError> {
        let variables = keys.iter().flat_map(|keys| [keys.name, keys.secret]);
        let found: Found = variables.filter_map(|name| Some((name, self.bytes(name)?))).collect();
        plain_credentials::snapshot_of(self, found, &[(Scope::Global, keys)])
    }

    fn bytes(&self, variable: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = Zeroizing::new((self.lookup)(variable)?.into_vec());
        (!bytes.is_empty()).then_some(bytes)
    }
}

impl Default for EnvironmentStore {
    fn default() -> Self {
        Self::new()
    }
}

impl PlainSource for EnvironmentStore {
    fn origin(&self, key: &'static str) -> SecretOrigin {
        SecretOrigin::Variable(key)
    }

    fn label(&self, key: &'static str) -> String {
        key.to_owned()
    }
}

impl SecretStore for EnvironmentStore {
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::Environment
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: false,
            global: true,
            writable: false,
            persistent: false,
            encrypted_at_rest: false,
        }
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        self.snapshot_of(&KEYS).map(Arc::new)
    }

    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let capabilities = self.capabilities();
        changes.iter().try_for_each(|change| capabilities.admit(change))
    }
}

#[cfg(test)]
mod tests;

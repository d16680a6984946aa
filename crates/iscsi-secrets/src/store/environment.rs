//! A read-only store: libiscsi's environment variables.

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

/// The environment variables of libiscsi as a read-only store: one global secret for each direction.
///
/// Every read uses the current values. An empty variable counts as unset, and if none is set the store is empty. A user
/// name without its password is an error. There are no secrets for single targets, so rule R3 applies to the VDS API.
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
    /// The CHAP name that the initiator sends.
    pub const USERNAME: &str = "LIBISCSI_CHAP_USERNAME";
    /// The initiator's secret.
    pub const PASSWORD: &str = "LIBISCSI_CHAP_PASSWORD";
    /// The CHAP name that the target has to send.
    pub const TARGET_USERNAME: &str = "LIBISCSI_CHAP_TARGET_USERNAME";
    /// The target's secret.
    pub const TARGET_PASSWORD: &str = "LIBISCSI_CHAP_TARGET_PASSWORD";

    /// The environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::reading(|name| env::var_os(name))
    }

    /// A store over another environment.
    fn reading(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { lookup: Box::new(lookup) }
    }

    /// The initiator's credential in [`USERNAME`](Self::USERNAME) and [`PASSWORD`](Self::PASSWORD). The variables of the
    /// other direction are not read.
    pub fn forward_credential(&self) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        let [forward, _] = &KEYS;
        self.snapshot_of(std::slice::from_ref(forward))?.own_forward(&Scope::Global)
    }

    /// The target's credential in [`TARGET_USERNAME`](Self::TARGET_USERNAME) and
    /// [`TARGET_PASSWORD`](Self::TARGET_PASSWORD). The variables of the other direction are not read.
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
        // The system returns a copy, which `Zeroizing` wipes. The variable itself stays as long as the process.
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

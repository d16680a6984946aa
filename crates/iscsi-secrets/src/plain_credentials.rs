//! Credentials that other programs keep in the clear, with CHAP name and secret in separate places.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::change::Change;
use crate::error::StoreError;
use crate::scope::{Direction, Scope};
use crate::secret::Secret;
use crate::secret_file;
use crate::secret_file_error::{SecretFileError, SecretFileFault, SecretOrigin};
use crate::store_snapshot::StoreSnapshot;

/// The keys of one credential.
#[derive(Debug)]
pub(crate) struct CredentialKeys {
    pub(crate) direction: Direction,
    /// The key of the CHAP name.
    pub(crate) name: &'static str,
    pub(crate) secret: &'static str,
}

/// The keys for logins to targets.
#[cfg(feature = "file")]
pub(crate) const SESSION: [CredentialKeys; 2] = [
    CredentialKeys {
        direction: Direction::Forward,
        name: "node.session.auth.username",
        secret: "node.session.auth.password",
    },
    CredentialKeys {
        direction: Direction::Reverse,
        name: "node.session.auth.username_in",
        secret: "node.session.auth.password_in",
    },
];

/// The keys for discovery.
#[cfg(feature = "file")]
pub(crate) const DISCOVERY: [CredentialKeys; 2] = [
    CredentialKeys {
        direction: Direction::Forward,
        name: "discovery.sendtargets.auth.username",
        secret: "discovery.sendtargets.auth.password",
    },
    CredentialKeys {
        direction: Direction::Reverse,
        name: "discovery.sendtargets.auth.username_in",
        secret: "discovery.sendtargets.auth.password_in",
    },
];

/// Values found in a source, by key.
pub(crate) type Found = BTreeMap<&'static str, Zeroizing<Vec<u8>>>;

/// A kind of source, such as a directory or the environment.
pub(crate) trait PlainSource {
    /// The origin of a value, for errors.
    fn origin(&self, key: &'static str) -> SecretOrigin;

    /// The full name of a key, for messages.
    fn label(&self, key: &'static str) -> String;
}

/// Collects the credentials of one source in a snapshot.
pub(crate) fn snapshot_of(
    source: &impl PlainSource,
    mut found: Found,
    scopes: &[(Scope, &[CredentialKeys])],
) -> Result<StoreSnapshot, StoreError> {
    let mut snapshot = StoreSnapshot::new();
    for (scope, keys) in scopes {
        for keys in *keys {
            add(&mut snapshot, source, &mut found, scope, keys)?;
        }
    }
    Ok(snapshot)
}

/// Adds one credential, if it is there. A name without its secret is an error: ignoring it would silently weaken
/// authentication.
fn add(
    snapshot: &mut StoreSnapshot,
    source: &impl PlainSource,
    found: &mut Found,
    scope: &Scope,
    keys: &CredentialKeys,
) -> Result<(), StoreError> {
    let fault_of = |key| move |fault| SecretFileError { origin: source.origin(key), fault };
    let name = found.remove(keys.name).map(|bytes| chap_name(&bytes)).transpose();
    let name = name.map_err(fault_of(keys.name))?;
    match (name, found.remove(keys.secret)) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(StoreError::IncompleteCredential {
            found: source.label(keys.name),
            missing: source.label(keys.secret),
        }),
        (name, Some(bytes)) => {
            let secret = secret(bytes).map_err(fault_of(keys.secret))?;
            let change = Change::set(keys.direction, scope.clone(), name, secret);
            snapshot.apply(change.map_err(|_| SecretFileFault::NotAName).map_err(fault_of(keys.name))?)
        }
    }
}

fn chap_name(bytes: &[u8]) -> Result<String, SecretFileFault> {
    match str::from_utf8(bytes) {
        Ok(name) if secret_file::is_text(bytes) => Ok(name.to_owned()),
        _ => Err(SecretFileFault::NotAName),
    }
}

fn secret(bytes: Zeroizing<Vec<u8>>) -> Result<Secret, SecretFileFault> {
    if bytes.is_empty() {
        return Err(SecretFileFault::Empty);
    }
    // The secret is kept in locked memory, and the value that was read is wiped.
    Secret::from_zeroizing(bytes).map_err(|_| SecretFileFault::TooLong)
}

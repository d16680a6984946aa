//! Credentials that something else keeps in the clear, each half in a place of its own.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::credential_keys::CredentialKeys;
use crate::error::StoreError;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::secret_file::{self, SecretFileError, SecretFileFault, SecretOrigin};
use crate::store_snapshot::StoreSnapshot;

/// What was found, by the place where it stood.
pub(super) type Found = BTreeMap<&'static str, Zeroizing<Vec<u8>>>;

/// A kind of source, such as a directory or the environment.
pub(super) trait PlainSource {
    /// How a place is called in errors.
    fn origin(&self, place: &'static str) -> SecretOrigin;

    /// The name of a place alone.
    fn label(&self, place: &'static str) -> String;
}

/// A snapshot with the credentials of one source.
pub(super) fn snapshot_of(
    source: &impl PlainSource,
    mut found: Found,
    places: &[(Scope, &[CredentialKeys])],
) -> Result<StoreSnapshot, StoreError> {
    let mut snapshot = StoreSnapshot::new();
    for (scope, keys) in places {
        for keys in *keys {
            add(&mut snapshot, source, &mut found, scope, keys)?;
        }
    }
    Ok(snapshot)
}

/// Adds one credential, if it is there. A name without its secret would be silently less authentication.
fn add(
    snapshot: &mut StoreSnapshot,
    source: &impl PlainSource,
    found: &mut Found,
    scope: &Scope,
    keys: &CredentialKeys,
) -> Result<(), StoreError> {
    let blame = |place| move |fault| SecretFileError { origin: source.origin(place), fault };
    let name = found.remove(keys.name).map(|bytes| chap_name(&bytes)).transpose();
    let name = name.map_err(blame(keys.name))?;
    match (name, found.remove(keys.secret)) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(StoreError::IncompleteCredential {
            found: source.label(keys.name),
            missing: source.label(keys.secret),
        }),
        (name, Some(bytes)) => {
            let secret = secret(bytes).map_err(blame(keys.secret))?;
            let change = keys.direction.change(scope.clone(), name, secret);
            snapshot.apply(change.map_err(|_| SecretFileFault::NotAName).map_err(blame(keys.name))?)
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
    Secret::from_zeroizing(bytes).map_err(|_| SecretFileFault::TooLong)
}

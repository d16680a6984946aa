//! Where the key of a sealed store comes from.

use std::env;
use std::path::{Path, PathBuf};

use super::directory::read_checked;
use crate::error::StoreError;
use crate::permissions::KEY_FILE;
use crate::secret::Secret;
use crate::store_key::StoreKey;

/// More than any key file holds, in bytes; a longer one is not read.
pub(super) const MAX_KEY_FILE_BYTES: u64 = 4096;

/// Where the key of a [`FileStore`](super::FileStore) comes from.
///
/// A source that is named is the only one tried: nobody can put a store under another key in its place.
#[non_exhaustive]
pub enum KeySource {
    /// A file of exactly 32 random bytes, to which its owner alone has a right.
    File(PathBuf),
    /// A passphrase, made into a key by Argon2id. Its strength is that of the passphrase.
    Passphrase(Secret),
    /// The file `store.key` beside the store, made on first use. It protects copies and backups that hold only one of
    /// the two files; it does not protect from whoever can read both, such as root.
    Adjacent,
}

impl KeySource {
    /// The name of the systemd credential that holds a key: `LoadCredentialEncrypted=iscsi-store-key`.
    pub const CREDENTIAL: &str = "iscsi-store-key";

    /// The first of these that there is: the key file that was named; the credential
    /// [`CREDENTIAL`](Self::CREDENTIAL) in `$CREDENTIALS_DIRECTORY`; the passphrase; the key beside the store.
    #[must_use]
    pub fn choose(key_file: Option<PathBuf>, passphrase: Option<Secret>) -> Self {
        match (key_file.or_else(credential), passphrase) {
            (Some(path), _) => Self::File(path),
            (None, Some(passphrase)) => Self::Passphrase(passphrase),
            (None, None) => Self::Adjacent,
        }
    }
}

/// The key that systemd hands to a service, if it does.
fn credential() -> Option<PathBuf> {
    let directory = env::var_os("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty())?;
    let path = Path::new(&directory).join(KeySource::CREDENTIAL);
    // What cannot be examined is there for all we know, and will be an error.
    path.try_exists().unwrap_or(true).then_some(path)
}

/// Reads the key in a file that was named.
pub(super) fn read_key(path: &Path) -> Result<StoreKey, StoreError> {
    let content = read_checked(path, MAX_KEY_FILE_BYTES, &KEY_FILE)?;
    let content = content.ok_or_else(|| StoreError::KeyGone { path: path.to_path_buf() })?;
    StoreKey::from_bytes(&content.bytes).ok_or_else(|| StoreError::KeyLength { path: path.to_path_buf() })
}

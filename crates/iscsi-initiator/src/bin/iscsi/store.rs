//! The secret store of a command.

pub(crate) mod state_directory;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::{AuthenticationMode, AuthenticationRequest};
use iscsi_secrets::{
    Capabilities, Change, DirectoryStore, EnvironmentStore, FileStore, KeySource, SecretStore, StoreError,
    StoreOrigin, StoreSnapshot,
};

use crate::arguments::values::StorePlace;
use crate::arguments::{StoreChangeOptions, StoreOptions};
use crate::credentials::secret_source;
use crate::failure::Failure;
use crate::messages::note;
use state_directory::{foreign_home, state_directory};

/// Returns the store for a login. If the login needs no secret of it, only its policy and the reuse of secrets matter: a
/// store that cannot be read does not stop the login, and the session reports that; a store without a policy is not opened
/// for a login without authentication.
pub(crate) fn for_login(
    options: &StoreOptions,
    request: &AuthenticationRequest,
) -> Result<Arc<dyn SecretStore>, Failure> {
    let has_no_policy = matches!(options.store, Some(StorePlace::Plain(_) | StorePlace::Environment));
    if has_no_policy && request.mode == AuthenticationMode::None {
        return Ok(Arc::new(FrozenStore::empty()));
    }
    match for_reading(options) {
        Err(Failure::Store(error)) if !request.takes_from_store() => {
            Ok(Arc::new(FrozenStore::unreadable(error)))
        }
        Err(Failure::SecretFile(error)) if !request.takes_from_store() => {
            Ok(Arc::new(FrozenStore::unreadable(error.into())))
        }
        store => store,
    }
}

/// Returns the store to read from. It is not created: a named store has to exist, and a missing default store counts as
/// empty. A store that exists and cannot be read is an error, never an empty store.
pub(crate) fn for_reading(options: &StoreOptions) -> Result<Arc<dyn SecretStore>, Failure> {
    match &options.store {
        Some(StorePlace::Plain(directory)) => Ok(Arc::new(DirectoryStore::open(directory)?)),
        Some(StorePlace::Environment) => Ok(Arc::new(EnvironmentStore::new())),
        Some(StorePlace::Sealed(directory)) => {
            Ok(Arc::new(open_existing(options, directory, FileStore::DEFAULT_LOCK_LIMIT)?))
        }
        None => default_for_reading(options),
    }
}

fn default_for_reading(options: &StoreOptions) -> Result<Arc<dyn SecretStore>, Failure> {
    let Some(directory) = state_directory() else {
        return Ok(Arc::new(FrozenStore::absent(PathBuf::from("~/.local/state/iscsi"))));
    };
    match open_existing(options, &directory, FileStore::DEFAULT_LOCK_LIMIT) {
        Ok(store) => Ok(Arc::new(store)),
        Err(Failure::Store(StoreError::Missing { .. })) => Ok(Arc::new(FrozenStore::absent(directory))),
        Err(error) => Err(error),
    }
}

/// Returns the store to change; it has to exist.
pub(crate) fn existing(options: &StoreChangeOptions) -> Result<FileStore, Failure> {
    let store = &options.store;
    open_existing(store, &directory(store)?, options.lock_limit())
}

/// Returns the store to add to. It is created on first use, with a note on what protects it.
pub(crate) fn made_if_missing(options: &StoreChangeOptions) -> Result<FileStore, Failure> {
    let (directory, key) = (directory(&options.store)?, key_source(&options.store)?);
    let adjacent = matches!(key, KeySource::Adjacent);
    let store = FileStore::open_within(&directory, key, options.lock_limit())?;
    if store.is_new() {
        note(&format!("created the secret store {}", directory.display()));
        if adjacent {
            note(
                "its key is beside it: copies and backups of only one of the two files reveal nothing; anyone who can read \
                 both, such as root, can read the secrets (`iscsi secret rekey --help` describes other keys)",
            );
        }
    }
    Ok(store)
}

fn open_existing(
    options: &StoreOptions,
    directory: &Path,
    lock_limit: Duration,
) -> Result<FileStore, Failure> {
    Ok(FileStore::open_existing_within(directory, key_source(options)?, lock_limit)?)
}

/// The directory of the encrypted store.
fn directory(options: &StoreOptions) -> Result<PathBuf, Failure> {
    match &options.store {
        Some(StorePlace::Sealed(directory)) => Ok(directory.clone()),
        Some(StorePlace::Plain(_) | StorePlace::Environment) => Err(StoreError::ReadOnly.into()),
        None => state_directory().ok_or_else(|| {
            Failure::usage("there is no directory for the secret store", "name one with --store PATH")
        }),
    }
}

/// The key of the encrypted store: the named file, the systemd credential, the passphrase, or the file beside the store.
fn key_source(options: &StoreOptions) -> Result<KeySource, Failure> {
    let passphrase = options.passphrase_file.as_deref().map(secret_source::read_passphrase).transpose()?;
    Ok(KeySource::choose(options.key_file.clone(), passphrase))
}

/// A store as it was at one moment, or the reason why it could not be read.
pub(crate) struct FrozenStore {
    origin: StoreOrigin,
    outcome: Result<Arc<StoreSnapshot>, StoreError>,
}

impl FrozenStore {
    /// The store as it is now.
    pub(crate) fn of(store: &dyn SecretStore) -> Self {
        Self { origin: store.origin(), outcome: store.snapshot() }
    }

    /// A store with nothing in it.
    fn empty() -> Self {
        Self { origin: StoreOrigin::Other, outcome: Ok(Arc::default()) }
    }

    /// The default directory, which holds no store.
    fn absent(path: PathBuf) -> Self {
        let origin = StoreOrigin::Missing { path, foreign_home: foreign_home() };
        Self { origin, outcome: Ok(Arc::default()) }
    }

    fn unreadable(error: StoreError) -> Self {
        Self { origin: StoreOrigin::Other, outcome: Err(error) }
    }
}

impl SecretStore for FrozenStore {
    fn origin(&self) -> StoreOrigin {
        self.origin.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            per_target: true,
            global: true,
            writable: false,
            persistent: false,
            encrypted_at_rest: false,
        }
    }

    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError> {
        self.outcome.clone()
    }

    fn snapshot_now(&self) -> Option<Arc<StoreSnapshot>> {
        self.outcome.clone().ok()
    }

    fn apply_all(&self, _: Vec<Change>) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }
}

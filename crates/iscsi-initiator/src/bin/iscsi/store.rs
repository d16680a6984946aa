//! Which secret store is used.

use std::path::Path;
use std::sync::Arc;

use iscsi_secrets::{FileStore, MemoryStore, SecretStore, StoreError};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::state_directory::state_directory;

/// The store to read from. It is not made: one that was named has to be there, and where the default one is not,
/// nothing is known. A store that is there and cannot be read is an error, never an empty one.
pub(crate) fn for_reading(options: &Options) -> Result<Arc<dyn SecretStore>, Failure> {
    if let Some(directory) = &options.store {
        return Ok(Arc::new(FileStore::open_existing(directory)?));
    }
    let Some(directory) = state_directory() else { return Ok(Arc::new(MemoryStore::new())) };
    match FileStore::open_existing(&directory) {
        Ok(store) => Ok(Arc::new(store)),
        Err(StoreError::Missing { .. }) => Ok(Arc::new(MemoryStore::new())),
        Err(error) => Err(error.into()),
    }
}

/// The store to take something out of; it has to be there.
pub(crate) fn existing(options: &Options) -> Result<FileStore, Failure> {
    with_directory(options, |directory| FileStore::open_existing(directory))
}

/// The store to put something into; it is made on first use.
pub(crate) fn made_if_missing(options: &Options) -> Result<FileStore, Failure> {
    with_directory(options, |directory| FileStore::open(directory))
}

fn with_directory(
    options: &Options,
    open: impl FnOnce(&Path) -> Result<FileStore, StoreError>,
) -> Result<FileStore, Failure> {
    let directory = options.store.clone().or_else(state_directory);
    let directory = directory.ok_or_else(|| {
        Failure::usage("there is no place for the secret store", "name one with --store PATH")
    })?;
    Ok(open(&directory)?)
}

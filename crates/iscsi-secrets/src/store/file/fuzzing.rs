//! The sealed file without a disk, for the fuzz target. Its keys and records are no secrets, so copies are not wiped.

use std::sync::Arc;

use super::records;
use super::sealed::{self, Version};
use crate::sealer::Sealer;
use crate::store_key::StoreKey;
use crate::store_snapshot::StoreSnapshot;

/// Opens a whole file with a key.
#[must_use]
pub fn open_file(key: &[u8; 32], file: &[u8]) -> Option<StoreSnapshot> {
    let sealer = Sealer::under(StoreKey::from_bytes(key)?);
    let mut bytes = file.to_vec();
    let (version, records) = sealed::unseal(sealer.key(), &mut bytes).ok()?;
    records::decode(version, records, &Arc::new(sealer)).ok()
}

/// Seals arbitrary records with a key.
#[must_use]
pub fn seal_records(key: &[u8; 32], records: &[u8]) -> Option<Vec<u8>> {
    sealed::seal(&StoreKey::from_bytes(key)?, None, records.to_vec()).ok()
}

/// Seals arbitrary records as a file of version 2.
#[must_use]
pub fn seal_records_of_version_2(key: &[u8; 32], records: &[u8]) -> Option<Vec<u8>> {
    sealed::seal_as(Version::Two, &StoreKey::from_bytes(key)?, None, records.to_vec()).ok()
}

/// The records of a snapshot.
#[must_use]
pub fn records_of(snapshot: &StoreSnapshot) -> Vec<u8> {
    records::encode(snapshot)
}

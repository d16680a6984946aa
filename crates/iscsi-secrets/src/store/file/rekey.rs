//! Changing the key of a store.

use super::{FileStore, KEY, KeySource, NEXT_KEY};
use crate::error::StoreError;

impl FileStore {
    /// Seals everything anew: with the key of `source`, or for [`KeySource::Adjacent`] with a new one.
    ///
    /// Whatever happens on the way, the store opens afterwards, with the old key or the new one. A key that lay beside
    /// the store and is no longer used is removed. Copies of the old file open with the old key as before.
    pub fn rekey(self, source: KeySource) -> Result<Self, StoreError> {
        let lock = self.lock()?;
        self.settle_keys()?;
        let snapshot = self.current()?.into_snapshot();
        self.save_under_new_key(&snapshot, &source)?;
        if !matches!(source, KeySource::Adjacent) {
            for name in [KEY, NEXT_KEY] {
                self.discard(name)?;
            }
        }
        drop(lock);
        Ok(Self { source, ..self })
    }
}

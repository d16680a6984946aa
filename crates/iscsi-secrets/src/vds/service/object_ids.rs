//! Target ids that callers gave, for as long as this process lives.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use iscsi_pdu::IscsiName;
use uuid::Uuid;

use crate::book::SecretBook;
use crate::vds::error::VdsError;

/// At most one given id for each target known to the store; the id derived from its name counts beside it.
#[derive(Default)]
pub(super) struct ObjectIds(RwLock<BTreeMap<IscsiName, Uuid>>);

impl ObjectIds {
    /// Gives a known target an id, in place of one given before.
    pub(super) fn assign(&self, book: &SecretBook, target: IscsiName, id: Uuid) -> Result<(), VdsError> {
        if id.is_nil() {
            return Err(VdsError::NoTarget);
        }
        if !book.knows(&target) {
            return Err(VdsError::ObjectNotFound { target_id: id });
        }
        let mut given = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let taken = |(name, other): (&IscsiName, &Uuid)| *other == id && *name != target;
        if given.iter().any(taken) || book.has_other_with_id(&target, id) {
            return Err(VdsError::TargetIdTaken { target_id: id });
        }
        given.retain(|name, _| book.knows(name));
        given.insert(target, id);
        Ok(())
    }

    /// R12: the known target with this id, derived or given.
    pub(super) fn resolve(&self, book: &SecretBook, id: Uuid) -> Result<IscsiName, VdsError> {
        let given = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let by_gift = || given.iter().find(|(name, given)| **given == id && book.knows(name));
        let target = book.target_of(id).or_else(|| by_gift().map(|(name, _)| name));
        target.cloned().ok_or(VdsError::ObjectNotFound { target_id: id })
    }
}

//! The targets that this process knows, and the ids by which callers name them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::book::SecretBook;
use crate::target_name::TargetName;
use crate::vds::error::VdsError;

/// The most targets known beside those of the store. Discovery is answered by whoever listens at a portal, so there is
/// a limit; beyond it the target known longest makes room.
const MAX_KNOWN_TARGETS: usize = 16 * 1024;

/// The targets known to the process beside those of the store, as long as it lives.
///
/// A target has the id derived from its name, and at most one more that a caller gave.
#[derive(Default)]
pub(super) struct ObjectIds(Mutex<KnownTargets>);

#[derive(Default)]
struct KnownTargets {
    ids: BTreeMap<TargetName, Ids>,
    /// The order in which they became known.
    order: VecDeque<TargetName>,
}

struct Ids {
    derived: Uuid,
    given: Option<Uuid>,
}

impl ObjectIds {
    /// Makes targets known.
    pub(super) fn add(&self, targets: impl IntoIterator<Item = TargetName>) {
        let mut known = self.known();
        targets.into_iter().for_each(|target| known.add(&target));
    }

    /// Gives a known target an id, in place of one given before.
    pub(super) fn assign(&self, book: &SecretBook, target: TargetName, id: Uuid) -> Result<(), VdsError> {
        if id.is_nil() {
            return Err(VdsError::NoTarget);
        }
        let mut known = self.known();
        if !book.knows(&target) && !known.ids.contains_key(&target) {
            return Err(VdsError::ObjectNotFound { target_id: id });
        }
        if known.given_to(id).is_some_and(|name| *name != target)
            || known.derived_from(book, id).iter().any(|name| **name != target)
        {
            return Err(VdsError::TargetIdTaken { target_id: id });
        }
        known.add(&target);
        known.ids.entry(target).and_modify(|ids| ids.given = Some(id));
        Ok(())
    }

    /// R12: the known target with this id, derived or given. It stays known, whatever is removed from the store later.
    pub(super) fn resolve(&self, book: &SecretBook, id: Uuid) -> Result<TargetName, VdsError> {
        let mut known = self.known();
        // Two names that differ in nothing but case share an id, which then means neither.
        let derived = known.derived_from(book, id);
        let target = if derived.len() == 1 { derived.first().copied() } else { known.given_to(id) };
        let target = target.cloned().ok_or(VdsError::ObjectNotFound { target_id: id })?;
        known.add(&target);
        Ok(target)
    }

    fn known(&self) -> MutexGuard<'_, KnownTargets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownTargets {
    fn add(&mut self, target: &TargetName) {
        if self.ids.contains_key(target) {
            return;
        }
        if self.order.len() >= MAX_KNOWN_TARGETS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(target.clone());
        self.ids.insert(target.clone(), Ids { derived: target.object_id(), given: None });
    }

    /// The known targets whose names give this id.
    fn derived_from<'a>(&'a self, book: &'a SecretBook, id: Uuid) -> BTreeSet<&'a TargetName> {
        let here = self.ids.iter().filter(|(_, ids)| ids.derived == id).map(|(name, _)| name);
        let stored = book.target_names().filter(|name| name.object_id() == id);
        here.chain(stored).collect()
    }

    fn given_to(&self, id: Uuid) -> Option<&TargetName> {
        self.ids.iter().find(|(_, ids)| ids.given == Some(id)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_known_longest_makes_room() {
        let (ids, book) = (ObjectIds::default(), SecretBook::new());
        let name = |index| TargetName::new(format!("iqn.2001-04.com.example:{index}")).unwrap();
        let is_known = |index| ids.resolve(&book, name(index).object_id()).is_ok();
        ids.add((0..MAX_KNOWN_TARGETS).map(name));
        assert!(is_known(0) && is_known(1));
        ids.add([name(1), name(MAX_KNOWN_TARGETS)]);
        assert!(!is_known(0) && is_known(1) && is_known(MAX_KNOWN_TARGETS));
    }
}

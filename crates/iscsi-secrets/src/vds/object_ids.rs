//! Object ids of targets: derived from their names, or given by callers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use iscsi_pdu::IscsiName;
use uuid::Uuid;

use super::error::VdsError;
use crate::store_snapshot::StoreSnapshot;

/// The namespace in which [`object_id`] derives UUIDs of version 5 from target names.
pub const OBJECT_ID_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_53f2_2b7c_4f0e_9a65_4d1c_8e37_b0a9);

/// Returns the id of a target in the VDS interface: the UUID of version 5 of the name's identity. All spellings of a
/// name have one id, on every machine.
#[must_use]
pub fn object_id(target: &IscsiName) -> Uuid {
    Uuid::new_v5(&OBJECT_ID_NAMESPACE, target.identity().as_bytes())
}

/// The most targets known in addition to those of the store. Any host can answer a discovery, so there is a limit;
/// beyond it the target known longest is dropped.
const MAX_KNOWN_TARGETS: usize = 16 * 1024;

/// The targets known to this process in addition to those of the store.
///
/// A target has the id derived from its name, and at most one more that a caller assigned.
#[derive(Default)]
pub(super) struct ObjectIds(Mutex<KnownTargets>);

#[derive(Default)]
struct KnownTargets {
    ids: BTreeMap<IscsiName, Ids>,
    /// The order in which they became known.
    order: VecDeque<IscsiName>,
}

struct Ids {
    derived: Uuid,
    given: Option<Uuid>,
}

impl ObjectIds {
    /// Adds known targets.
    pub(super) fn add(&self, targets: impl IntoIterator<Item = IscsiName>) {
        let mut known = self.known();
        targets.into_iter().for_each(|target| known.add(&target));
    }

    /// Assigns an id to a known target, replacing one assigned before.
    pub(super) fn assign(
        &self,
        snapshot: &StoreSnapshot,
        target: IscsiName,
        id: Uuid,
    ) -> Result<(), VdsError> {
        if id.is_nil() {
            return Err(VdsError::NoTarget);
        }
        let mut known = self.known();
        if !snapshot.knows(&target) && !known.ids.contains_key(&target) {
            return Err(VdsError::ObjectNotFound { target_id: id });
        }
        if known.given_to(id).is_some_and(|name| *name != target)
            || known.derived_from(snapshot, id).is_some_and(|name| *name != target)
        {
            return Err(VdsError::TargetIdTaken { target_id: id });
        }
        known.add(&target);
        known.ids.entry(target).and_modify(|ids| ids.given = Some(id));
        Ok(())
    }

    /// R12: returns the known target with this id. It stays known even if it is removed from the store later.
    pub(super) fn resolve(&self, snapshot: &StoreSnapshot, id: Uuid) -> Result<IscsiName, VdsError> {
        let mut known = self.known();
        let target = known.derived_from(snapshot, id).or_else(|| known.given_to(id));
        let target = target.cloned().ok_or(VdsError::ObjectNotFound { target_id: id })?;
        known.add(&target);
        Ok(target)
    }

    fn known(&self) -> MutexGuard<'_, KnownTargets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownTargets {
    fn add(&mut self, target: &IscsiName) {
        if self.ids.contains_key(target) {
            return;
        }
        if self.order.len() >= MAX_KNOWN_TARGETS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(target.clone());
        self.ids.insert(target.clone(), Ids { derived: object_id(target), given: None });
    }

    /// The known target with this derived id.
    fn derived_from<'a>(&'a self, snapshot: &'a StoreSnapshot, id: Uuid) -> Option<&'a IscsiName> {
        let here = self.ids.iter().find(|(_, ids)| ids.derived == id).map(|(name, _)| name);
        here.or_else(|| snapshot.target_names().find(|name| object_id(name) == id))
    }

    fn given_to(&self, id: Uuid) -> Option<&IscsiName> {
        self.ids.iter().find(|(_, ids)| ids.given == Some(id)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_known_longest_is_dropped() {
        let (ids, snapshot) = (ObjectIds::default(), StoreSnapshot::new());
        let name = |index| IscsiName::new(format!("iqn.2001-04.com.example:{index}")).unwrap();
        let is_known = |index| ids.resolve(&snapshot, object_id(&name(index))).is_ok();
        ids.add((0..MAX_KNOWN_TARGETS).map(name));
        assert!(is_known(0) && is_known(1));
        ids.add([name(1), name(MAX_KNOWN_TARGETS)]);
        assert!(!is_known(0) && is_known(1) && is_known(MAX_KNOWN_TARGETS));
    }

    #[test]
    fn object_ids_are_version_5_and_stay_what_they_are() {
        let id = |name| object_id(&IscsiName::new(name).unwrap());
        let disk = id("iqn.2001-04.com.example:disk");
        assert_eq!(disk.get_version_num(), 5);
        assert_eq!(disk, "0ce9aa70-b850-56a1-baca-4ac476d07acf".parse::<Uuid>().unwrap());
        assert_eq!(disk, id("iqn.2001-04.com.EXAMPLE:Disk"));
        assert_ne!(disk, id("iqn.2001-04.com.example:disk2"));
    }
}

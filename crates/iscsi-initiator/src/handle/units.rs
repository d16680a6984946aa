//! The states of the logical units of a session, as far as they are known.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use iscsi_pdu::Lun;

use crate::status::UnitState;

/// The most units that are remembered; a target names them.
const MOST_UNITS: usize = 1024;

/// The state of each unit that had something to say.
#[derive(Default)]
pub(super) struct Units(Mutex<BTreeMap<[u8; 8], UnitState>>);

impl Units {
    /// Changes the state of a unit.
    pub(super) fn change(&self, lun: Lun, change: impl FnOnce(&mut UnitState)) {
        let mut units = self.lock();
        if units.len() < MOST_UNITS || units.contains_key(&lun.0) {
            change(units.entry(lun.0).or_default());
        }
    }

    /// The state of a unit.
    pub(super) fn get(&self, lun: Lun) -> UnitState {
        self.lock().get(&lun.0).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 8], UnitState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

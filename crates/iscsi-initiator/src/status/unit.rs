//! The state of a logical unit, as far as a session knows it.

use super::attention::AttentionKind;
use crate::scsi::{Capacity, SenseData};

/// The state of a logical unit as its answers show it (SAM-5, 4.6.19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitState {
    /// The number of commands that it takes at a time, while it is less than what the session sends.
    pub queue_depth: Option<usize>,
    /// The unit attention that it reported last.
    pub last_attention: Option<SenseData>,
    /// Whether it refused a write because it is write-protected; `None` as long as neither that nor a write has happened.
    pub write_protected: Option<bool>,
    /// Its size, as it was last read.
    pub capacity: Option<Capacity>,
}

impl UnitState {
    /// Takes note of sense data. What a unit attention makes uncertain is forgotten.
    pub(crate) fn note_sense(&mut self, sense: SenseData) {
        if sense.reports_write_protection() {
            self.write_protected = Some(true);
        }
        if sense.key != crate::scsi::SenseKey::UNIT_ATTENTION {
            return;
        }
        self.last_attention = Some(sense);
        match AttentionKind::of(sense) {
            AttentionKind::CapacityChanged | AttentionKind::MediumChanged => self.capacity = None,
            AttentionKind::ParametersChanged => self.write_protected = None,
            _ => {}
        }
    }
}

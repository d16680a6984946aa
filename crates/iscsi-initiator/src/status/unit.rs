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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::SenseKey;

    fn sense(key: SenseKey, asc: u8, ascq: u8) -> SenseData {
        SenseData::new(key, asc, ascq)
    }

    /// A unit of which everything is known, after these sense data.
    fn after(sense: SenseData) -> UnitState {
        let mut unit = UnitState { capacity: Some(CAPACITY), ..state(Some(false)) };
        unit.note_sense(sense);
        unit
    }

    const CAPACITY: Capacity = Capacity { blocks: 1000, block_size: 512 };

    fn state(write_protected: Option<bool>) -> UnitState {
        UnitState { queue_depth: Some(4), write_protected, ..UnitState::default() }
    }

    /// Each unit attention is kept, and what it makes uncertain is forgotten.
    #[test]
    fn unit_attentions_make_some_of_the_state_unknown() {
        for (asc, ascq, write_protected, capacity) in [
            (0x29, 0x00, Some(false), Some(CAPACITY)),
            (0x2a, 0x09, Some(false), None),
            (0x28, 0x00, Some(false), None),
            (0x2a, 0x01, None, Some(CAPACITY)),
        ] {
            let attention = sense(SenseKey::UNIT_ATTENTION, asc, ascq);
            let expected = UnitState { last_attention: Some(attention), capacity, ..state(write_protected) };
            assert_eq!(after(attention), expected, "{attention:?}");
        }
    }

    /// Another sense key with the code of a unit attention reports no event.
    #[test]
    fn other_sense_data_report_no_event() {
        for (key, asc, write_protected) in [
            (SenseKey::DATA_PROTECT, 0x27, true),
            (SenseKey::DATA_PROTECT, 0x28, false),
            (SenseKey::ILLEGAL_REQUEST, 0x27, false),
        ] {
            let expected = UnitState { capacity: Some(CAPACITY), ..state(Some(write_protected)) };
            assert_eq!(after(sense(key, asc, 0x00)), expected, "{key:?} {asc:02x}");
        }
    }
}

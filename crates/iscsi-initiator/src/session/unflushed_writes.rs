//! Writes that were acknowledged and may be in a volatile cache still (SBC-3, 4.15): if the unit loses power, they are lost, and
//! a flush that succeeds afterwards says nothing about them.

use iscsi_pdu::{InitiatorTaskTag, Lun};

use super::state::SessionState;
use super::task::Task;
use crate::scsi::{CacheEffect, SenseData};

/// The most units that are counted; a caller has few.
const MOST_UNITS: usize = 1024;

/// The units with acknowledged writes.
#[derive(Clone, Debug, Default)]
pub(super) struct UnflushedWrites(Vec<Unit>);

#[derive(Clone, Copy, Debug)]
struct Unit {
    lun: Lun,
    /// The number of writes that were acknowledged.
    acknowledged: u64,
    /// The number of those that a flush covers.
    flushed: u64,
    /// Whether writes that no flush covers may be lost, and nobody was told.
    is_lost: bool,
    /// Whether writes are stable when they are acknowledged, since the unit has said that it has no cache for them.
    is_uncached: bool,
}

impl UnflushedWrites {
    /// A write to the unit has ended well.
    pub(super) fn acknowledge(&mut self, lun: Lun) {
        if let Some(unit) = self.unit_or_new(lun) {
            unit.acknowledged += u64::from(!unit.is_uncached);
        }
    }

    /// Takes note of a command that has ended well. False for a flush after which acknowledged writes may be lost all the same.
    pub(super) fn settle(&mut self, task: &mut Task) -> bool {
        match task.cache_effect() {
            CacheEffect::None => true,
            CacheEffect::Fills => {
                self.acknowledge(task.lun());
                true
            }
            CacheEffect::Flushes => self.flush(task.lun(), *task.covers()),
        }
    }

    /// The unit has said that it has a write cache, or none.
    fn note_write_cache(&mut self, lun: Lun, has_one: Option<bool>) {
        if let Some(unit) = self.unit_or_new(lun) {
            unit.is_uncached = has_one == Some(false);
        }
    }

    /// The number of writes that a flush covers which is sent now.
    pub(super) fn acknowledged(&self, lun: Lun) -> u64 {
        self.0.iter().find(|unit| unit.lun == lun).map_or(0, |unit| unit.acknowledged)
    }

    /// A flush that covers so many writes has ended well. False if some of them may have been lost before, which is said once.
    pub(super) fn flush(&mut self, lun: Lun, covered: u64) -> bool {
        let Some(unit) = self.unit(lun) else { return true };
        unit.flushed = unit.flushed.max(covered);
        !std::mem::replace(&mut unit.is_lost, false)
    }

    /// The unit has lost its cache.
    pub(super) fn lose_cache(&mut self, lun: Lun) {
        if let Some(unit) = self.unit(lun) {
            unit.is_lost |= unit.acknowledged > unit.flushed;
            unit.flushed = unit.acknowledged;
        }
    }

    fn unit_or_new(&mut self, lun: Lun) -> Option<&mut Unit> {
        let known = self.0.iter().position(|unit| unit.lun == lun);
        if known.is_none() && self.0.len() < MOST_UNITS {
            self.0.push(Unit { lun, acknowledged: 0, flushed: 0, is_lost: false, is_uncached: false });
            return self.0.last_mut();
        }
        self.0.get_mut(known?)
    }

    fn unit(&mut self, lun: Lun) -> Option<&mut Unit> {
        self.0.iter_mut().find(|unit| unit.lun == lun)
    }
}

impl SessionState {
    /// The unit says whether it has a volatile write cache that is enabled. Without one, acknowledged writes need no flush.
    pub fn note_write_cache(&mut self, lun: Lun, has_one: Option<bool>) {
        self.unflushed.note_write_cache(lun, has_one);
    }

    /// Takes note of sense data that came with a command. The unit says once that it was reset or lost power, or that its
    /// parameters have changed, to whichever command comes first, so it counts here, whoever waits for that command, and before
    /// the outcome of a flush behind it.
    pub(super) fn note_sense(&mut self, itt: InitiatorTaskTag, sense: &[u8]) {
        let Some(sense) = SenseData::parse(sense) else { return };
        let Some(lun) = self.requests.lun(itt) else { return };
        if sense.reports_reset() {
            self.lose_cache(lun);
        }
        if sense.reports_reset() || sense.reports_changed_parameters() {
            self.note_write_cache(lun, None);
        }
    }

    /// The unit was reset or lost power: acknowledged writes that no flush covers may be lost. The next flush fails for it.
    pub fn lose_cache(&mut self, lun: Lun) {
        self.unflushed.lose_cache(lun);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUN: Lun = Lun([0, 1, 0, 0, 0, 0, 0, 0]);

    #[test]
    fn a_flush_fails_once_for_writes_that_may_be_lost() {
        let mut writes = UnflushedWrites::default();
        writes.lose_cache(LUN);
        assert!(writes.flush(LUN, 0), "there was none");
        writes.acknowledge(LUN);
        writes.lose_cache(Lun::ZERO);
        assert!(writes.flush(LUN, writes.acknowledged(LUN)), "of another unit");
        writes.lose_cache(LUN);
        assert!(writes.flush(LUN, writes.acknowledged(LUN)), "a flush covers it");
        writes.acknowledge(LUN);
        writes.lose_cache(LUN);
        assert!(!writes.flush(LUN, writes.acknowledged(LUN)));
        assert!(writes.flush(LUN, writes.acknowledged(LUN)), "it is said once");
        writes.lose_cache(LUN);
        assert!(writes.flush(LUN, writes.acknowledged(LUN)));
    }

    /// A write that was acknowledged while a flush was under way is not covered by it.
    #[test]
    fn a_flush_covers_what_was_acknowledged_before_it() {
        let mut writes = UnflushedWrites::default();
        writes.acknowledge(LUN);
        let covered = writes.acknowledged(LUN);
        writes.acknowledge(LUN);
        assert!(writes.flush(LUN, covered));
        writes.lose_cache(LUN);
        assert!(!writes.flush(LUN, writes.acknowledged(LUN)));
    }

    /// Two losses in a row are one to the caller, and flushes that end out of order cover what the later one does.
    #[test]
    fn losses_and_flushes_in_a_row() {
        let mut writes = UnflushedWrites::default();
        writes.acknowledge(LUN);
        let early = writes.acknowledged(LUN);
        writes.acknowledge(LUN);
        let late = writes.acknowledged(LUN);
        assert!(writes.flush(LUN, late) && writes.flush(LUN, early));
        writes.lose_cache(LUN);
        assert!(writes.flush(LUN, late));
        writes.acknowledge(LUN);
        (0..2).for_each(|_| writes.lose_cache(LUN));
        assert!(!writes.flush(LUN, late) && writes.flush(LUN, late));
    }

    /// A unit without a write cache loses nothing, as long as it says so.
    #[test]
    fn writes_to_a_unit_without_a_cache_are_stable() {
        let mut writes = UnflushedWrites::default();
        for (has_one, is_stable) in
            [(Some(false), true), (None, false), (Some(false), true), (Some(true), false)]
        {
            writes.note_write_cache(LUN, has_one);
            writes.acknowledge(LUN);
            writes.lose_cache(LUN);
            assert_eq!(writes.flush(LUN, writes.acknowledged(LUN)), is_stable);
        }
        // Earlier writes may be in the cache still.
        writes.acknowledge(LUN);
        writes.note_write_cache(LUN, Some(false));
        writes.lose_cache(LUN);
        assert!(!writes.flush(LUN, writes.acknowledged(LUN)));
    }

    #[test]
    fn the_number_of_units_is_bounded() {
        let mut writes = UnflushedWrites::default();
        for number in 0..=1024_u16 {
            let [high, low] = number.to_be_bytes();
            writes.acknowledge(Lun([high, low, 0, 0, 0, 0, 0, 0]));
        }
        assert_eq!(writes.0.len(), 1024);
    }
}

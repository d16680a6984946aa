//! Queue depths of logical units that take fewer commands at a time than the command window permits (SAM-5, 5.3.1).

use iscsi_pdu::{InitiatorTaskTag, Lun, ScsiStatus};

use super::state::SessionState;

/// The depth from which on a unit is no longer limited.
const UNLIMITED: usize = 256;

/// The units that have answered BUSY or TASK SET FULL. Each takes as many commands as it had when it did, and one more
/// whenever as many commands as its depth have ended well.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitQueues(Vec<UnitQueue>);

#[derive(Clone, Debug)]
struct UnitQueue {
    lun: Lun,
    depth: usize,
    /// The commands that were sent and have no outcome.
    in_flight: usize,
    /// The commands that ended well since the depth was last changed.
    ended_well: usize,
}

impl UnitQueues {
    /// Whether no unit is limited.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The depth of a unit, if it is limited.
    pub(super) fn depth(&self, lun: Lun) -> Option<usize> {
        self.0.iter().find(|unit| unit.lun == lun).map(|unit| unit.depth)
    }

    /// Whether the unit takes another command.
    pub(super) fn accepts(&self, lun: Lun) -> bool {
        self.0.iter().all(|unit| unit.lun != lun || unit.in_flight < unit.depth)
    }

    /// A command of the unit was sent.
    pub(super) fn sent(&mut self, lun: Lun) {
        if let Some(unit) = self.unit(lun) {
            unit.in_flight += 1;
        }
    }

    /// A command of the unit has ended.
    pub(super) fn ended(&mut self, lun: Lun) {
        if let Some(unit) = self.unit(lun) {
            unit.in_flight = unit.in_flight.saturating_sub(1);
        }
    }

    /// A command of the unit has ended well.
    pub(super) fn ended_well(&mut self, lun: Lun) {
        let Some(unit) = self.unit(lun) else { return };
        unit.ended_well += 1;
        if unit.ended_well >= unit.depth {
            (unit.depth, unit.ended_well) = (unit.depth + 1, 0);
        }
        self.0.retain(|unit| unit.depth < UNLIMITED);
    }

    /// The unit has refused a command while so many others were in flight.
    pub(super) fn refused(&mut self, lun: Lun, others: usize) {
        let depth = others.max(1);
        match self.unit(lun) {
            Some(unit) => (unit.depth, unit.ended_well) = (depth.min(unit.depth), 0),
            None => self.0.push(UnitQueue { lun, depth, in_flight: others + 1, ended_well: 0 }),
        }
    }

    fn unit(&mut self, lun: Lun) -> Option<&mut UnitQueue> {
        self.0.iter_mut().find(|unit| unit.lun == lun)
    }
}

impl SessionState {
    /// The number of commands that the unit takes at a time, if it has shown that it takes fewer than others.
    #[must_use]
    pub fn queue_depth(&self, lun: Lun) -> Option<usize> {
        self.unit_queues.depth(lun)
    }

    /// Takes note of the status of a command that is about to end.
    pub(super) fn note_status(&mut self, itt: InitiatorTaskTag, status: ScsiStatus) {
        let refused = matches!(status, ScsiStatus::BUSY | ScsiStatus::TASK_SET_FULL);
        if !refused && self.unit_queues.is_empty() {
            return;
        }
        let Some(lun) = self.requests.lun(itt) else { return };
        if refused {
            let others = self.requests.sent_to(lun).saturating_sub(1);
            self.unit_queues.refused(lun, others);
        } else if status == ScsiStatus::GOOD {
            self.unit_queues.ended_well(lun);
        }
    }

    /// Takes the next queued request whose unit accepts another command, unless a write that was sent again holds it back.
    pub(super) fn next_queued(&mut self) -> Option<InitiatorTaskTag> {
        if self.unit_queues.is_empty() && !self.write_order.has_repeated() {
            return self.backlog.pop();
        }
        let itt = self.first_accepted().filter(|itt| !self.is_held(*itt))?;
        self.backlog.remove(itt);
        if let Some(lun) = self.requests.lun(itt) {
            self.unit_queues.sent(lun);
        }
        Some(itt)
    }

    /// Whether a write that was sent again holds the next queued request back.
    pub(super) fn is_next_held(&self) -> bool {
        self.first_accepted().is_some_and(|itt| self.is_held(itt))
    }

    /// The first queued request whose unit accepts another command.
    fn first_accepted(&self) -> Option<InitiatorTaskTag> {
        self.backlog.find(|itt| self.requests.lun(itt).is_none_or(|lun| self.unit_queues.accepts(lun)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUN: Lun = Lun([0, 1, 0, 0, 0, 0, 0, 0]);

    #[test]
    fn the_depth_of_a_unit_that_is_full_falls_and_rises() {
        let mut units = UnitQueues::default();
        assert!(units.accepts(LUN) && units.depth(LUN).is_none());
        units.refused(LUN, 4);
        units.ended(LUN);
        assert_eq!(units.depth(LUN), Some(4));
        assert!(!units.accepts(LUN) && units.accepts(Lun::ZERO));
        units.ended(LUN);
        assert!(units.accepts(LUN));
        units.sent(LUN);
        assert!(!units.accepts(LUN));
        (0..3).for_each(|_| units.ended_well(LUN));
        assert_eq!(units.depth(LUN), Some(4));
        units.ended_well(LUN);
        assert_eq!(units.depth(LUN), Some(5));
        // Another refusal never raises it, and one command is always allowed.
        units.refused(LUN, 9);
        assert_eq!(units.depth(LUN), Some(5));
        units.refused(LUN, 0);
        assert_eq!(units.depth(LUN), Some(1));
    }

    #[test]
    fn a_unit_that_takes_enough_is_no_longer_limited() {
        let mut units = UnitQueues::default();
        units.refused(LUN, 255);
        (0..254).for_each(|_| units.ended_well(LUN));
        assert_eq!(units.depth(LUN), Some(255));
        units.ended_well(LUN);
        assert!(units.is_empty());
    }
}

//! The order of writes to the same blocks, across the loss of a session.
//!
//! A write that was sent and has no answer is sent again in the next session. Twice is as good as once only as long as no newer
//! write of these blocks takes effect between the two: it would be undone. So a write is not sent again if a newer one of the
//! same blocks has ended since, and a newer one does not leave while one that was sent again has no answer. Reads of the blocks
//! wait, too: of two writes that are sent again, the newer one may have been read already, and the older one is on its way.
//! Units may carry commands out in any order (SAM-5, 8.9), so it is not enough to send them in order.

use std::collections::VecDeque;

use iscsi_pdu::{InitiatorTaskTag, Lun};

use super::request::{Kind, Request};
use super::state::SessionState;
use crate::scsi::BlockSpan;

/// The writes of this session that have no answer.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteOrder {
    /// Those that were sent, in that order.
    unanswered: VecDeque<Write>,
    /// The commands that are sent again, and that an earlier session may have carried out.
    repeated: Vec<InitiatorTaskTag>,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    itt: InitiatorTaskTag,
    lun: Lun,
    blocks: BlockSpan,
}

impl Write {
    fn overlaps(&self, other: &Self) -> bool {
        self.lun == other.lun && self.blocks.overlaps(other.blocks)
    }
}

impl WriteOrder {
    /// Whether commands may have to wait.
    pub(super) const fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// A command is sent again that an earlier session may have carried out.
    pub(super) fn repeat(&mut self, itt: InitiatorTaskTag) {
        self.repeated.push(itt);
    }

    /// A write of these blocks was sent.
    #[inline]
    pub(super) fn sent(&mut self, itt: InitiatorTaskTag, lun: Lun, blocks: BlockSpan) {
        self.unanswered.push_back(Write { itt, lun, blocks });
    }

    /// Whether a write that was sent again overlaps another command.
    fn holds(&self, command: &Write) -> bool {
        let holds = |write: &Write| write.overlaps(command) && self.repeated.contains(&write.itt);
        self.unanswered.iter().any(holds)
    }

    /// Removes a request that has ended; if it was one of the writes, `replaced` is told the older ones that it overlaps.
    fn remove(&mut self, itt: InitiatorTaskTag, replaced: impl FnMut(InitiatorTaskTag)) {
        self.repeated.retain(|other| *other != itt);
        // Most targets answer in order: nothing is older then.
        if self.unanswered.pop_front_if(|first| first.itt == itt).is_some() {
            return;
        }
        let Some(place) = self.unanswered.iter().position(|write| write.itt == itt) else { return };
        let Some(ended) = self.unanswered.remove(place) else { return };
        let older = self.unanswered.iter().take(place);
        older.filter(|write| write.overlaps(&ended)).map(|write| write.itt).for_each(replaced);
    }

    /// Gives memory back that is not in use.
    pub(super) fn release(&mut self) {
        self.unanswered.shrink_to_fit();
        self.repeated.shrink_to_fit();
    }
}

impl SessionState {
    /// A request ends: if it is one of the writes, the older ones of its blocks are replaced.
    pub(super) fn end_write(&mut self, itt: InitiatorTaskTag) {
        let Self { write_order, requests, .. } = self;
        write_order.remove(itt, |older| requests.note_replaced(older));
    }

    /// Whether a queued request has to wait for a write of its blocks that was sent again.
    pub(super) fn is_held(&self, itt: InitiatorTaskTag) -> bool {
        let Some(Request(Kind::Scsi(task))) = self.requests.get(itt) else { return false };
        let lun = task.lun();
        task.blocks().is_some_and(|blocks| self.write_order.holds(&Write { itt, lun, blocks }))
    }

    /// Takes note of kept writes that are not sent again, though an earlier session may have carried them out: they have replaced
    /// the older ones of the same blocks. `is_ambiguous` tells which of them end as ambiguous.
    pub(super) fn note_replaced(
        &mut self,
        kept: &[InitiatorTaskTag],
        is_ambiguous: impl Fn(&Self, InitiatorTaskTag) -> bool,
    ) {
        let mut newer: Vec<(Lun, BlockSpan)> = Vec::new();
        // From the newest on: one that is replaced is not sent again either.
        for itt in kept.iter().rev().copied().filter(|itt| self.requests.is_touched(*itt)).collect::<Vec<_>>()
        {
            let Some((lun, blocks)) = self.written_by(itt) else { continue };
            if newer.iter().any(|(unit, written)| *unit == lun && written.overlaps(blocks)) {
                self.requests.note_replaced(itt);
            }
            if self.requests.is_abandoned(itt) || is_ambiguous(self, itt) {
                newer.push((lun, blocks));
            }
        }
    }

    /// The unit and the blocks that a command changes.
    fn written_by(&self, itt: InitiatorTaskTag) -> Option<(Lun, BlockSpan)> {
        match &self.requests.get(itt)?.0 {
            Kind::Scsi(task) => Some((task.lun(), task.written_blocks()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::Cdb;

    #[test]
    fn an_idle_session_keeps_no_memory_for_the_order() {
        let (itt, blocks) = (InitiatorTaskTag(7), BlockSpan::written_by(&Cdb::new(0x04)).unwrap());
        let mut order = WriteOrder::default();
        order.repeat(itt);
        order.sent(itt, Lun::ZERO, blocks);
        order.remove(itt, |_| ());
        order.release();
        assert_eq!((order.unanswered.capacity(), order.repeated.capacity()), (0, 0));
    }
}

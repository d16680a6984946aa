//! The order of writes to the same blocks, across the loss of a session.
//!
//! A write that was sent and has no answer is sent again in the next session. Twice is as good as once only as long as no newer
//! write of these blocks takes effect between the two: it would be undone. So a write is not sent again if a newer one of the
//! same blocks has ended since, and a newer one does not leave while one that was sent again has no answer. Reads of the blocks
//! wait, too: of two writes that are sent again, the newer one may have been read already, and the older one is on its way.
//! Units may carry commands out in any order (SAM-5, 8.9), so it is not enough to send them in order.

use std::collections::VecDeque;

use iscsi_pdu::{InitiatorTaskTag, Lun};

use super::request::Kind;
use super::state::SessionState;
use crate::scsi::BlockSpan;

/// The writes that were sent in this session and have no answer.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteOrder {
    /// In the order in which they were sent.
    unanswered: VecDeque<Write>,
    /// The number of those that an earlier session may have carried out.
    repeated: usize,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    itt: InitiatorTaskTag,
    lun: Lun,
    blocks: BlockSpan,
    /// Whether an earlier session may have carried it out.
    is_repeated: bool,
    /// Whether a newer write of some of its blocks has ended.
    is_replaced: bool,
}

impl Write {
    fn overlaps(&self, lun: Lun, blocks: BlockSpan) -> bool {
        self.lun == lun && self.blocks.overlaps(blocks)
    }
}

impl WriteOrder {
    pub(super) fn is_empty(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// A write of these blocks was sent.
    pub(super) fn sent(&mut self, itt: InitiatorTaskTag, lun: Lun, blocks: BlockSpan, is_repeated: bool) {
        self.repeated += usize::from(is_repeated);
        self.unanswered.push_back(Write { itt, lun, blocks, is_repeated, is_replaced: false });
    }

    /// Whether a command with these blocks has to wait for a write that was sent again.
    fn holds(&self, lun: Lun, blocks: BlockSpan) -> bool {
        self.unanswered.iter().any(|write| write.is_repeated && write.overlaps(lun, blocks))
    }

    /// A request has ended: if it is one of the writes, the older ones of its blocks are replaced.
    pub(super) fn ended(&mut self, itt: InitiatorTaskTag) {
        // Most targets answer in order: nothing is older then.
        if let Some(first) = self.unanswered.pop_front_if(|first| first.itt == itt) {
            self.repeated -= usize::from(first.is_repeated);
            return;
        }
        let Some(place) = self.unanswered.iter().position(|write| write.itt == itt) else { return };
        let Some(ended) = self.unanswered.remove(place) else { return };
        self.repeated -= usize::from(ended.is_repeated);
        let older = self.unanswered.iter_mut().take(place);
        older
            .filter(|write| write.overlaps(ended.lun, ended.blocks))
            .for_each(|write| write.is_replaced = true);
    }

    /// The session is lost. Returns the writes without an answer that newer ones have replaced.
    pub(super) fn interrupt(&mut self) -> impl Iterator<Item = InitiatorTaskTag> + use<> {
        let unanswered = std::mem::take(self).unanswered.into_iter();
        unanswered.filter(|write| write.is_replaced).map(|write| write.itt)
    }

    /// Gives the memory back if there are no writes.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

impl SessionState {
    /// Whether the first queued request has to wait for a write of its blocks that was sent again.
    pub(super) fn is_first_held(&self) -> bool {
        if self.write_order.repeated == 0 {
            return false;
        }
        let first = self.backlog.first().and_then(|itt| self.requests.get(itt));
        match first.map(|request| &request.0) {
            Some(Kind::Scsi(task)) => {
                task.blocks().is_some_and(|blocks| self.write_order.holds(task.lun(), blocks))
            }
            _ => false,
        }
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

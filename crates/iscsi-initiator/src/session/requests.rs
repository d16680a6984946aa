//! The requests of a session, each in a slot that its task tag names.

mod kept;

use iscsi_pdu::{InitiatorTaskTag, Lun, SerialNumber};

use super::pings::Ping;
use super::request::{Kind, Outcome, Request};
use super::task::Task;
use super::task_management::TaskManagement;
use super::text_exchange::TextExchange;

/// The bits of a task tag that are the number of its slot; the others are the generation of the slot.
const INDEX_BITS: u32 = 20;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
/// The index in tags of requests that have no slot. No slot has it, and none has the index of the reserved tag.
const WITHOUT_SLOT: u32 = INDEX_MASK - 1;
/// The most requests in slots, outcomes that nobody has taken included.
const MOST_SLOTS: usize = 1 << 16;

/// Requests without an outcome, and outcomes that were not taken yet. A slot is used again with another generation, so
/// that a late PDU does not meet a new task (TAG-01).
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    slots: Vec<Slot>,
    /// The indices of the slots without a request.
    free: Vec<u32>,
    /// The number of requests without an outcome.
    open: usize,
    submitted: u64,
    /// The generation of a new slot.
    generation: u32,
    generation_without_slot: u32,
}

#[derive(Clone, Debug)]
struct Slot {
    generation: u32,
    content: Content,
    /// `CmdSN` of the request, once it was sent. Until then no response can name it.
    cmd_sn: Option<SerialNumber>,
    /// Whether nobody waits for the outcome any more.
    is_abandoned: bool,
    /// The place in the order of submission.
    order: u64,
    /// The place in the stream of its connection at which its first PDU begins.
    position: u64,
    /// Whether an earlier session may have carried it out.
    is_touched: bool,
    /// Whether its target was told to end it, and may have done so.
    is_aborting: bool,
    /// Whether a newer write of the same blocks has ended since it was sent.
    is_replaced: bool,
    /// The tag by which its caller knows it, if an earlier session had it under that one.
    known_as: Option<InitiatorTaskTag>,
}

#[derive(Clone, Debug)]
enum Content {
    Nothing,
    Request(Request),
    Outcome(Outcome),
    /// The request has this tag now.
    Renamed(InitiatorTaskTag),
}

/// Who waits for the outcome of a request that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    Nobody,
    /// Somebody who knows it by this tag.
    By(InitiatorTaskTag),
}

impl Slot {
    const fn unused(generation: u32) -> Self {
        Self {
            generation,
            content: Content::Nothing,
            cmd_sn: None,
            is_abandoned: false,
            order: 0,
            position: 0,
            is_touched: false,
            is_aborting: false,
            is_replaced: false,
            known_as: None,
        }
    }

    /// Drops the content; the tag names nothing any more.
    fn clear(&mut self) {
        self.content = Content::Nothing;
        self.generation = self.generation.wrapping_add(1) & (u32::MAX >> INDEX_BITS);
    }
}

/// The number of the slot that a tag names.
pub(crate) const fn slot_of(itt: InitiatorTaskTag) -> usize {
    (itt.0 & INDEX_MASK) as usize
}

const fn tag(generation: u32, index: u32) -> InitiatorTaskTag {
    InitiatorTaskTag(generation << INDEX_BITS | index)
}

impl Requests {
    /// The number of requests without an outcome.
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    /// Whether outcomes were not taken yet.
    pub(super) const fn has_outcomes(&self) -> bool {
        self.slots.len() - self.free.len() > self.open
    }

    /// Whether there is a slot for another request.
    pub(super) const fn has_space(&self) -> bool {
        self.slots.len() < MOST_SLOTS || !self.free.is_empty()
    }

    /// Adds a request, and returns the tag that names it until its outcome is taken.
    #[inline]
    pub(super) fn insert(&mut self, request: Request) -> InitiatorTaskTag {
        let index = self.free.pop().unwrap_or_else(|| self.add_slot());
        self.open += 1;
        self.submitted += 1;
        let Some(slot) = self.slots.get_mut(index as usize) else { return InitiatorTaskTag::RESERVED };
        slot.content = Content::Request(request);
        (slot.cmd_sn, slot.is_abandoned, slot.order) = (None, false, self.submitted);
        (slot.is_touched, slot.is_aborting, slot.is_replaced, slot.known_as) = (false, false, false, None);
        tag(slot.generation, index)
    }

    /// A tag for a request that has no slot.
    pub(super) const fn tag_without_slot(&mut self) -> InitiatorTaskTag {
        self.generation_without_slot = self.generation_without_slot.wrapping_add(1);
        tag(self.generation_without_slot, WITHOUT_SLOT)
    }

    /// A request without an outcome.
    pub(super) fn get(&self, itt: InitiatorTaskTag) -> Option<&Request> {
        match &self.slot(itt)?.content {
            Content::Request(request) => Some(request),
            Content::Nothing | Content::Outcome(_) | Content::Renamed(_) => None,
        }
    }

    pub(super) fn get_mut(&mut self, itt: InitiatorTaskTag) -> Option<&mut Request> {
        match &mut self.slot_mut(itt)?.content {
            Content::Request(request) => Some(request),
            Content::Nothing | Content::Outcome(_) | Content::Renamed(_) => None,
        }
    }

    /// Whether nobody waits for the outcome of a request.
    pub(super) fn is_abandoned(&self, itt: InitiatorTaskTag) -> bool {
        self.slot(itt).is_some_and(|slot| slot.is_abandoned)
    }

    /// A request without an outcome, which is sent with this number at this place of the stream.
    pub(super) fn begin(
        &mut self,
        itt: InitiatorTaskTag,
        cmd_sn: SerialNumber,
        position: u64,
    ) -> Option<&mut Request> {
        let slot = self.slot_mut(itt)?;
        (slot.cmd_sn, slot.position) = (Some(cmd_sn), position);
        match &mut slot.content {
            Content::Request(request) => Some(request),
            Content::Nothing | Content::Outcome(_) | Content::Renamed(_) => None,
        }
    }

    /// The request will be sent once more.
    pub(super) fn take_back(&mut self, itt: InitiatorTaskTag) {
        if let Some(slot) = self.slot_mut(itt) {
            slot.cmd_sn = None;
        }
    }

    /// The task of a SCSI command that was sent; `None` if the tag names none.
    pub(super) fn task(&mut self, itt: InitiatorTaskTag) -> Option<&mut Task> {
        match &mut self.sent(itt)?.0 {
            Kind::Scsi(task) => Some(task),
            _ => None,
        }
    }

    /// The text exchange of this tag, if it was sent; `None` if the tag names none.
    pub(super) fn text(&mut self, itt: InitiatorTaskTag) -> Option<&mut TextExchange> {
        match &mut self.sent(itt)?.0 {
            Kind::Text(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// The ping of this tag, if it was sent.
    pub(super) fn sent_ping(&mut self, itt: InitiatorTaskTag) -> Option<&Ping> {
        match &self.sent(itt)?.0 {
            Kind::Ping(ping) => Some(ping),
            _ => None,
        }
    }

    /// The task management function of this tag, with the number that it was sent with.
    pub(super) fn sent_management(
        &mut self,
        itt: InitiatorTaskTag,
    ) -> Option<(TaskManagement, SerialNumber)> {
        let cmd_sn = self.cmd_sn(itt)?;
        match self.sent(itt)?.0 {
            Kind::Management(function) => Some((function, cmd_sn)),
            _ => None,
        }
    }

    /// `CmdSN` of a request without an outcome that was sent.
    pub(super) fn cmd_sn(&self, itt: InitiatorTaskTag) -> Option<SerialNumber> {
        self.get(itt)?;
        self.slot(itt)?.cmd_sn
    }

    /// Whether this is an immediate request without an outcome.
    pub(super) fn is_immediate(&self, itt: InitiatorTaskTag) -> bool {
        self.get(itt).is_some_and(Request::is_immediate)
    }

    /// The logical unit of a command without an outcome.
    pub(super) fn lun(&self, itt: InitiatorTaskTag) -> Option<Lun> {
        match &self.get(itt)?.0 {
            Kind::Scsi(task) => Some(task.lun()),
            _ => None,
        }
    }

    /// The number of commands without an outcome that were sent to this unit.
    pub(super) fn sent_to(&self, lun: Lun) -> usize {
        let is_one = |slot: &&Slot| match &slot.content {
            Content::Request(Request(Kind::Scsi(task))) => slot.cmd_sn.is_some() && task.lun() == lun,
            _ => false,
        };
        self.slots.iter().filter(is_one).count()
    }

    /// Whether a request without an outcome was submitted before another one.
    pub(super) fn is_older(&self, itt: InitiatorTaskTag, than: InitiatorTaskTag) -> bool {
        let order = |itt| self.get(itt).and_then(|_| self.slot(itt)).map(|slot| slot.order);
        matches!((order(itt), order(than)), (Some(one), Some(other)) if one < other)
    }

    /// Whether a text exchange has no outcome yet.
    pub(super) fn has_text(&self) -> bool {
        let is_text = |slot: &Slot| matches!(&slot.content, Content::Request(Request(Kind::Text(_))));
        self.slots.iter().any(is_text)
    }

    /// Replaces a request by its outcome. Returns who waits for it; otherwise the slot is free.
    pub(super) fn end(
        &mut self,
        itt: InitiatorTaskTag,
        outcome: impl FnOnce(&mut Request) -> Outcome,
    ) -> Option<Awaited> {
        let slot = self.slot_mut(itt)?;
        let Content::Request(request) = &mut slot.content else { return None };
        let awaited_as = (!slot.is_abandoned).then(|| slot.known_as.unwrap_or(itt));
        match awaited_as {
            Some(tag) if tag == itt => slot.content = Content::Outcome(outcome(request)),
            Some(tag) => {
                let outcome = Content::Outcome(outcome(request));
                self.free(itt);
                if let Some(slot) = self.slot_mut(tag) {
                    slot.content = outcome;
                }
            }
            None => self.free(itt),
        }
        self.open -= 1;
        Some(awaited_as.map_or(Awaited::Nobody, Awaited::By))
    }

    /// The outcome of a request, while it is not taken.
    pub(super) fn outcome(&self, itt: InitiatorTaskTag) -> Option<&Outcome> {
        match &self.slot(itt)?.content {
            Content::Outcome(outcome) => Some(outcome),
            Content::Nothing | Content::Request(_) | Content::Renamed(_) => None,
        }
    }

    /// Takes the outcome of a request. Its tag names nothing any more.
    pub(super) fn take_outcome(&mut self, itt: InitiatorTaskTag) -> Option<Outcome> {
        let slot = self.slot_mut(itt)?;
        let Content::Outcome(outcome) = &mut slot.content else { return None };
        let outcome = std::mem::replace(outcome, Outcome::SessionOver);
        slot.clear();
        self.free.push(itt.0 & INDEX_MASK);
        Some(outcome)
    }

    /// Nobody waits for the outcome of this request any more.
    pub(super) fn abandon(&mut self, itt: InitiatorTaskTag) {
        if self.take_outcome(itt).is_some() {
            return;
        }
        let current = self.current_tag(itt);
        if itt != current {
            self.free(itt);
        }
        if let Some(slot) = self.slot_mut(current) {
            (slot.is_abandoned, slot.known_as) = (true, None);
        }
    }

    /// The tag that a request without an outcome has now.
    pub(super) fn current_tag(&self, itt: InitiatorTaskTag) -> InitiatorTaskTag {
        match self.slot(itt).map(|slot| &slot.content) {
            Some(Content::Renamed(current)) => *current,
            _ => itt,
        }
    }

    /// The tags of all requests without an outcome, in the order of submission.
    pub(super) fn open_in_order(&self) -> Vec<InitiatorTaskTag> {
        let slots = (0..).zip(&self.slots).filter(|(_, slot)| matches!(slot.content, Content::Request(_)));
        let mut open: Vec<_> = slots.map(|(index, slot)| (slot.order, tag(slot.generation, index))).collect();
        open.sort_unstable_by_key(|(order, _)| *order);
        open.into_iter().map(|(_, itt)| itt).collect()
    }

    /// Gives the memory back if no slot is in use.
    pub(super) fn release(&mut self) {
        if self.free.len() == self.slots.len() {
            let newest = self.slots.iter().map(|slot| slot.generation).max();
            self.generation = newest.unwrap_or(self.generation);
            (self.slots, self.free) = (Vec::new(), Vec::new());
        }
    }

    /// Whether there is memory to give back.
    pub(super) const fn has_slots(&self) -> bool {
        self.slots.capacity() > 0
    }

    fn add_slot(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).unwrap_or(WITHOUT_SLOT);
        self.slots.push(Slot::unused(self.generation));
        index
    }

    fn free(&mut self, itt: InitiatorTaskTag) {
        if let Some(slot) = self.slot_mut(itt) {
            slot.clear();
            self.free.push(itt.0 & INDEX_MASK);
        }
    }

    fn sent(&mut self, itt: InitiatorTaskTag) -> Option<&mut Request> {
        match self.slot_mut(itt)? {
            Slot { content: Content::Request(request), cmd_sn: Some(_), .. } => Some(request),
            _ => None,
        }
    }

    fn slot(&self, itt: InitiatorTaskTag) -> Option<&Slot> {
        self.slots.get(slot_of(itt)).filter(|slot| slot.generation == itt.0 >> INDEX_BITS)
    }

    fn slot_mut(&mut self, itt: InitiatorTaskTag) -> Option<&mut Slot> {
        self.slots.get_mut(slot_of(itt)).filter(|slot| slot.generation == itt.0 >> INDEX_BITS)
    }
}

#[cfg(test)]
mod tests;

//! Requests that outlive their session: what a session before may have done of them, and the tags that they get in the next one.

use iscsi_pdu::InitiatorTaskTag;

use super::{Content, Requests, Slot, tag};

impl Requests {
    /// The connection is lost, of whose stream so many bytes were written. The target may know the requests whose first byte is
    /// among them; none is sent any more.
    pub(in crate::session) fn interrupt(&mut self, written: u64) {
        for slot in &mut self.slots {
            slot.is_touched |= slot.cmd_sn.is_some() && slot.position < written;
            slot.cmd_sn = None;
        }
    }

    /// Whether a session before this one may have carried a request out.
    pub(in crate::session) fn is_touched(&self, itt: InitiatorTaskTag) -> bool {
        self.slot(itt).is_some_and(|slot| slot.is_touched)
    }

    /// Takes note that a newer write of the same blocks has ended.
    pub(in crate::session) fn note_replaced(&mut self, itt: InitiatorTaskTag) {
        if let Some(slot) = self.slot_mut(itt) {
            slot.is_replaced = true;
        }
    }

    /// Whether a newer write of the same blocks has ended.
    pub(in crate::session) fn is_replaced(&self, itt: InitiatorTaskTag) -> bool {
        self.slot(itt).is_some_and(|slot| slot.is_replaced)
    }

    /// Takes note that the target is told to end a request, or has answered that it goes on.
    pub(in crate::session) fn note_abort(&mut self, itt: InitiatorTaskTag, is_under_way: bool) {
        if let Some(slot) = self.slot_mut(itt) {
            slot.is_aborting = is_under_way;
        }
    }

    /// Whether the target was told to end a request without an outcome.
    pub(in crate::session) fn is_aborting(&self, itt: InitiatorTaskTag) -> bool {
        self.slot(itt).is_some_and(|slot| slot.is_aborting)
    }

    /// Whether any request without an outcome was given another tag.
    pub(in crate::session) fn has_renamed(&self) -> bool {
        self.slots.iter().any(|slot| slot.known_as.is_some() && matches!(slot.content, Content::Request(_)))
    }

    /// Whether a request without an outcome was given another tag.
    pub(in crate::session) fn is_renamed(&self, itt: InitiatorTaskTag) -> bool {
        self.get(itt).and_then(|_| self.slot(itt)).is_some_and(|slot| slot.known_as.is_some())
    }

    /// Gives a request without an outcome another tag for another session. Its caller goes on to use the one that it knows.
    pub(in crate::session) fn rename(&mut self, itt: InitiatorTaskTag) -> Option<InitiatorTaskTag> {
        self.get(itt)?;
        let index = self.free.pop().unwrap_or_else(|| self.add_slot());
        let generation = self.slots.get(index as usize)?.generation;
        let old = self.slot_mut(itt)?;
        let known_as = (!old.is_abandoned).then(|| old.known_as.unwrap_or(itt));
        let unused = Slot::unused(old.generation);
        let new = Slot { generation, known_as, ..std::mem::replace(old, unused) };
        *self.slots.get_mut(index as usize)? = new;
        let renamed = tag(generation, index);
        if known_as != Some(itt) {
            self.free(itt);
        }
        if let Some(slot) = known_as.and_then(|known_as| self.slot_mut(known_as)) {
            slot.content = Content::Renamed(renamed);
        }
        Some(renamed)
    }
}

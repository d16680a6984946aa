//! Places in the lines of callers who wait.

use std::task::{Context, Waker};

use super::shared::{Shared, State};
use super::waiting::{Line, Ticket};

/// The place of a future in a line, which it leaves when it is dropped.
pub(super) struct Place<'a> {
    pub(super) shared: &'a Shared,
    pub(super) line: fn(&mut State) -> &mut Line,
    pub(super) ticket: Option<Ticket>,
}

impl Place<'_> {
    /// Waits with this waker. Returns the one that it replaces.
    #[must_use = "dropped when the lock is released"]
    pub(super) fn wait(&mut self, state: &mut State, context: &Context<'_>) -> Option<Waker> {
        let line = (self.line)(state);
        let Some(ticket) = self.ticket else {
            self.ticket = Some(line.join(context.waker()));
            return None;
        };
        line.wait(ticket, context.waker())
    }

    /// Leaves the line without a turn. The caller behind may be the next one then.
    fn give_up(&mut self) {
        let mut state = self.shared.lock();
        let left = self.leave(&mut state);
        let next = state.next_in_line();
        drop(state);
        drop(left);
        next.into_iter().for_each(Waker::wake);
    }

    /// Leaves the line. Returns the waker.
    #[inline]
    #[must_use = "dropped when the lock is released"]
    pub(super) fn leave(&mut self, state: &mut State) -> Option<Waker> {
        let ticket = self.ticket.take()?;
        (self.line)(state).leave(ticket)
    }
}

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.give_up();
        }
    }
}

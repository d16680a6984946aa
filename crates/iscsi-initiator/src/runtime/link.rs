//! The link between the handles of a session and its task.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use iscsi_login::ObservedDeviation;
use iscsi_pdu::InitiatorTaskTag;

use super::Clock;
use super::buffer_pool::BufferPool;
use super::shared::{Shared, State};
use super::waiting::{Line, Ticket};
use crate::error::Error;
use crate::session::{Outcome, Request};

/// The longest limit, which every clock can represent: a century.
const LONGEST_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

/// The handles' end of a session. When it is dropped, the session logs out.
pub(crate) struct Link {
    shared: Arc<Shared>,
    /// The session's times.
    clock: Clock,
}

impl Link {
    pub(super) const fn new(shared: Arc<Shared>, clock: Clock) -> Self {
        Self { shared, clock }
    }

    /// Submits a request; waits in line while too many have no outcome. That wait is limited too: every request ahead has an
    /// earlier deadline, and the first one that is missed ends the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has not submitted the request.
    pub(crate) async fn request(&self, request: Request, limit: Duration) -> Result<Reply, Error> {
        let deadline = self.deadline_after(limit);
        let mut place = Place { shared: &self.shared, line: |state| &mut state.line, ticket: None };
        let mut request = Some(request);
        poll_fn(|context| self.poll_submit(&mut place, &mut request, deadline, context)).await
    }

    fn poll_submit(
        &self,
        place: &mut Place<'_>,
        request: &mut Option<Request>,
        deadline: Duration,
        context: &Context<'_>,
    ) -> Poll<Result<Reply, Error>> {
        let mut state = self.shared.lock();
        if let Some(reason) = &state.ended {
            return Poll::Ready(Err(reason.clone()));
        }
        let is_next = place.ticket.map_or(state.line.is_empty(), |ticket| state.line.is_first(ticket));
        if !is_next || !state.accepts() {
            let replaced = place.wait(&mut state, context);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        let Some(request) = request.take() else { return Poll::Pending };
        let itt = state.session.submit(request, deadline);
        let task = state.changed();
        let left = place.leave(&mut state);
        let next = state.next_in_line();
        drop(state);
        drop(left);
        task.into_iter().chain(next).for_each(Waker::wake);
        Poll::Ready(Ok(Reply { shared: Arc::clone(&self.shared), itt, is_taken: false }))
    }

    /// The deadline of a limit that begins now.
    pub(super) fn deadline_after(&self, limit: Duration) -> Duration {
        self.clock.now() + limit.min(LONGEST_LIMIT)
    }

    /// Requests the logout.
    pub(crate) fn log_out(&self) {
        self.shared.log_out(self.clock.now());
    }

    /// Waits until the session has ended, and returns the reason.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(crate) async fn ended(&self) -> Error {
        let mut place = Place { shared: &self.shared, line: |state| &mut state.end_line, ticket: None };
        poll_fn(|context| {
            let mut state = self.shared.lock();
            if let Some(reason) = &state.ended {
                return Poll::Ready(reason.clone());
            }
            let replaced = place.wait(&mut state, context);
            drop(state);
            drop(replaced);
            Poll::Pending
        })
        .await
    }

    /// The reason why the session has ended, if it is.
    pub(crate) fn end_reason(&self) -> Option<Error> {
        self.shared.lock().ended.clone()
    }

    /// Whether the target takes another command at present.
    pub(crate) fn is_window_open(&self) -> bool {
        self.shared.lock().session.is_window_open()
    }

    /// Buffers for read data, for as long as the session is not idle.
    pub(crate) fn buffers(&self) -> &BufferPool {
        &self.shared.buffers
    }

    /// Deviations that were tolerated so far.
    pub(crate) fn deviations(&self) -> Vec<ObservedDeviation> {
        self.shared.lock().session.deviations().to_vec()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.log_out();
    }
}

/// The place of a future in a line, which it leaves when it is dropped.
struct Place<'a> {
    shared: &'a Shared,
    line: fn(&mut State) -> &mut Line,
    ticket: Option<Ticket>,
}

impl Place<'_> {
    /// Waits with this waker. Returns the one that it replaces.
    #[must_use = "dropped when the lock is released"]
    fn wait(&mut self, state: &mut State, context: &Context<'_>) -> Option<Waker> {
        let line = (self.line)(state);
        let Some(ticket) = self.ticket else {
            self.ticket = Some(line.join(context.waker()));
            return None;
        };
        line.wait(ticket, context.waker())
    }

    /// Leaves the line. Returns the waker.
    #[must_use = "dropped when the lock is released"]
    fn leave(&mut self, state: &mut State) -> Option<Waker> {
        self.ticket.take().and_then(|ticket| (self.line)(state).leave(ticket))
    }
}

impl Drop for Place<'_> {
    /// The caller behind may be the next one then.
    fn drop(&mut self) {
        if self.ticket.is_some() {
            let mut state = self.shared.lock();
            let left = self.leave(&mut state);
            let next = state.next_in_line();
            drop(state);
            drop(left);
            next.into_iter().for_each(Waker::wake);
        }
    }
}

/// The pending outcome of a submitted request. When it is dropped, the outcome is abandoned.
pub(crate) struct Reply {
    shared: Arc<Shared>,
    itt: InitiatorTaskTag,
    is_taken: bool,
}

impl Reply {
    /// Waits for the outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the outcome.
    pub(crate) async fn outcome(mut self) -> Result<Outcome, Error> {
        poll_fn(|context| self.poll_outcome(context)).await
    }

    fn poll_outcome(&mut self, context: &Context<'_>) -> Poll<Result<Outcome, Error>> {
        let mut state = self.shared.lock();
        let replaced = match (state.session.outcome(self.itt), &state.ended) {
            (Some(Outcome::SessionOver), Some(reason)) => return Poll::Ready(Err(reason.clone())),
            // The end is known when the connection is closed.
            (Some(Outcome::SessionOver) | None, _) => state.await_outcome(self.itt, context.waker()),
            (Some(_), _) => {
                self.is_taken = true;
                let outcome = state.session.take_outcome(self.itt);
                // Its slot is free.
                let next = state.next_in_line();
                drop(state);
                next.into_iter().for_each(Waker::wake);
                return outcome.map_or(Poll::Pending, |outcome| Poll::Ready(Ok(outcome)));
            }
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_taken {
            let mut state = self.shared.lock();
            let abandoned = state.abandon(self.itt);
            let next = state.next_in_line();
            drop(state);
            drop(abandoned);
            next.into_iter().for_each(Waker::wake);
        }
    }
}

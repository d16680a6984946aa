//! The link between the handles of a session and its task.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use iscsi_login::ObservedDeviation;
use iscsi_pdu::{InitiatorTaskTag, LogoutReason, Lun, Portal};

use super::buffer_pool::BufferPool;
use super::listeners::Listener;
use super::place::Place;
use super::shared::{Shared, State};
use crate::error::Error;
use crate::nexus::{Found, NexusEvent, SessionStatus};
use crate::scsi::Capacity;
use crate::session::{Outcome, Request};

/// The handles' end of a session. When it is dropped, the session logs out.
pub(crate) struct Link {
    shared: Arc<Shared>,
}

impl Link {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Submits a request; waits in line while too many have no outcome. That wait is limited too: every request ahead has a
    /// deadline, and the first one that is missed ends the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has not submitted the request.
    pub(crate) async fn submit(&self, request: Request) -> Result<Reply, Error> {
        let mut submission = self.submission(request);
        let itt = poll_fn(|context| submission.poll(None, context)).await?;
        Ok(Reply { shared: Arc::clone(&self.shared), itt, is_taken: false })
    }

    /// Submits a request like [`submit`](Self::submit), and waits for its outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped has not submitted the request, or abandons the outcome.
    #[inline]
    pub(crate) fn carry_out(&self, request: Request) -> Exchange<'_> {
        Exchange { submission: self.submission(request), reply: None }
    }

    #[inline]
    fn submission(&self, request: Request) -> Submission<'_> {
        let place = Place { shared: &self.shared, line: |state| &mut state.line, ticket: None };
        // The limit of an immediate request begins at once.
        let since = request.is_immediate().then(|| self.shared.clock.now());
        Submission { link: self, request: Some(request), place, since }
    }

    /// Requests the logout.
    pub(crate) fn log_out(&self) {
        self.log_out_for(LogoutReason::CLOSE_SESSION);
    }

    /// Requests the logout for this reason.
    pub(crate) fn log_out_for(&self, reason: LogoutReason) {
        self.shared.log_out(reason);
    }

    /// Remembers what a unit is, for later sessions, and whether it has a write cache.
    pub(crate) fn remember(&self, lun: Lun, found: Found) {
        let mut state = self.shared.lock();
        state.nexus.remember(lun, found.identity);
        state.session.note_write_cache(lun, found.has_write_cache);
    }

    /// The unit has this size from now on.
    pub(crate) fn resize(&self, lun: Lun, capacity: Capacity) {
        self.shared.lock().nexus.resize(lun, capacity);
    }

    /// Adds a portal of this group, at which a lost session may be replaced.
    pub(crate) fn add_portal(&self, portal: Portal, group: Option<u16>) {
        self.shared.lock().nexus.add_portal(portal, group);
    }

    /// The state of the nexus.
    pub(crate) fn status(&self) -> SessionStatus {
        self.shared.lock().nexus.status()
    }

    /// Why the session was lost, or the last attempt to log in again failed.
    pub(crate) fn last_failure(&self) -> Option<Error> {
        self.shared.lock().last_failure.clone()
    }

    /// Waits until the nexus is in another state than this one.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(crate) async fn next_status(&self, known: SessionStatus) -> SessionStatus {
        let mut place = Place { shared: &self.shared, line: |state| &mut state.status_line, ticket: None };
        poll_fn(|context| {
            let mut state = self.shared.lock();
            let status = state.nexus.status();
            if status != known || state.ended.is_some() {
                let left = place.leave(&mut state);
                drop(state);
                drop(left);
                return Poll::Ready(status);
            }
            let replaced = place.wait(&mut state, context);
            drop(state);
            drop(replaced);
            Poll::Pending
        })
        .await
    }

    /// Tells the nexus what its caller wants.
    pub(crate) fn tell(&self, event: NexusEvent) {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        state.tell(event, now);
        let task = state.changed();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    /// Has all commands aborted. Returns the pending outcomes of the task management functions.
    pub(crate) fn abort_all(&self) -> Vec<Reply> {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let functions = state.session.abort_all(now);
        let task = state.changed();
        drop(state);
        task.into_iter().for_each(Waker::wake);
        let reply = |itt| Reply { shared: Arc::clone(&self.shared), itt, is_taken: false };
        functions.into_iter().map(reply).collect()
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

    /// Adds a listener of events.
    pub(crate) fn listen(&self) -> Listener {
        let mut state = self.shared.lock();
        let listener = state.listeners.add();
        let State { session, listeners, .. } = &mut *state;
        listeners.send(session);
        if state.ended.is_some() {
            state.listeners.close();
        }
        listener
    }

    /// The number of commands that the unit takes at a time, if it is limited.
    pub(crate) fn queue_depth(&self, lun: Lun) -> Option<usize> {
        self.shared.lock().session.queue_depth(lun)
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

/// A request that waits to be submitted.
struct Submission<'a> {
    link: &'a Link,
    /// Until it is submitted.
    request: Option<Request>,
    place: Place<'a>,
    /// The time from which on it has waited.
    since: Option<Duration>,
}

impl Submission<'_> {
    fn name(&self) -> &'static str {
        self.request.as_ref().map_or("request", Request::name)
    }

    /// Waits in line.
    #[cold]
    fn wait(&mut self, mut state: MutexGuard<'_, State>, context: &Context<'_>) {
        self.since.get_or_insert_with(|| self.link.shared.clock.now());
        let replaced = self.place.wait(&mut state, context);
        drop(state);
        drop(replaced);
    }

    /// Submits the request if it is its turn. `waiting` is the waker of the caller who goes on to wait for the outcome.
    fn poll(
        &mut self,
        waiting: Option<&Waker>,
        context: &Context<'_>,
    ) -> Poll<Result<InitiatorTaskTag, Error>> {
        let mut state = self.link.shared.lock();
        if let Some(reason) = &state.ended {
            return Poll::Ready(Err(reason.clone()));
        }
        if state.nexus.is_failing_fast() {
            return Poll::Ready(Err(Error::NoSession { request: self.name() }));
        }
        let is_next =
            || self.place.ticket.map_or(state.line.is_empty(), |ticket| state.line.is_first(ticket));
        let is_immediate = self.request.as_ref().is_some_and(Request::is_immediate);
        let is_accepted = if is_immediate { state.accepts_immediate() } else { is_next() && state.accepts() };
        if !is_accepted {
            self.wait(state, context);
            return Poll::Pending;
        }
        let Some(request) = self.request.take() else { return Poll::Pending };
        let itt = match self.since {
            None => state.session.submit(request),
            Some(since) => state.session.submit_since(request, since),
        };
        let replaced = waiting.and_then(|waker| state.await_outcome(itt, waker));
        let task = state.changed();
        let left = self.place.leave(&mut state);
        let next = state.next_in_line();
        drop(state);
        drop((replaced, left));
        task.into_iter().chain(next).for_each(Waker::wake);
        Poll::Ready(Ok(itt))
    }
}

/// A request that is submitted, and then waits for its outcome.
pub(crate) struct Exchange<'a> {
    submission: Submission<'a>,
    reply: Option<Reply<&'a Shared>>,
}

impl Future for Exchange<'_> {
    type Output = Result<Outcome, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(reply) = &mut self.reply {
            return reply.poll_outcome(context);
        }
        let itt = ready!(self.submission.poll(Some(context.waker()), context))?;
        let shared: &Shared = &self.submission.link.shared;
        self.reply = Some(Reply { shared, itt, is_taken: false });
        Poll::Pending
    }
}

/// The pending outcome of a submitted request. When it is dropped, the outcome is abandoned.
pub(crate) struct Reply<S: Deref<Target = Shared> = Arc<Shared>> {
    shared: S,
    itt: InitiatorTaskTag,
    is_taken: bool,
}

impl Reply {
    /// Has the command aborted. Returns the pending outcome of the task management function; `None` if the command was not
    /// sent or has ended.
    pub(crate) fn abort(&self) -> Option<Self> {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let itt = state.session.abort(self.itt, now);
        let task = state.changed();
        drop(state);
        task.into_iter().for_each(Waker::wake);
        itt.map(|itt| Self { shared: Arc::clone(&self.shared), itt, is_taken: false })
    }

    /// The outcome, if the request has ended.
    pub(crate) fn now(mut self) -> Option<Outcome> {
        let mut state = self.shared.lock();
        let outcome = state.session.take_outcome(self.itt);
        drop(state);
        self.is_taken = outcome.is_some();
        outcome
    }
}

impl<S: Deref<Target = Shared>> Reply<S> {
    /// Waits for the outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the outcome.
    pub(crate) async fn outcome(mut self) -> Result<Outcome, Error> {
        poll_fn(|context| self.poll_outcome(context)).await
    }

    /// Drops the outcome, now or when it comes.
    #[cold]
    fn abandon(&self) {
        let mut state = self.shared.lock();
        let was_full = !state.session.has_space();
        let abandoned = state.abandon(self.itt);
        let next = if was_full { state.next_in_line() } else { None };
        drop(state);
        drop(abandoned);
        next.into_iter().for_each(Waker::wake);
    }

    fn poll_outcome(&mut self, context: &Context<'_>) -> Poll<Result<Outcome, Error>> {
        let mut state = self.shared.lock();
        let replaced = match (state.session.outcome(self.itt), &state.ended) {
            (Some(Outcome::SessionOver), Some(reason)) => return Poll::Ready(Err(reason.clone())),
            // The end is known when the connection is closed.
            (Some(Outcome::SessionOver) | None, _) => state.await_outcome(self.itt, context.waker()),
            (Some(_), _) => {
                self.is_taken = true;
                let was_full = !state.session.has_space();
                let outcome = state.session.take_outcome(self.itt);
                // Its slot is free.
                let next = if was_full { state.next_in_line() } else { None };
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

impl<S: Deref<Target = Shared>> Drop for Reply<S> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_taken {
            self.abandon();
        }
    }
}

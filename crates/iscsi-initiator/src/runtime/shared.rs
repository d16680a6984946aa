//! The state that the handles of a session and its task share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, LogoutReason};

use super::Clock;
use super::buffer_pool::BufferPool;
use super::listeners::Listeners;
use super::waiting::{Line, WakeList, renew};
use crate::error::Error;
use crate::nexus::{Nexus, NexusEvent, SessionStatus, Step};
use crate::session::{Failure, NextSession, SessionState, slot_of};

/// The most requests without an outcome; the callers of further ones wait in line.
const MOST_IN_FLIGHT: usize = 256;

/// A session behind a lock, which is held for computations only, never during input, output or a wait.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// The session's times.
    pub(super) clock: Clock,
    pub(super) buffers: BufferPool,
}

/// A session, and the wakers of those who wait for it.
pub(super) struct State {
    pub(super) session: SessionState,
    pub(super) nexus: Nexus,
    /// The wakers of those who wait for an outcome, by the slot of the request.
    replies: Vec<Option<Waker>>,
    /// Callers who wait until the session accepts another request.
    pub(super) line: Line,
    /// Callers who wait for the end.
    pub(super) end_line: Line,
    /// Callers who wait for another state of the nexus, and the state when they were last woken.
    pub(super) status_line: Line,
    told_status: SessionStatus,
    /// What the task has to do since a caller wants it.
    step: Option<Step>,
    /// Listeners of events.
    pub(super) listeners: Listeners,
    /// The waker of the task.
    task: Waker,
    /// Whether handles have changed the session since the task has looked at it.
    pub(super) is_changed: bool,
    /// Why the session was lost, or the last attempt to log in again failed.
    pub(super) last_failure: Option<Error>,
    /// The reason why the session is over. Set after the connection was closed and the ISID returned.
    pub(super) ended: Option<Error>,
}

impl Shared {
    pub(super) fn new(session: SessionState, nexus: Nexus, clock: Clock) -> Self {
        let told_status = nexus.status();
        let state = State {
            session,
            nexus,
            replies: Vec::new(),
            line: Line::default(),
            end_line: Line::default(),
            status_line: Line::default(),
            told_status,
            step: None,
            listeners: Listeners::default(),
            task: Waker::noop().clone(),
            is_changed: true,
            last_failure: None,
            ended: None,
        };
        Self { state: Mutex::new(state), clock, buffers: BufferPool::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests the logout for this reason.
    pub(super) fn log_out(&self, reason: LogoutReason) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.session.log_out_for(reason, now);
        if !state.nexus.phase().carries_commands() {
            state.nexus.take(NexusEvent::NotWanted, now);
        }
        let task = state.changed();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    /// Makes the end known to everybody, with its reason; only the first one counts. The connection is closed by then.
    pub(super) fn end(&self, reason: Error) {
        let mut wakers = WakeList::default();
        let mut state = self.lock();
        state.session.fail(Failure::Lost(reason.to_string()));
        state.session.end_kept();
        state.ended.get_or_insert(reason);
        // LGO-08: in the order in which requests were submitted.
        state.take_ended(&mut wakers);
        wakers.extend(state.line.wakers());
        wakers.extend(state.end_line.wakers());
        wakers.extend(state.status_line.wakers());
        let State { session, listeners, .. } = &mut *state;
        listeners.send(session);
        listeners.close();
        drop(state);
        wakers.wake();
    }
}

impl Shared {
    /// Takes note of why the session was lost, or the last attempt to log in again failed.
    pub(super) fn note_failure(&self, error: &Error) {
        self.lock().last_failure = Some(error.clone());
    }

    /// Ends the requests that wait for a session, and has those in line look again.
    pub(super) fn fail_commands(&self) {
        let mut wakers = WakeList::default();
        let mut state = self.lock();
        state.session.end_waiting();
        state.take_ended(&mut wakers);
        wakers.extend(state.line.wakers());
        drop(state);
        wakers.wake();
    }
}

impl State {
    /// Whether another request is accepted.
    pub(super) fn accepts(&self) -> bool {
        self.accepts_immediate() && self.session.in_flight() < MOST_IN_FLIGHT
    }

    /// Whether another immediate request is accepted, which overtakes those in line.
    pub(super) fn accepts_immediate(&self) -> bool {
        (self.session.is_open() || self.session.is_between_sessions()) && self.session.has_space()
    }

    /// Tells the nexus what its caller wants. What follows is done by the task.
    pub(super) fn tell(&mut self, event: NexusEvent, now: Duration) {
        let step = match event {
            NexusEvent::Suspend => self.nexus.suspend(&mut self.session, now),
            event => self.nexus.take(event, now),
        };
        self.step = self.step.or((step != Step::Wait).then_some(step));
    }

    /// Lets the nexus go on.
    pub(super) fn drive(&mut self, now: Duration) -> Step {
        if let Some(step) = self.step.take() {
            return step;
        }
        self.nexus.drive(&mut self.session, now)
    }

    /// Lets the nexus go on while its session has a connection, until it has to wait.
    pub(super) fn drive_on(&mut self, now: Duration) {
        loop {
            match self.drive(now) {
                Step::Wait => return,
                Step::FailCommands => self.session.end_waiting(),
                // Their part is done by the nexus, or follows when the connection is closed.
                _ => {}
            }
        }
    }

    /// Collects the wakers of those who wait for another state of the nexus, if it has changed.
    pub(super) fn collect_status_wakers(&mut self, wakers: &mut WakeList) {
        let status = self.nexus.status();
        if std::mem::replace(&mut self.told_status, status) != status {
            wakers.extend(self.status_line.wakers());
        }
    }

    /// Begins another session.
    pub(super) fn log_in_again(&mut self, next: NextSession, group: Option<u16>, now: Duration) {
        let _ = self.nexus.log_in_again(&mut self.session, next, group, now);
        self.last_failure = None;
    }

    /// Notes that a handle has changed the session. Returns the task's waker for the first change since the task has looked
    /// at it, to be woken when the lock is released.
    pub(super) fn changed(&mut self) -> Option<Waker> {
        let was_changed = std::mem::replace(&mut self.is_changed, true);
        (!was_changed).then(|| self.task.clone())
    }

    /// The waker of the caller whose turn it is to submit a request.
    pub(super) fn next_in_line(&self) -> Option<Waker> {
        if self.line.is_empty() || !self.accepts() {
            return None;
        }
        self.line.first_waker()
    }

    /// Notes the waker of the caller who waits for this outcome. Returns the one that it replaces.
    #[must_use = "dropped when the lock is released"]
    pub(super) fn await_outcome(&mut self, itt: InitiatorTaskTag, waker: &Waker) -> Option<Waker> {
        let slot = slot_of(itt);
        if self.replies.len() <= slot {
            self.replies.resize(slot + 1, None);
        }
        let place = self.replies.get_mut(slot)?;
        match place {
            Some(known) => renew(known, waker),
            None => place.replace(waker.clone()),
        }
    }

    /// Forgets the caller who waited for this outcome, and returns its waker.
    #[must_use = "dropped when the lock is released"]
    pub(super) fn abandon(&mut self, itt: InitiatorTaskTag) -> Option<Waker> {
        self.session.abandon(itt);
        self.replies.get_mut(slot_of(itt)).and_then(Option::take)
    }

    /// Collects the wakers of those who can go on. What the end of the session leaves open is known when the connection is
    /// [closed](Shared::end).
    pub(super) fn collect_wakers(&mut self, wakers: &mut WakeList) {
        if self.session.end().is_none() || self.session.is_between_sessions() {
            self.take_ended(wakers);
            // A request that nobody waits for makes space, too, when it ends.
            wakers.extend(self.next_in_line());
        }
    }

    /// Collects the wakers of those whose requests have ended. Where an outcome was taken meanwhile, the slot may be another
    /// request's.
    fn take_ended(&mut self, wakers: &mut WakeList) {
        while let Some(itt) = self.session.poll_ended() {
            if self.session.outcome(itt).is_none() {
                continue;
            }
            if let Some(waker) = self.replies.get_mut(slot_of(itt)).and_then(Option::take) {
                wakers.push(waker);
            }
        }
    }

    /// The task has seen what handles have changed; who changes more wakes it.
    pub(super) fn note_seen(&mut self, task: &Waker) {
        let _ = renew(&mut self.task, task);
        self.is_changed = false;
    }

    /// Gives memory back that an idle session does not need.
    pub(super) fn release(&mut self) {
        self.session.release();
        if !self.session.has_buffers() {
            self.replies = Vec::new();
        }
    }
}

/// The task's end of the shared state. When a task stops in any other way, such as with its runtime, callers learn of it.
pub(super) struct EndOfTask(pub(super) Arc<Shared>);

impl Drop for EndOfTask {
    fn drop(&mut self) {
        self.0.end(Error::SessionEnded("its task has stopped".to_owned()));
    }
}

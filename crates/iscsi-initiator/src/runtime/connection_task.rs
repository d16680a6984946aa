//! The task that owns a session's connection: it moves bytes, and wakes callers.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use iscsi_pdu::Portal;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::Clock;
use super::connection::Connection;
use super::link::Link;
use super::shared::{Shared, State};
use super::stream::Stream;
use super::timer::Timer;
use super::waiting::WakeList;
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::session::{Failure, SessionState, Wire};

/// The most reads of one poll. Then the task lets others run.
const MOST_READS: usize = 16;
/// A connection that has received nothing for so long gives its buffers back.
const IDLE: Duration = Duration::from_secs(1);

/// Starts the task of a session, and returns the handles' link to it.
pub(crate) fn start_session<S: Stream>(
    connection: Connection<S>,
    lease: IsidLease,
    session: SessionState,
) -> Link {
    let (task, link) = ConnectionTask::new(connection, lease, session);
    tokio::spawn(task.run());
    link
}

/// The task of a session. When it ends, [`State::ended`] has the reason, and every caller was woken.
pub(super) struct ConnectionTask<S> {
    stream: S,
    /// Returned only after the connection is closed (NAM-06).
    lease: IsidLease,
    portal: Portal,
    wire: Wire,
    /// The session's times.
    clock: Clock,
    timer: Timer,
    /// Whether something was received since the timer for idle buffers was set, and when it rings.
    is_active: bool,
    idle_at: Option<Duration>,
    wakers: WakeList,
    /// The number of deviations already logged.
    logged: usize,
    /// Whether other threads may add requests while this one works.
    has_other_workers: bool,
    has_yielded: bool,
    shared: EndOfTask,
}

/// What a task has to do next.
enum Next {
    /// Another round.
    GoOn,
    /// To wait for an event.
    Wait,
}

impl<S: Stream> ConnectionTask<S> {
    /// A task for this connection, and the link by which handles reach it.
    fn new(connection: Connection<S>, lease: IsidLease, session: SessionState) -> (Self, Link) {
        let Connection { stream, inbox, digests, portal } = connection;
        let (clock, logged) = (Clock::start(), session.deviations().len());
        let shared = Arc::new(Shared::new(session));
        let link = Link::new(Arc::clone(&shared), clock);
        let task = Self {
            stream,
            lease,
            portal,
            wire: Wire::new(inbox, digests),
            clock,
            timer: Timer::default(),
            is_active: false,
            idle_at: None,
            wakers: WakeList::default(),
            logged,
            has_other_workers: has_other_workers(),
            has_yielded: false,
            shared: EndOfTask(shared),
        };
        (task, link)
    }

    /// Runs the session until it ends. When all handles are dropped, it logs out.
    async fn run(mut self) {
        let reason = poll_fn(|context| self.poll(context)).await;
        let portal = &self.portal;
        if reason == Error::LoggedOut {
            tracing::debug!(%portal, "session logged out");
        } else {
            tracing::debug!(%portal, error = %reason, "session over");
        }
        let Self { stream, lease, shared, .. } = self;
        // Before a caller learns of the end, the ISID must be free.
        drop(stream);
        drop(lease);
        shared.0.end(reason);
    }

    /// Moves bytes until nothing moves any more; ready with the reason when the session is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        if self.yields(context) {
            return Poll::Pending;
        }
        for _ in 0..MOST_READS {
            // PDUs that came in one segment with the last Login Response are already in the inbox.
            if let Some(reason) = self.process() {
                return Poll::Ready(reason);
            }
            let next = self.write().and_then(|written| Ok((written, self.read(context)?)));
            let next = match next {
                Ok((Next::Wait, Next::Wait)) => self.sleep(context),
                Ok(_) => Ok(Next::GoOn),
                Err(failure) => Err(failure),
            };
            match next {
                Ok(Next::GoOn) => {}
                Ok(Next::Wait) => return Poll::Pending,
                Err(failure) => self.shared.0.lock().session.fail(failure),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Lets other callers submit their requests first, once, so that one write takes them all: while responses are
    /// outstanding, a request that waits a little delays nothing.
    fn yields(&mut self, context: &Context<'_>) -> bool {
        if !self.has_other_workers || std::mem::take(&mut self.has_yielded) {
            return false;
        }
        let state = self.shared.0.lock();
        self.has_yielded = state.is_changed && state.session.awaits_responses();
        drop(state);
        if self.has_yielded {
            context.waker().wake_by_ref();
        }
        self.has_yielded
    }

    /// Passes received PDUs to the session, encodes what it sends, and wakes the callers that can go on. Returns the reason
    /// when the session is over.
    fn process(&mut self) -> Option<Error> {
        let now = self.clock.now();
        let mut state = self.shared.0.lock();
        state.wake_up();
        self.wire.receive(&mut state.session, now);
        self.wire.fill(&mut state.session);
        state.collect_wakers(&mut self.wakers);
        let State { session, .. } = &*state;
        log_deviations(session, &mut self.logged);
        let end = session.end().map(|end| Error::of_end(end, &self.portal));
        drop(state);
        self.wakers.wake();
        end
    }

    /// Writes what was encoded, as far as the socket takes it.
    fn write(&mut self) -> Result<Next, Failure> {
        if self.wire.unsent() == 0 {
            return Ok(Next::Wait);
        }
        let was_full = self.wire.is_full();
        self.wire.write(|slices| self.stream.write_available(slices)).map_err(|error| lost(&error))?;
        Ok(if was_full && !self.wire.is_full() { Next::GoOn } else { Next::Wait })
    }

    /// Reads once. An idle connection gets a buffer only when there is something to read.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Next, Failure> {
        if !self.wire.has_inbox_buffer() && self.stream.poll_readable(context).is_pending() {
            return Ok(Next::Wait);
        }
        match self.stream.read_available(&mut self.wire.space()) {
            Ok(0) => {
                self.process();
                Err(self.wire.end_of_stream())
            }
            Ok(count) => {
                self.wire.filled(count);
                self.is_active = true;
                Ok(Next::GoOn)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Next::Wait),
            Err(error) => Err(lost(&error)),
        }
    }

    /// Waits for the stream, the handles and the time.
    fn sleep(&mut self, context: &mut Context<'_>) -> Result<Next, Failure> {
        let readable = self.stream.poll_readable(context);
        let is_blocked = self.wire.unsent() > 0;
        let writable = if is_blocked { self.stream.poll_writable(context) } else { Poll::Pending };
        for ready in [readable, writable] {
            if let Poll::Ready(ready) = ready {
                return ready.map(|()| Next::GoOn).map_err(|error| lost(&error));
            }
        }
        let mut state = self.shared.0.lock();
        if !state.sleep(context) {
            return Ok(Next::GoOn);
        }
        let (deadline, is_idle) = (state.session.next_deadline(), state.session.in_flight() == 0);
        let has_buffers = state.session.has_buffers();
        drop(state);
        let has_buffers = has_buffers || self.wire.has_buffers() || self.shared.0.buffers.has_buffers();
        self.set_timer(deadline, is_idle && has_buffers);
        if self.timer.poll(context).is_ready() {
            self.on_time();
            return Ok(Next::GoOn);
        }
        Ok(Next::Wait)
    }

    /// Sets the timer to the next deadline, or to the time at which idle buffers are given back.
    fn set_timer(&mut self, deadline: Option<Duration>, is_idle: bool) {
        if is_idle && self.idle_at.is_none() {
            self.idle_at = Some(self.clock.now() + IDLE);
        }
        if let Some(at) = deadline.into_iter().chain(self.idle_at).min() {
            self.timer.set(self.clock.at(at));
        }
    }

    /// Tells the session the time, and gives idle buffers back.
    fn on_time(&mut self) {
        let now = self.clock.now();
        let mut state = self.shared.0.lock();
        state.session.advance(now);
        if self.idle_at.is_some_and(|idle| idle <= now) {
            self.idle_at = None;
            if !std::mem::take(&mut self.is_active) && state.session.in_flight() == 0 {
                state.release();
                self.shared.0.buffers.release();
                self.wire.release();
                self.wakers.release();
                self.timer.release();
            }
        }
    }
}

/// Whether the runtime has several workers.
fn has_other_workers() -> bool {
    Handle::try_current().is_ok_and(|handle| {
        handle.runtime_flavor() == RuntimeFlavor::MultiThread && handle.metrics().num_workers() > 1
    })
}

fn lost(error: &io::Error) -> Failure {
    Failure::Lost(error.to_string())
}

/// Logs the deviations that were tolerated since the last call.
fn log_deviations(session: &SessionState, logged: &mut usize) {
    for observed in session.deviations().get(*logged..).unwrap_or_default() {
        tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        *logged += 1;
    }
}

/// The task's end of the shared state. When a task stops in any other way, such as with its runtime, callers learn of it.
struct EndOfTask(Arc<Shared>);

impl Drop for EndOfTask {
    fn drop(&mut self) {
        self.0.end(Error::SessionEnded("its task has stopped".to_owned()));
    }
}

#[cfg(test)]
mod tests;

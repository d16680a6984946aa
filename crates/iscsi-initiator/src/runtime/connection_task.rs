//! The task that owns a session's connection: it moves bytes, and wakes callers.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use iscsi_pdu::Portal;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::Clock;
use super::connection::Connection;
use super::shared::{Shared, State};
use super::stream::Stream;
use super::timer::Timer;
use super::waiting::WakeList;
use crate::error::Error;
use crate::session::{Failure, SessionState, Wire};

/// The most reads of one poll. Then the task lets others run.
const MOST_READS: usize = 16;
/// The most reads of a connection that takes nothing any more.
const MOST_LAST_READS: usize = 256;
/// A connection that has received nothing for so long gives its buffers back.
const IDLE: Duration = Duration::from_secs(1);

/// A connection, and the session that it carries.
pub(super) struct ConnectionTask<S> {
    stream: S,
    portal: Portal,
    wire: Wire,
    /// Whether the stream was told to queue little.
    is_limited: bool,
    /// The session's times.
    clock: Clock,
    /// The time of this poll.
    now: Duration,
    timer: Timer,
    /// The session's next deadline when it was last looked at, and whether it then waited for nothing.
    deadline: Option<Duration>,
    is_idle: bool,
    /// Whether something was received since the timer for idle buffers was set, and when it rings.
    is_active: bool,
    idle_at: Option<Duration>,
    wakers: WakeList,
    /// The number of deviations already logged.
    logged: usize,
    /// Whether other threads may add requests while this one works.
    has_other_workers: bool,
    has_yielded: bool,
    shared: Arc<Shared>,
}

/// What a task has to do next.
#[derive(PartialEq, Eq)]
enum Next {
    /// Another round.
    GoOn,
    /// To wait for an event.
    Wait,
}

impl<S: Stream> ConnectionTask<S> {
    /// Carries the session over this connection.
    pub(super) fn new(connection: Connection<S>, shared: Arc<Shared>) -> Self {
        let Connection { stream, inbox, digests, portal } = connection;
        let logged = shared.lock().session.deviations().len();
        Self {
            stream,
            portal,
            wire: Wire::new(inbox, digests),
            is_limited: false,
            clock: shared.clock,
            now: Duration::ZERO,
            timer: Timer::default(),
            deadline: None,
            is_idle: false,
            is_active: false,
            idle_at: None,
            wakers: WakeList::default(),
            logged,
            has_other_workers: has_other_workers(),
            has_yielded: false,
            shared,
        }
    }

    /// Closes the connection, and with it the buffer to which data were read. Returns its portal.
    pub(super) fn close(self) -> Portal {
        self.portal
    }

    /// Moves bytes until nothing moves any more; ready with the reason when the session is over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        if self.yields(context) {
            return Poll::Pending;
        }
        let next = self.move_bytes(context);
        // All together: their next requests leave together, too, and several workers share them without going to sleep between.
        if !self.wakers.is_empty() {
            self.wakers.wake();
        }
        next
    }

    /// Reads, passes what came to the session, and writes what it sends, as long as one of them has something to do.
    fn move_bytes(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        self.now = self.clock.now();
        // Whoever woke the task may have changed the session.
        let mut is_new = true;
        for _ in 0..MOST_READS {
            let read = self.read(context);
            let has_read = !matches!(read, Ok(Next::Wait));
            if is_new || has_read {
                // PDUs that came in one segment with the last Login Response are already in the inbox.
                if let Some(reason) = self.process(context) {
                    return Poll::Ready(reason);
                }
                is_new = match read.and_then(|_| self.write(context)) {
                    Ok(next) => next == Next::GoOn,
                    Err(failure) => {
                        self.drain();
                        self.fail(failure)
                    }
                };
            }
            if !is_new && !has_read {
                if !self.is_time(context) {
                    return Poll::Pending;
                }
                self.on_time();
                is_new = true;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Lets other callers submit their requests first, once, so that one write takes them all: while responses are
    /// outstanding, a request that waits a little delays nothing, and callers with an outcome were woken.
    fn yields(&mut self, context: &Context<'_>) -> bool {
        if !self.has_other_workers || std::mem::take(&mut self.has_yielded) {
            return false;
        }
        let state = self.shared.lock();
        self.has_yielded =
            state.is_changed && (state.session.awaits_responses() || state.session.has_outcomes());
        drop(state);
        if self.has_yielded {
            context.waker().wake_by_ref();
        }
        self.has_yielded
    }

    /// Passes received PDUs to the session, encodes what it sends, and collects the wakers of callers that can go on. From then
    /// on, who changes the session wakes the task. Returns the reason when the session is over.
    fn process(&mut self, context: &Context<'_>) -> Option<Error> {
        let mut state = self.shared.lock();
        state.note_seen(context.waker());
        self.wire.tell_written(&mut state.session);
        state.session.advance(self.now);
        self.wire.receive(&mut state.session, self.now);
        state.drive_on(self.now);
        self.wire.fill(&mut state.session);
        state.collect_wakers(&mut self.wakers);
        state.collect_status_wakers(&mut self.wakers);
        let State { session, nexus, listeners, .. } = &mut *state;
        if session.has_events() {
            listeners.send(session);
        }
        if session.deviations().len() > self.logged {
            log_deviations(session, &mut self.logged);
        }
        let deadlines = [session.next_deadline(), nexus.next_deadline()];
        (self.deadline, self.is_idle) = (deadlines.into_iter().flatten().min(), session.is_idle());
        let end = session.end().map(|end| Error::of_end(end, &self.portal));
        drop(state);
        end
    }

    /// Writes what was encoded, as far as the socket takes it.
    fn write(&mut self, context: &mut Context<'_>) -> Result<Next, Failure> {
        if self.wire.unsent() == 0 {
            return Ok(Next::Wait);
        }
        let was_full = self.wire.is_full();
        if was_full && !std::mem::replace(&mut self.is_limited, true) {
            // Here, since sessions without much data do without the call.
            self.stream.limit_unsent();
        }
        self.wire.write(|slices| self.stream.write_available(slices)).map_err(|error| lost(&error))?;
        if was_full && !self.wire.is_full() {
            return Ok(Next::GoOn);
        }
        if self.wire.unsent() == 0 {
            return Ok(Next::Wait);
        }
        when_ready(self.stream.poll_writable(context))
    }

    /// Reads once, if there is something to read: an idle connection gets no buffer before.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Next, Failure> {
        if let Next::Wait = when_ready(self.stream.poll_readable(context))? {
            return Ok(Next::Wait);
        }
        match self.stream.read_available(&mut self.wire.space()) {
            Ok(0) => Err(self.wire.end_of_stream()),
            Ok(count) => {
                self.wire.filled(count);
                self.is_active = true;
                Ok(Next::GoOn)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Next::GoOn),
            Err(error) => Err(lost(&error)),
        }
    }

    /// Takes what has arrived, though nothing can be sent any more: a response that is there need not be guessed later.
    fn drain(&mut self) {
        for _ in 0..MOST_LAST_READS {
            match self.stream.read_available(&mut self.wire.space()) {
                Ok(count @ 1..) => self.wire.filled(count),
                _ => return,
            }
            self.wire.receive(&mut self.shared.lock().session, self.now);
        }
    }

    /// Passes a failure to the session, which is changed by it.
    fn fail(&self, failure: Failure) -> bool {
        self.wire.fail(&mut self.shared.lock().session, failure);
        true
    }

    /// Sets the timer to the next deadline, or to the time at which idle buffers are given back. True if it rings.
    fn is_time(&mut self, context: &mut Context<'_>) -> bool {
        if self.is_idle && self.idle_at.is_none() && self.has_buffers() {
            self.idle_at = Some(self.now + IDLE);
        }
        if let Some(deadline) = self.deadline {
            self.timer.set(deadline, self.clock);
        }
        if let Some(idle_at) = self.idle_at {
            self.timer.set(idle_at, self.clock);
        }
        self.timer.poll(context).is_ready()
    }

    /// Whether an idle session has something to give back. No request gets a slot without a PDU in the outbox.
    fn has_buffers(&self) -> bool {
        self.wire.has_buffers() || self.shared.buffers.has_buffers()
    }

    /// Looks at the clock again, and gives idle buffers back.
    fn on_time(&mut self) {
        self.now = self.clock.now();
        if self.idle_at.is_some_and(|idle| idle <= self.now) {
            self.idle_at = None;
            let mut state = self.shared.lock();
            if !std::mem::take(&mut self.is_active) && state.session.is_idle() {
                state.release();
                self.shared.buffers.release();
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

/// Goes on if a stream is ready, and waits otherwise.
fn when_ready(ready: Poll<io::Result<()>>) -> Result<Next, Failure> {
    match ready {
        Poll::Pending => Ok(Next::Wait),
        Poll::Ready(Ok(())) => Ok(Next::GoOn),
        Poll::Ready(Err(error)) => Err(lost(&error)),
    }
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

#[cfg(test)]
mod tests;

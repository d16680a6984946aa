//! A connection over two pipes, as tokio shows a socket: readiness, wakers, partial reads and writes.

use std::io::{self, IoSlice, IoSliceMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::Stream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::target::Target;
use super::{Direction, Ending, Pipe, Received};
use crate::ram_disk::ConnectionId;

/// The polls in a row that may pass without a byte moved and without time passing. A task may have a few for every request
/// that it takes, and some hundred requests at a time.
const MAX_IDLE_POLLS: u32 = 5000;

/// Numbers of calls since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Polls of the stream for readiness.
    pub polls: u64,
    /// Reads and writes that moved bytes, or returned the end of the stream.
    pub transfers: u64,
    /// Reads and writes that moved nothing.
    pub blocked: u64,
    /// Wakers that were woken.
    pub wakes: u64,
    /// Reads that put bytes where a caller wants them.
    pub landed: u64,
    /// Reads that put bytes where a caller wants them, and further ones into the buffer.
    pub landed_beside: u64,
}

/// The readiness of one direction. As for a socket of tokio, it begins with an event and lasts until a call moves nothing.
#[derive(Default)]
struct Readiness {
    is_ready: bool,
    /// The waker of the last poll that returned `Pending`; it is woken once.
    waker: Option<Waker>,
}

/// A cut in front of a byte that has not crossed yet.
struct Cut {
    direction: Direction,
    offset: u64,
    ending: Ending,
}

/// Both pipes of a connection, and the target at their end.
pub(super) struct Connection {
    state: Mutex<State>,
    /// Rings when there may be something to do at the target's end.
    pub(super) bell: Notify,
    origin: Instant,
}

pub(super) struct State {
    pub(super) target: Target,
    pub(super) to_target: Pipe,
    pub(super) to_initiator: Pipe,
    /// True while the target takes and sends nothing.
    pub(super) is_held: bool,
    /// True once the initiator has closed the connection.
    pub(super) is_closed: bool,
    pub(super) counts: Counts,
    readable: Readiness,
    writable: Readiness,
    cut: Option<Cut>,
    /// Polls since the last progress.
    idle_polls: u32,
    last_poll: Duration,
}

impl Connection {
    /// A connection that begins now.
    pub(super) fn new(target: Target, to_target: Pipe, to_initiator: Pipe) -> Arc<Self> {
        let state = State {
            target,
            to_target,
            to_initiator,
            is_held: false,
            is_closed: false,
            counts: Counts::default(),
            readable: Readiness::default(),
            writable: Readiness { is_ready: true, waker: None },
            cut: None,
            idle_polls: 0,
            last_poll: Duration::ZERO,
        };
        Arc::new(Self { state: Mutex::new(state), bell: Notify::new(), origin: Instant::now() })
    }

    /// Begins another connection of the same initiator to the same target. What was on its way over the one before arrives.
    pub(super) fn renew(
        &self,
        to_target: Pipe,
        to_initiator: Pipe,
        connect: impl FnOnce(&mut Target, Duration) -> ConnectionId,
    ) {
        let now = self.now();
        let mut state = self.state();
        let state = &mut *state;
        let last = connect(&mut state.target, now);
        let mut left = std::mem::replace(&mut state.to_target, to_target);
        while let Received::Data(bytes) = left.read(usize::MAX, Duration::MAX) {
            state.target.engine.receive(last, &bytes, now);
        }
        state.to_initiator = to_initiator;
        (state.is_closed, state.cut) = (false, None);
        (state.readable, state.writable) = (Readiness::default(), Readiness { is_ready: true, waker: None });
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    pub(super) fn at(&self, time: Duration) -> Instant {
        self.origin + time
    }

    /// Cuts the connection in front of the byte at this offset.
    pub(super) fn cut_after(&self, direction: Direction, offset: u64, ending: Ending) {
        let mut state = self.state();
        state.pipe(direction).cut_after(offset, ending);
        state.cut = Some(Cut { direction, offset, ending });
        drop(state);
        self.bell.notify_one();
    }

    /// Lets the target act, and wakes the session's task if it can read or write then. Returns the time of the next turn.
    pub(super) fn turn(&self) -> Option<Duration> {
        let now = self.now();
        let mut state = self.state();
        let next = state.turn(now);
        let wakers = state.take_wakers();
        // A waker may call the stream.
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
        next
    }

    /// Counts a poll, and returns whether this direction is ready.
    fn poll(
        &self,
        readiness: fn(&mut State) -> &mut Readiness,
        context: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        let now = self.now();
        let mut state = self.state();
        state.count_poll(now);
        let readiness = readiness(&mut state);
        if readiness.is_ready {
            return Poll::Ready(Ok(()));
        }
        readiness.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn read(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let now = self.now();
        let mut state = self.state();
        let space = places.iter().map(|place| place.len()).sum();
        assert!(space > 0, "the session reads into a full buffer");
        let received = state.to_initiator.read(space, now);
        state.apply_cut();
        let result = match received {
            Received::Data(bytes) => {
                state.count_landing(bytes.len(), places);
                scatter(&bytes, places);
                Ok(bytes.len())
            }
            Received::Nothing => Err(io::ErrorKind::WouldBlock.into()),
            Received::EndOfStream => Ok(0),
            Received::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        };
        state.count_transfer(&result, |state| &mut state.readable);
        drop(state);
        // The target may have waited for space in the pipe.
        self.bell.notify_one();
        result
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let now = self.now();
        let mut state = self.state();
        // A full pipe may still have an error for the next byte.
        let space = state.to_target.free().max(1);
        let bytes: Bytes = slices.iter().flat_map(|slice| slice.iter().copied()).take(space).collect();
        let result = match state.to_target.write(&bytes, now) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            Ok(taken) => Ok(taken),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        state.count_transfer(&result, |state| &mut state.writable);
        drop(state);
        self.bell.notify_one();
        result
    }

    fn close(&self) {
        let now = self.now();
        let mut state = self.state();
        state.is_closed = true;
        state.to_target.close(now);
        drop(state);
        self.bell.notify_one();
    }
}

impl State {
    pub(super) const fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToTarget => &mut self.to_target,
            Direction::ToInitiator => &mut self.to_initiator,
        }
    }

    fn turn(&mut self, now: Duration) -> Option<Duration> {
        if !self.is_held {
            self.serve(now);
        }
        self.apply_cut();
        self.readable.is_ready |= self.to_initiator.next_arrival().is_some_and(|arrival| arrival <= now);
        self.writable.is_ready |= self.to_target.is_writable();
        let for_target = [self.to_target.next_arrival(), self.target.engine.deadline()];
        let for_target = for_target.into_iter().flatten().filter(|_| !self.is_held);
        // Everything up to now has been done, or waits for the session's task.
        for_target.chain(self.to_initiator.next_arrival()).filter(|next| *next > now).min()
    }

    /// The target takes all that has arrived, and sends as much as there is space for.
    fn serve(&mut self, now: Duration) {
        while !self.target.is_closed() {
            let received = self.to_target.read(usize::MAX, now);
            self.apply_cut();
            if received == Received::Nothing {
                break;
            }
            self.target.receive(&received, now);
        }
        self.target.engine.advance(now);
        self.target.act(&mut self.to_initiator, now);
    }

    /// Cuts the other pipe when the first one has come to its cut.
    fn apply_cut(&mut self) {
        let Some(Cut { direction, offset, ending }) = self.cut else { return };
        if self.pipe(direction).crossed() < offset {
            return;
        }
        self.cut = None;
        match direction {
            Direction::ToTarget => self.to_target.cut_with(&mut self.to_initiator, ending),
            Direction::ToInitiator => self.to_initiator.cut_with(&mut self.to_target, ending),
        }
    }

    /// The wakers of the directions that are ready.
    fn take_wakers(&mut self) -> [Option<Waker>; 2] {
        let wakers = [&mut self.readable, &mut self.writable]
            .map(|readiness| readiness.waker.take_if(|_| readiness.is_ready));
        self.counts.wakes += wakers.iter().flatten().count() as u64;
        wakers
    }

    /// Counts a poll.
    ///
    /// # Panics
    /// The task polls again and again, and nothing comes of it.
    fn count_poll(&mut self, now: Duration) {
        self.counts.polls += 1;
        self.idle_polls = if now > self.last_poll { 0 } else { self.idle_polls + 1 };
        self.last_poll = now;
        assert!(self.idle_polls <= MAX_IDLE_POLLS, "busy loop: {} polls without progress", self.idle_polls);
    }

    /// Counts a read that bypasses the buffer, which is the last of the places.
    fn count_landing(&mut self, length: usize, places: &[IoSliceMut<'_>]) {
        let first = places.first().map_or(0, |place| place.len());
        self.counts.landed += u64::from(places.len() > 1 && first > 0);
        self.counts.landed_beside += u64::from(places.len() > 1 && first > 0 && length > first);
    }

    /// Counts a read or write. One that moved nothing ends the readiness of its direction.
    fn count_transfer(&mut self, result: &io::Result<usize>, readiness: fn(&mut Self) -> &mut Readiness) {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.counts.blocked += 1;
            readiness(self).is_ready = false;
        } else {
            self.counts.transfers += 1;
            self.idle_polls = 0;
        }
    }
}

/// Copies bytes to the places, in their order.
fn scatter(mut bytes: &[u8], places: &mut [IoSliceMut<'_>]) {
    for place in places {
        let (now, later) = bytes.split_at(place.len().min(bytes.len()));
        place[..now.len()].copy_from_slice(now);
        bytes = later;
    }
}

/// The session's end of a connection. Dropping it closes the connection.
pub(super) struct PipeStream(pub(super) Arc<Connection>);

impl Stream for PipeStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|state| &mut state.readable, context)
    }

    fn read_available(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read(places)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|state| &mut state.writable, context)
    }

    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write(slices)
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests;

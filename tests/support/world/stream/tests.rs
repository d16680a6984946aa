use std::io::{self, IoSlice, IoSliceMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::Stream as _;

use super::{Connection, MAX_IDLE_POLLS, PipeStream};
use crate::ram_disk::Engine;
use crate::world::target::Target;
use crate::world::{Direction, Ending, Pipe, PipeSettings, Seed, Setup, Variant};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection with this capacity and latency; the target is held.
fn connection(capacity: usize, latency: Duration) -> Arc<Connection> {
    let settings = PipeSettings { capacity, latency: latency..=latency, ..PipeSettings::default() };
    let pipe = || Pipe::new(settings.clone(), Seed::new(1));
    let target = Target::new(&Setup::new(Variant::default()), &[7; Engine::RANDOM_BYTES]);
    let connection = Connection::new(target, pipe(), pipe());
    connection.state().is_held = true;
    connection
}

/// The target's end sends.
fn send(connection: &Connection, bytes: &'static [u8]) {
    let now = connection.now();
    connection.state().to_initiator.write(&Bytes::from_static(bytes), now).unwrap();
}

fn is_readable(stream: &PipeStream, waker: &Waker) -> bool {
    stream.poll_readable(&mut Context::from_waker(waker)).is_ready()
}

fn is_writable(stream: &PipeStream, waker: &Waker) -> bool {
    stream.poll_writable(&mut Context::from_waker(waker)).is_ready()
}

fn read(stream: &PipeStream) -> io::Result<usize> {
    stream.read_available(&mut [IoSliceMut::new(&mut [0; 60]), IoSliceMut::new(&mut [0; 40])])
}

fn write(stream: &PipeStream, length: usize) -> io::Result<usize> {
    stream.write_available(&[IoSlice::new(&vec![0; length])])
}

fn is_blocked(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[tokio::test(start_paused = true)]
async fn a_waker_is_woken_once_and_only_when_bytes_arrive() {
    let connection = connection(100, MILLISECOND);
    let stream = PipeStream(Arc::clone(&connection));
    let (first, last) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    assert!(!is_readable(&stream, &Arc::clone(&first).into()));
    assert!(!is_readable(&stream, &Arc::clone(&last).into()));
    send(&connection, b"abc");
    assert_eq!((connection.turn(), last.times()), (Some(MILLISECOND), 0), "the bytes are on their way");
    tokio::time::advance(MILLISECOND).await;
    assert_eq!((connection.turn(), first.times(), last.times()), (None, 0, 1), "the last waker counts");
    connection.turn();
    assert_eq!((last.times(), connection.state().counts.wakes), (1, 1));
}

/// Like a socket of tokio, the stream stays ready until a call moves nothing.
#[tokio::test(start_paused = true)]
async fn readiness_lasts_until_a_read_blocks() {
    let connection = connection(100, Duration::ZERO);
    let stream = PipeStream(Arc::clone(&connection));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(is_blocked(&read(&stream)) && !is_readable(&stream, &waker));
    send(&connection, b"abc");
    connection.turn();
    assert!(is_readable(&stream, &waker));
    assert_eq!(read(&stream).unwrap(), 3);
    assert!(is_readable(&stream, &waker), "it does not know that nothing is left");
    assert!(is_blocked(&read(&stream)) && !is_readable(&stream, &waker));
    let counts = connection.state().counts;
    assert_eq!((counts.polls, counts.transfers, counts.blocked, counts.wakes), (4, 1, 2, 1));
    assert_eq!(woken.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_pipe_takes_a_part_then_blocks_until_the_target_reads() {
    let connection = connection(100, Duration::ZERO);
    let stream = PipeStream(Arc::clone(&connection));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!((is_writable(&stream, &waker), write(&stream, 70).unwrap()), (true, 70));
    assert_eq!((is_writable(&stream, &waker), write(&stream, 70).unwrap()), (true, 30));
    assert!(is_blocked(&write(&stream, 70)) && !is_writable(&stream, &waker));
    connection.turn();
    assert_eq!(woken.times(), 0);
    let now = connection.now();
    connection.state().to_target.read(1, now);
    connection.turn();
    assert_eq!((woken.times(), write(&stream, 70).unwrap()), (1, 1));
}

/// Both directions of a cut connection are ready: for the end of the stream, and for the error.
#[tokio::test(start_paused = true)]
async fn a_cut_wakes_both_directions() {
    for (ending, kind) in [(Ending::EndOfStream, None), (Ending::Reset, Some(io::ErrorKind::ConnectionReset))]
    {
        let connection = connection(1, Duration::ZERO);
        let stream = PipeStream(Arc::clone(&connection));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(write(&stream, 1).is_ok() && is_blocked(&write(&stream, 1)));
        assert!(!is_readable(&stream, &waker) && !is_writable(&stream, &waker));
        connection.cut_after(Direction::ToInitiator, 0, ending);
        connection.turn();
        assert_eq!(woken.times(), 2, "{ending:?}");
        assert_eq!(read(&stream).map_err(|error| error.kind()), kind.map_or(Ok(0), Err));
        assert_eq!(write(&stream, 1).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_answers_is_never_ready_again() {
    let connection = connection(1, Duration::ZERO);
    let stream = PipeStream(Arc::clone(&connection));
    let woken = Arc::new(Woken::default());
    connection.cut_after(Direction::ToTarget, 0, Ending::Silence);
    assert!(write(&stream, 1).is_ok() && is_blocked(&write(&stream, 1)));
    send(&connection, b"a");
    connection.state().is_held = false;
    assert_eq!(connection.turn().filter(|next| *next < Duration::from_secs(1)), None);
    for poll in [is_readable, is_writable] {
        assert!(!poll(&stream, &Arc::clone(&woken).into()));
    }
    assert_eq!(woken.times(), 0);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "busy loop: 5001 polls without progress")]
async fn a_busy_loop_is_noticed() {
    let connection = connection(1, Duration::ZERO);
    let stream = PipeStream(connection);
    for _ in 0..=MAX_IDLE_POLLS {
        assert_eq!(
            stream.poll_writable(&mut Context::from_waker(Waker::noop())).map(|_| ()),
            Poll::Ready(())
        );
    }
}

/// Polls between bytes moved, or with time between them, are no busy loop.
#[tokio::test(start_paused = true)]
async fn progress_ends_the_count_of_idle_polls() {
    let connection = connection(2, Duration::ZERO);
    let stream = PipeStream(connection);
    for turn in 0..4 {
        for _ in 0..MAX_IDLE_POLLS {
            is_writable(&stream, Waker::noop());
        }
        if turn < 2 {
            write(&stream, 1).unwrap();
        } else {
            tokio::time::advance(MILLISECOND).await;
        }
    }
}

//! Wakers that call the session, drop its handles and futures, or panic: the task of a session holds no lock while it wakes
//! a caller.

use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::{Bytes, BytesMut};
use iscsi_initiator::scsi::{Completion, TestUnitReady};
use iscsi_initiator::{BlockDevice, Error, Lun, PendingCommand, Session};
use iscsi_tests::world::{Direction, Ending, PipeSettings, Rig, Variant};

use super::{MOST_ACCEPTED, assert_over, assert_unimpaired, fill, paused, settle, start};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A caller's wait, which the session's task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// For an outcome.
    Outcome,
    /// For a place in the full queue, until the task takes a request from it.
    Queue,
    /// For a place in the full queue, until the session ends.
    ClosedQueue,
    /// For the end of the session.
    End,
}

const WAITS: [Wait; 4] = [Wait::Outcome, Wait::Queue, Wait::ClosedQueue, Wait::End];

impl Wait {
    const fn is_for_queue(self) -> bool {
        matches!(self, Self::Queue | Self::ClosedQueue)
    }

    /// Whether the session goes on.
    const fn is_before_end(self) -> bool {
        matches!(self, Self::Outcome | Self::Queue)
    }
}

/// Things that belong to a caller, and that its waker can reach.
#[derive(Default)]
struct Caller {
    session: Option<Session>,
    waiting: Option<Boxed<()>>,
    /// A command that the waker has begun.
    begun: Option<Boxed<Result<Completion, Error>>>,
}

type Shared = Arc<Mutex<Caller>>;

/// A waker that acts on the belongings of its caller, once.
struct Reentrant {
    caller: Shared,
    action: Mutex<Option<fn(&Shared)>>,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        let action = self.action.lock().unwrap().take();
        if let Some(action) = action {
            action(&self.caller);
        }
    }
}

/// Calls everything that a session has, and begins a command.
fn call_session(caller: &Shared) {
    let session = caller.lock().unwrap().session.clone().unwrap();
    let _ = (session.end_reason(), session.deviations(), session.details().isid);
    let executing = session.clone();
    let mut begun: Boxed<_> =
        Box::pin(async move { executing.execute(Lun::ZERO, TestUnitReady.into()).await });
    let result = begun.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let begun = if let Poll::Ready(result) = result { Box::pin(ready(result)) } else { begun };
    drop(session);
    caller.lock().unwrap().begun = Some(begun);
}

fn drop_session(caller: &Shared) {
    let session = caller.lock().unwrap().session.take();
    drop(session);
}

fn drop_future(caller: &Shared) {
    let waiting = caller.lock().unwrap().waiting.take();
    drop(waiting);
}

fn panic_at_once(_: &Shared) {
    panic!("a waker that panics");
}

/// A session with a caller whose waker has acted, or is about to with the end of the session.
struct Scene {
    rig: Rig,
    caller: Shared,
    /// The commands of other callers.
    others: Vec<PendingCommand>,
}

impl Scene {
    /// Lets a caller wait, with a waker that acts, and ends the wait.
    async fn play(wait: Wait, action: fn(&Shared)) -> Self {
        let (rig, session) = start(Variant::default(), &PipeSettings::default(), 1);
        let caller = Shared::default();
        let first = if wait == Wait::Outcome { fill(&session, 1).await.pop() } else { None };
        if wait.is_for_queue() {
            rig.hold();
        }
        let others = fill(&session, if wait.is_for_queue() { MOST_ACCEPTED } else { 3 }).await;
        let mut waiting = waiting(wait, session.clone(), first);
        let waker = Arc::new(Reentrant { caller: Arc::clone(&caller), action: Mutex::new(Some(action)) });
        let waker = Waker::from(waker);
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *caller.lock().unwrap() = Caller { session: Some(session), waiting: Some(waiting), begun: None };
        Self { rig, caller, others }
    }

    /// Ends the wait.
    async fn wake(&self, wait: Wait) {
        match wait {
            Wait::Outcome => {}
            Wait::Queue => self.rig.release(),
            Wait::ClosedQueue => {
                self.rig.cut_after(Direction::ToInitiator, 0, Ending::Reset);
                self.rig.release();
            }
            Wait::End => {
                let session = self.caller.lock().unwrap().session.clone().unwrap();
                let logout = tokio::spawn(session.logout());
                settle().await;
                logout.abort();
            }
        }
        settle().await;
    }

    fn take_session(&self) -> Option<Session> {
        self.caller.lock().unwrap().session.take()
    }

    async fn results(&mut self) -> Vec<Result<(), Error>> {
        let mut results = Vec::new();
        for other in self.others.drain(..) {
            results.push(other.completion().await.map(drop));
        }
        results
    }
}

/// The future of a wait. Only that for the queue keeps a handle.
fn waiting(wait: Wait, session: Session, first: Option<PendingCommand>) -> Boxed<()> {
    match wait {
        Wait::Outcome => Box::pin(async { drop(first.unwrap().completion().await) }),
        Wait::Queue | Wait::ClosedQueue => {
            Box::pin(async move { drop(session.submit(Lun::ZERO, TestUnitReady.into()).await) })
        }
        Wait::End => Box::pin(async move { drop(session.ended().await) }),
    }
}

/// A command that a waker has begun has its result, and the session goes on.
#[test]
fn a_waker_that_calls_the_session() {
    for wait in WAITS {
        paused(async {
            let mut scene = Scene::play(wait, call_session).await;
            scene.wake(wait).await;
            let results = scene.results().await;
            drop_future(&scene.caller);
            let begun = scene.caller.lock().unwrap().begun.take();
            let result = begun.unwrap_or_else(|| panic!("{wait:?}: not woken")).await.map(drop);
            let session = scene.take_session().unwrap();
            if wait.is_before_end() {
                assert!(result.is_ok() && results.iter().all(Result::is_ok), "{wait:?}");
                assert_unimpaired(&scene.rig, session).await;
            } else {
                assert_eq!(result.err(), session.end_reason());
                drop(session);
                assert_over(&scene.rig).await;
            }
        });
    }
}

/// The session logs out when the last handle is dropped by a waker.
#[test]
fn lgo_01_a_waker_that_drops_a_handle() {
    for wait in WAITS {
        paused(async {
            let mut scene = Scene::play(wait, drop_session).await;
            scene.wake(wait).await;
            assert!(scene.take_session().is_none(), "{wait:?}: not woken");
            drop_future(&scene.caller);
            scene.results().await;
            settle().await;
            let logouts = scene.rig.with_target(|engine, _| engine.report().logouts);
            assert_eq!(logouts, u32::from(wait != Wait::ClosedQueue));
            assert_over(&scene.rig).await;
        });
    }
}

/// A waker may drop the future that it was called for.
#[test]
fn a_waker_that_drops_its_future() {
    for wait in WAITS {
        paused(async {
            let mut scene = Scene::play(wait, drop_future).await;
            scene.wake(wait).await;
            assert!(scene.caller.lock().unwrap().waiting.is_none(), "{wait:?}: not woken");
            let results = scene.results().await;
            let session = scene.take_session().unwrap();
            if wait.is_before_end() {
                assert!(results.iter().all(Result::is_ok), "{wait:?}");
                assert_unimpaired(&scene.rig, session).await;
            } else {
                drop(session);
                assert_over(&scene.rig).await;
            }
        });
    }
}

/// A waker that panics harms nobody else: every other caller has its outcome, and the session goes on unless it is over.
#[test]
fn lgo_08_nam_06_a_waker_that_panics() {
    for wait in WAITS {
        paused(async {
            let mut scene = Scene::play(wait, panic_at_once).await;
            let session = scene.caller.lock().unwrap().session.clone().unwrap();
            let waiting = session.clone();
            let other = tokio::spawn(async move { waiting.ended().await });
            settle().await;
            scene.wake(wait).await;
            let results = scene.results().await;
            drop_future(&scene.caller);
            drop(scene.take_session());
            if wait.is_before_end() {
                assert!(results.iter().all(Result::is_ok), "{wait:?}");
                assert_unimpaired(&scene.rig, session).await;
                assert_eq!(other.await.unwrap(), Error::LoggedOut);
                return;
            }
            let reason = session.ended().await;
            match wait {
                Wait::ClosedQueue => assert!(matches!(reason, Error::ConnectionLost { .. }), "{reason}"),
                _ => assert_eq!(reason, Error::LoggedOut),
            }
            assert_eq!(other.await.unwrap(), reason);
            let failed: Vec<_> = results.into_iter().filter_map(Result::err).collect();
            assert!(failed.iter().all(|error| *error == reason), "{failed:?}");
            assert_eq!(session.execute(Lun::ZERO, TestUnitReady.into()).await, Err(reason));
            drop(session);
            assert_over(&scene.rig).await;
        });
    }
}

/// Futures of a session can be sent to other threads. A guard of a lock cannot, so none is held across an await.
#[test]
fn futures_hold_no_lock() {
    fn is_send<T: Send>(_: T) {}
    paused(async {
        let (_rig, session) = start(Variant::default(), &PipeSettings::default(), 1);
        let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        let pending = fill(&session, 2).await;
        for (number, pending) in pending.into_iter().enumerate() {
            if number == 0 { is_send(pending.completion()) } else { is_send(pending.data()) }
        }
        is_send(session.execute(Lun::ZERO, TestUnitReady.into()));
        is_send(session.submit(Lun::ZERO, TestUnitReady.into()));
        is_send(session.send_targets(""));
        is_send(session.list_luns());
        is_send(session.synchronize_cache(Lun::ZERO));
        is_send(BlockDevice::open(&session, Lun::ZERO));
        is_send(device.read_at(0, 1));
        is_send(device.read_into(0, BytesMut::new()));
        is_send(device.write_at(0, Bytes::new()));
        is_send(device.flush());
        is_send(session.ended());
        is_send(session.logout());
    });
}

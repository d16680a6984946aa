//! Handles and pending commands that are dropped at inconvenient moments.

use std::time::Duration;

use iscsi_initiator::scsi::TestUnitReady;
use iscsi_initiator::{Error, Lun, PendingCommand, Session};
use iscsi_tests::world::{Direction, Ending, PipeSettings, Rig, Variant};
use tokio::time::Instant;

use super::cancellation::{Moment, poll_until};
use super::{MILLISECOND, MOST_ACCEPTED, assert_over, assert_unimpaired, fill, paused, settle, start, tasks};

/// TEST UNIT READY.
const TEST: u8 = 0x00;
/// The limit of a logout.
const LOGOUT_LIMIT: Duration = Duration::from_secs(30);

fn rig() -> (Rig, Session) {
    let pipes = PipeSettings { latency: MILLISECOND..=2 * MILLISECOND, ..PipeSettings::default() };
    start(Variant::default(), &pipes, 1)
}

async fn results(pending: Vec<PendingCommand>) -> Vec<Result<(), Error>> {
    let mut results = Vec::new();
    for pending in pending {
        results.push(pending.completion().await.map(drop));
    }
    results
}

fn logouts(rig: &Rig) -> u32 {
    rig.with_target(|engine, _| engine.report().logouts)
}

/// The session is logged out, and nothing of it is left.
async fn assert_logged_out(rig: &Rig) {
    // A bound on the wait: the logout takes some milliseconds.
    for _ in 0..1000 {
        if rig.initiator_has_closed() {
            break;
        }
        settle().await;
    }
    assert_eq!(logouts(rig), 1);
    assert_over(rig).await;
}

#[test]
fn lgo_01_before_the_first_poll() {
    paused(async {
        let (rig, session) = rig();
        drop(session);
        assert_logged_out(&rig).await;
    });
}

#[test]
fn lgo_01_while_the_session_is_idle() {
    paused(async {
        let (rig, session) = rig();
        fill(&session, 3).await.pop().unwrap().completion().await.unwrap();
        let clone = session.clone();
        drop(session);
        tokio::time::sleep(LOGOUT_LIMIT).await;
        assert_eq!((logouts(&rig), clone.end_reason()), (0, None), "a handle is left");
        drop(clone);
        assert_logged_out(&rig).await;
    });
}

/// Commands that the target answers before the logout succeed.
#[test]
fn lgo_01_with_commands_in_flight() {
    paused(async {
        let (rig, session) = rig();
        let pending = fill(&session, 5).await;
        drop(session);
        assert_eq!(results(pending).await, vec![Ok(()); 5]);
        assert_logged_out(&rig).await;
    });
}

/// Commands that take longer than the logout fail with it.
#[test]
fn lgo_08_with_commands_in_flight_that_take_time() {
    paused(async {
        let (rig, session) = rig();
        rig.with_target(|engine, _| engine.set_service_time(TEST, LOGOUT_LIMIT));
        let pending = fill(&session, 5).await;
        drop(session);
        assert_eq!(results(pending).await, vec![Err(Error::LoggedOut); 5]);
        assert_logged_out(&rig).await;
        assert!(rig.now() < LOGOUT_LIMIT, "{:?}", rig.now());
    });
}

/// The last handle is that of a call which waits for the queue, and is dropped with it.
#[test]
fn lgo_01_lgo_08_while_a_submission_waits_for_the_full_queue() {
    paused(async {
        let (rig, session) = rig();
        rig.with_target(|engine, connection| {
            engine.set_window(connection, 1000);
            engine.show_numbers(connection);
        });
        tokio::time::sleep(10 * MILLISECOND).await;
        rig.hold();
        let pending = fill(&session, usize::MAX).await;
        assert_eq!(pending.len(), MOST_ACCEPTED);
        let before = tasks();
        let waiting =
            tokio::spawn(async move { session.submit(Lun::ZERO, TestUnitReady.into()).await.map(drop) });
        settle().await;
        assert!(!waiting.is_finished() && tasks() == before + 1);
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        rig.release();
        // Those that were accepted are sent before the logout.
        assert!(results(pending).await.iter().all(Result::is_ok));
        assert_logged_out(&rig).await;
    });
}

/// The call that waits gets its place in the queue, but is dropped with the last handle before it uses it.
#[test]
fn lgo_01_when_a_waiting_submission_gets_its_place() {
    paused(async {
        let (rig, session) = rig();
        rig.hold();
        let pending = fill(&session, usize::MAX).await;
        rig.release();
        let submission = async move { drop(session.submit(Lun::ZERO, TestUnitReady.into()).await) };
        assert_eq!(poll_until(Moment::AfterWake(1), submission).await, None);
        let results = results(pending).await;
        let answered = results.iter().take_while(|result| result.is_ok()).count();
        assert!((1..MOST_ACCEPTED).contains(&answered), "{answered}");
        assert!(results[answered..].iter().all(|result| *result == Err(Error::LoggedOut)));
        assert_logged_out(&rig).await;
    });
}

#[test]
fn lgo_01_while_a_logout_is_pending() {
    paused(async {
        let (rig, session) = rig();
        rig.hold();
        let pending = fill(&session, 5).await;
        let logout = tokio::spawn(session.clone().logout());
        settle().await;
        assert!(!logout.is_finished());
        drop(session);
        logout.abort();
        assert!(logout.await.unwrap_err().is_cancelled());
        rig.release();
        assert_eq!(results(pending).await, vec![Ok(()); 5]);
        assert_logged_out(&rig).await;
    });
}

/// LGO-07: a target that does not answer keeps the connection and the ISID no longer than the limit of a logout.
#[test]
fn lgo_07_nam_06_without_an_answer_to_the_logout() {
    paused(async {
        let (rig, session) = rig();
        rig.cut_after(Direction::ToTarget, 0, Ending::Silence);
        let pending = fill(&session, 5).await;
        let began = Instant::now();
        drop(session);
        let late = Error::Timeout { operation: "logout", limit: LOGOUT_LIMIT };
        assert_eq!(results(pending).await, vec![Err(late); 5]);
        let took = began.elapsed();
        assert!((LOGOUT_LIMIT..LOGOUT_LIMIT + 10 * MILLISECOND).contains(&took), "{took:?}");
        assert!(rig.initiator_has_closed() && rig.isid_is_free());
        settle().await;
        assert_eq!(tasks(), 1);
    });
}

/// Commands of callers that are gone are carried out, and keep no place in the session.
#[test]
fn pending_commands_that_nobody_waits_for() {
    paused(async {
        let (rig, session) = rig();
        for _ in 0..3 {
            drop(fill(&session, 80).await);
        }
        let last = fill(&session, 1).await;
        assert_eq!(results(last).await, [Ok(())]);
        assert_unimpaired(&rig, session).await;
    });
}

/// A full session of which every caller is gone.
#[test]
fn lgo_01_with_everything_dropped_at_once() {
    paused(async {
        let (rig, session) = rig();
        rig.hold();
        drop((fill(&session, usize::MAX).await, session));
        rig.release();
        assert_logged_out(&rig).await;
    });
}

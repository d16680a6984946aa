//! Ends of sessions that would come again and again.

use iscsi_pdu::RejectReason;

use super::*;
use crate::session::ProtocolError;

const NANOSECOND: Duration = Duration::from_nanos(1);
/// The longest life of a session that counts.
const CLOSED_WITHIN: Duration = Duration::from_millis(500);
const BROKEN_WITHIN: Duration = Duration::from_mins(1);

fn broken() -> [Failure; 2] {
    let rule = ProtocolError::Value { pdu: "R2T", rule: "", received: 0 };
    [Failure::Format(rule), Failure::Rejected(RejectReason::PROTOCOL_ERROR)]
}

impl World {
    /// The phase after further sessions that end in this way after these lives.
    fn after_sessions(&mut self, failure: &Failure, lives: &[Duration]) -> Phase {
        for life in lives {
            self.begin_session(Some(1));
            self.now += *life;
            self.lose(failure.clone());
        }
        self.nexus.phase()
    }

    /// A nexus whose first session was lost.
    fn lost(strictness: Strictness, failure: &Failure) -> Self {
        let mut world = Self::with_strictness(Some(1), strictness);
        world.lose(failure.clone());
        world
    }
}

/// The first session has replaced none, so it does not count. Each of the three has to be short.
#[test]
fn three_sessions_in_a_row_that_are_closed_at_once_were_taken_over() {
    let (short, longer) = (CLOSED_WITHIN, CLOSED_WITHIN + NANOSECOND);
    for (lives, phase) in [
        (&[short, short, short][..], Phase::Over),
        (&[short, short], Phase::Waiting),
        (&[longer, short, short], Phase::Waiting),
        (&[short, longer, short], Phase::Waiting),
        (&[short, short, longer], Phase::Waiting),
        (&[short, short, longer, short, short], Phase::Waiting),
        (&[short, longer, short, short, short], Phase::Over),
    ] {
        let mut world = World::lost(Strictness::Tolerant, &Failure::Closed);
        assert_eq!(world.after_sessions(&Failure::Closed, lives), phase, "{lives:?}");
        let stop = (phase == Phase::Over).then_some(Stop::TakenOver);
        assert_eq!(world.nexus.stop_reason(), stop, "{lives:?}");
    }
    let mut world = World::lost(Strictness::Tolerant, &Failure::Closed);
    let reset = Failure::Lost("reset".to_owned());
    assert_eq!(world.after_sessions(&reset, &[Duration::ZERO; 3]), Phase::Waiting, "not by the target");
}

/// A target that refuses logins in between is about to go or to come.
#[test]
fn a_session_after_a_login_that_failed_was_not_taken_over() {
    let mut world = World::lost(Strictness::Tolerant, &Failure::Closed);
    for _ in 0..3 {
        assert_eq!(world.after_sessions(&Failure::Closed, &[Duration::ZERO; 2]), Phase::Waiting);
        assert_eq!(world.nexus.take(NexusEvent::ReconnectNow, world.now), Step::LogIn);
        let again = Decision::LogInAgain(Duration::ZERO);
        assert_eq!(world.nexus.take(NexusEvent::LoginFailed(again), world.now), Step::Wait);
    }
    assert_eq!(world.after_sessions(&Failure::Closed, &[Duration::ZERO; 3]), Phase::Over);
}

/// A session that its caller has suspended was nobody else's.
#[test]
fn sessions_around_one_that_was_suspended_are_not_in_a_row() {
    let mut world = World::lost(Strictness::Tolerant, &Failure::Closed);
    assert_eq!(world.after_sessions(&Failure::Closed, &[Duration::ZERO; 2]), Phase::Waiting);
    world.begin_session(Some(1));
    assert_eq!(world.nexus.suspend(&mut world.session, world.now), Step::Abandon);
    assert_eq!(world.after_sessions(&Failure::Closed, &[Duration::ZERO; 2]), Phase::Waiting);
    assert_eq!(world.after_sessions(&Failure::Closed, &[Duration::ZERO]), Phase::Over);
}

/// A target that breaks the protocol twice in a row does so again. Nothing was taken over.
#[test]
fn two_sessions_in_a_row_that_break_the_protocol_are_the_end() {
    let (short, longer) = (BROKEN_WITHIN, BROKEN_WITHIN + NANOSECOND);
    for failure in broken() {
        for (lives, phase) in [
            (&[short, short][..], Phase::Over),
            (&[short], Phase::Waiting),
            (&[longer, short], Phase::Waiting),
            (&[short, longer], Phase::Waiting),
        ] {
            let mut world = World::lost(Strictness::Tolerant, &failure);
            assert_eq!(world.after_sessions(&failure, lives), phase, "{failure:?} {lives:?}");
            assert_eq!(world.nexus.stop_reason(), None);
        }
    }
}

/// A caller who tolerates nothing has to know of the first time, even in the first session.
#[test]
fn a_strict_caller_learns_of_the_first_breach() {
    for failure in broken() {
        assert_eq!(World::lost(Strictness::Strict, &failure).nexus.phase(), Phase::Over);
        assert_eq!(World::lost(Strictness::Tolerant, &failure).nexus.phase(), Phase::Waiting);
        let mut later = World::lost(Strictness::Strict, &Failure::Closed);
        assert_eq!(later.nexus.phase(), Phase::Waiting);
        assert_eq!(later.after_sessions(&failure, &[BROKEN_WITHIN + NANOSECOND]), Phase::Over);
    }
}

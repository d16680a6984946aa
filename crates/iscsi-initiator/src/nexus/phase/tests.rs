use std::fmt::Write as _;

use super::NexusEvent::{
    Answered, Ended, LoggedIn, LoginFailed, NotWanted, ReconnectNow, Resume, SameUnits, Settled, Stopped,
    Suspend,
};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const AGAIN: Decision = Decision::LogInAgain(Duration::ZERO);

const EVENTS: [NexusEvent; 13] = [
    Ended(AGAIN),
    Ended(Decision::GiveUp),
    LoggedIn,
    LoginFailed(AGAIN),
    LoginFailed(Decision::GiveUp),
    SameUnits,
    Stopped,
    Answered,
    Settled,
    Suspend,
    Resume,
    ReconnectNow,
    NotWanted,
];

/// The last moment before a time.
const fn just_before(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_nanos(1))
}

fn policy() -> RecoveryPolicy {
    RecoveryPolicy { most_attempts: 3, ..RecoveryPolicy::default() }
}

fn nexus() -> Nexus {
    Nexus::new(policy(), None, 1, Duration::ZERO)
}

/// A nexus that has just come to this phase.
fn nexus_in(phase: Phase) -> Nexus {
    let events: &[NexusEvent] = match phase {
        Phase::Up => &[],
        Phase::Waiting => &[Ended(AGAIN)],
        Phase::Connecting => &[Ended(AGAIN), ReconnectNow],
        Phase::Probing => &[Ended(AGAIN), ReconnectNow, LoggedIn],
        Phase::Replaying => &[Ended(AGAIN), ReconnectNow, LoggedIn, SameUnits],
        Phase::Suspended => &[Ended(AGAIN), Suspend],
        Phase::Over => &[NotWanted],
    };
    let mut nexus = nexus();
    for event in events {
        nexus.take(*event, SECOND);
    }
    assert_eq!(nexus.phase(), phase);
    nexus
}

/// Each event in each phase: the next phase, and what the driver does.
#[test]
fn the_table_of_events() {
    let mut table = String::new();
    for phase in Phase::ALL {
        for event in EVENTS {
            let mut nexus = nexus_in(phase);
            let step = nexus.take(event, SECOND);
            let next = nexus.phase();
            if (next, step) != (phase, Step::Wait) {
                writeln!(table, "{phase:?} + {event:?} = {next:?}: {step:?}").unwrap();
            }
        }
    }
    assert_eq!(table, include_str!("events.txt"));
}

/// Runs until there is nothing to do but to wait, and returns what was done.
fn advance(nexus: &mut Nexus, now: Duration) -> Vec<Step> {
    std::iter::from_fn(|| Some(nexus.advance(now)).filter(|step| *step != Step::Wait)).collect()
}

/// Attempts come after growing pauses, and after the last one that is allowed none does.
#[test]
fn attempts_are_limited_in_number() {
    let mut nexus = nexus();
    assert_eq!((nexus.take(Ended(AGAIN), SECOND), nexus.attempts()), (Step::Wait, 0));
    for attempt in 1..=3 {
        let at = nexus.next_deadline().unwrap();
        assert_eq!(advance(&mut nexus, just_before(at)), []);
        assert_eq!((advance(&mut nexus, at), nexus.attempts()), (vec![Step::LogIn], attempt));
        let step = nexus.take(LoginFailed(AGAIN), at);
        assert_eq!(step, if attempt < 3 { Step::Wait } else { Step::End });
    }
    assert_eq!((nexus.phase(), nexus.next_deadline()), (Phase::Over, None));
}

/// The time that the target names comes before the pause.
#[test]
fn the_target_determines_the_least_pause() {
    for wait in [Duration::ZERO, 7 * SECOND, Duration::MAX] {
        let mut nexus = nexus();
        nexus.take(Ended(Decision::LogInAgain(wait)), SECOND);
        assert!(nexus.attempt_at >= wait.saturating_add(SECOND));
        let latest = wait.saturating_add(SECOND + policy().reconnect_delay);
        assert!(nexus.attempt_at <= latest, "{:?}", nexus.attempt_at);
    }
}

/// A caller sees how long the pause is, while there is one.
#[test]
fn the_pause_is_told_while_the_nexus_waits() {
    for phase in Phase::ALL {
        let nexus = nexus_in(phase);
        let pause = (phase == Phase::Waiting).then(|| nexus.attempt_at.saturating_sub(SECOND));
        assert_eq!(nexus.pause(), pause, "{phase:?}");
        assert_ne!(pause, Some(Duration::ZERO));
    }
}

/// Commands fail once after one limit, the nexus after the other, whatever is under way.
#[test]
fn time_without_a_session_is_limited() {
    let (replacement, loss) = (policy().replacement_timeout, policy().loss_timeout);
    for phase in [Phase::Waiting, Phase::Connecting, Phase::Probing] {
        let mut nexus = nexus_in(phase);
        nexus.attempt_at = Duration::MAX;
        let at = SECOND + replacement;
        assert_eq!(nexus.next_deadline(), Some(at), "{phase:?}");
        assert!(advance(&mut nexus, just_before(at)).is_empty() && !nexus.is_failing_fast());
        assert_eq!(advance(&mut nexus, at), [Step::FailCommands]);
        assert!(nexus.is_failing_fast());
        let at = SECOND + loss;
        assert_eq!(nexus.next_deadline(), Some(at), "{phase:?}");
        assert_eq!(advance(&mut nexus, just_before(at)), []);
        assert_eq!((advance(&mut nexus, at), nexus.phase()), (vec![Step::End], Phase::Over));
    }
}

/// A suspended nexus waits for its caller as long as that takes, but commands do not.
#[test]
fn a_suspended_nexus_has_no_limit_of_its_own() {
    let mut nexus = nexus_in(Phase::Suspended);
    let at = SECOND + policy().replacement_timeout;
    assert_eq!(nexus.next_deadline(), Some(at));
    assert_eq!(advance(&mut nexus, at), [Step::FailCommands]);
    assert_eq!((advance(&mut nexus, Duration::MAX), nexus.next_deadline()), (vec![], None));
}

/// Commands wait no longer for a session that was suspended while it worked, and the limits of the attempts begin with the end of
/// the rest, however long that was.
#[test]
fn the_limits_around_a_rest() {
    for event in [Resume, ReconnectNow] {
        let mut nexus = Nexus::new(policy(), None, 1, Duration::ZERO);
        nexus.take(Suspend, SECOND);
        let at = SECOND + policy().replacement_timeout;
        assert_eq!(nexus.next_deadline(), Some(at));
        assert_eq!(advance(&mut nexus, at), [Step::FailCommands]);
        let later = 2 * (at + policy().loss_timeout);
        assert_eq!(nexus.take(event, later), Step::LogIn);
        assert_eq!(advance(&mut nexus, later), []);
        assert_eq!(nexus.next_deadline(), Some(later + policy().loss_timeout));
    }
}

/// A session that works has no limits, and its commands no longer fail at once.
#[test]
fn a_session_that_works_ends_the_limits() {
    let mut nexus = nexus_in(Phase::Connecting);
    advance(&mut nexus, SECOND + policy().replacement_timeout);
    nexus.take(LoggedIn, 200 * SECOND);
    assert!(nexus.is_failing_fast(), "it is not known yet whether the units are the same");
    nexus.take(SameUnits, 200 * SECOND);
    assert!(!nexus.is_failing_fast());
    assert_eq!((nexus.next_deadline(), advance(&mut nexus, Duration::MAX)), (None, vec![]));
}

/// A session that is lost before anything was answered goes on with the limits of the one before.
#[test]
fn only_an_answer_begins_the_limits_anew() {
    for is_answered in [false, true] {
        let mut nexus = nexus_in(Phase::Replaying);
        if is_answered {
            nexus.take(Answered, 2 * SECOND);
        }
        nexus.take(Settled, 2 * SECOND);
        nexus.take(Ended(AGAIN), 3 * SECOND);
        let lost_at = if is_answered { 3 * SECOND } else { SECOND };
        assert_eq!((nexus.lost_at, nexus.attempts()), (Some(lost_at), u32::from(!is_answered)));
    }
}

/// A session that nobody used for long has worked, too.
#[test]
fn a_session_that_lasted_begins_the_limits_anew() {
    let long = policy().longest_reconnect_delay;
    for lasts in [just_before(long), long] {
        let mut nexus = nexus_in(Phase::Replaying);
        nexus.take(Settled, SECOND);
        nexus.take(Ended(AGAIN), SECOND + lasts);
        assert_eq!(nexus.attempts(), u32::from(lasts < long));
    }
}

#[test]
fn without_recovery_the_first_loss_is_the_end() {
    for policy in [RecoveryPolicy::OFF, RecoveryPolicy { most_attempts: 0, ..RecoveryPolicy::default() }] {
        let mut nexus = Nexus::new(policy, None, 1, Duration::ZERO);
        assert_eq!((nexus.take(Ended(AGAIN), SECOND), nexus.phase()), (Step::End, Phase::Over));
    }
}

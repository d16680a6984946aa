//! Lost sessions, as the user sees them: standard error says what the program waits for.

use std::time::Duration;

use iscsi_initiator::{Session, SessionPhase, SessionStatus};

use crate::messages::{note, warn};

/// Does work in a session. Meanwhile standard error says when the session is lost, and what is done about it.
///
/// # Cancel safety
/// When the future is dropped, so is the work.
pub(crate) async fn with_remarks<T>(session: &Session, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        outcome = work => outcome,
        never = tell(session) => match never {},
    }
}

/// Says what becomes of the session.
///
/// # Cancel safety
/// When the future is dropped, nothing more is said.
async fn tell(session: &Session) -> std::convert::Infallible {
    let mut known = session.state();
    loop {
        let state = session.next_state(known).await;
        let failure = session.last_failure().map(|error| error.to_string());
        match remark(known, state, failure) {
            Some(Remark::Loss(text)) => warn(&text),
            Some(Remark::Return(text)) => note(&text),
            None => {}
        }
        if state.phase == SessionPhase::Over {
            // The work reports the error.
            return std::future::pending().await;
        }
        known = state;
    }
}

/// What is said about a change.
#[derive(Debug, PartialEq, Eq)]
enum Remark {
    Loss(String),
    Return(String),
}

/// What a change means for the user. A pause that ends, and a login under way, are part of what was said before.
fn remark(before: SessionStatus, now: SessionStatus, failure: Option<String>) -> Option<Remark> {
    if now.is_failing_fast && !before.is_failing_fast {
        return Some(Remark::Loss(
            "there is no session yet, so commands fail; the attempts go on".to_owned(),
        ));
    }
    let is_new = (now.phase, now.attempts) != (before.phase, before.attempts);
    match now.phase {
        SessionPhase::Waiting if is_new => {
            let failure = failure.unwrap_or_else(|| "the session is lost".to_owned());
            let pause = seconds(now.pause.unwrap_or_default());
            Some(Remark::Loss(format!("{failure}; attempt {} to log in again in {pause}", now.attempts + 1)))
        }
        _ if now.recoveries > before.recoveries => {
            let sent_again = now.sent_again - before.sent_again;
            Some(Remark::Return(format!("logged in again; commands sent again: {sent_again}")))
        }
        _ => None,
    }
}

/// A time in seconds, with a tenth where it matters.
fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} s", time.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state of a session that was up, after a change.
    fn state(change: impl FnOnce(&mut SessionStatus)) -> SessionStatus {
        let mut state = SessionStatus::default();
        change(&mut state);
        state
    }

    fn waiting(attempts: u32, pause: u64) -> SessionStatus {
        state(|state| {
            (state.phase, state.attempts) = (SessionPhase::Waiting, attempts);
            state.pause = Some(Duration::from_millis(pause));
        })
    }

    #[test]
    fn each_pause_is_told_once_with_its_reason() {
        let reason = || Some("cannot connect".to_owned());
        let told = |before, now| remark(before, now, reason());
        let expected = Remark::Loss("cannot connect; attempt 1 to log in again in 0.4 s".to_owned());
        assert_eq!(told(state(|_| ()), waiting(0, 420)), Some(expected));
        assert_eq!(told(waiting(0, 420), waiting(0, 420)), None);
        let expected = Remark::Loss("cannot connect; attempt 2 to log in again in 12 s".to_owned());
        assert_eq!(told(waiting(0, 420), waiting(1, 12_900)), Some(expected));
        let connecting = state(|state| state.phase = SessionPhase::Connecting);
        assert_eq!(told(waiting(0, 420), connecting), None);
        let expected = Remark::Loss("the session is lost; attempt 1 to log in again in 9.9 s".to_owned());
        assert_eq!(remark(connecting, waiting(0, 9900), None), Some(expected));
    }

    #[test]
    fn the_return_and_the_end_of_patience_are_told() {
        let replaying = state(|state| {
            state.phase = SessionPhase::Replaying;
            (state.recoveries, state.sent_again) = (1, 5);
        });
        let expected = Remark::Return("logged in again; commands sent again: 5".to_owned());
        assert_eq!(remark(waiting(1, 100), replaying, None), Some(expected));
        let mut up = replaying;
        up.phase = SessionPhase::Up;
        assert_eq!(remark(replaying, up, None), None);
        let failing = state(|state| state.is_failing_fast = true);
        assert!(matches!(remark(waiting(1, 100), failing, None), Some(Remark::Loss(_))));
        assert_eq!(remark(failing, failing, None), None);
    }
}

//! Waiting with a time limit.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The limit for steps that usually take milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again, at least once, until there is an answer or the time is over.
pub(super) fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= deadline {
            return answer;
        }
        sleep(PAUSE);
    }
}

//! Lines on standard error about operations that failed: each once, and no more than a reader can follow.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::messages::warn;

/// The most lines of a period.
const MOST_LINES: u32 = 10;
const PERIOD: Duration = Duration::from_secs(10);

/// The lines about one export.
#[derive(Default)]
pub(super) struct FailureLog(Mutex<Option<Period>>);

struct Period {
    began: Instant,
    lines: u32,
    left_out: u64,
}

impl FailureLog {
    /// Shows a line, unless there were too many in a short time.
    pub(super) fn tell(&self, line: &str) {
        if let Some(left_out) = self.admits(Instant::now()) {
            if let Some(more) = about(left_out) {
                warn(&more);
            }
            warn(line);
        }
    }

    /// Whether there may be another line; if so, the number of those that were left out since the last one.
    fn admits(&self, now: Instant) -> Option<u64> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let period = current.get_or_insert(Period { began: now, lines: 0, left_out: 0 });
        if now.duration_since(period.began) >= PERIOD {
            (period.began, period.lines) = (now, 0);
        }
        if period.lines == MOST_LINES {
            period.left_out += 1;
            return None;
        }
        period.lines += 1;
        Some(std::mem::take(&mut period.left_out))
    }
}

/// The line about operations that had none, if there were any.
fn about(left_out: u64) -> Option<String> {
    (left_out > 0).then(|| format!("{left_out} more operations failed meanwhile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operations_that_failed_without_a_line_have_one_in_common() {
        assert_eq!(about(0), None);
        assert_eq!(about(2).as_deref(), Some("2 more operations failed meanwhile"));
    }

    #[test]
    fn lines_of_a_period_are_bounded_and_those_left_out_are_counted() {
        let (log, start) = (FailureLog::default(), Instant::now());
        for _ in 0..MOST_LINES {
            assert_eq!(log.admits(start), Some(0));
        }
        assert_eq!([log.admits(start), log.admits(start + PERIOD / 2)], [None, None]);
        assert_eq!([log.admits(start + PERIOD), log.admits(start + PERIOD)], [Some(2), Some(0)]);
    }
}

//! Failed requests on standard error: the first one, and no more than one in a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use iscsi_initiator::Error;

use crate::messages::warn;

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts failures between the lines.
#[derive(Default)]
pub(super) struct Remarks(Mutex<Told>);

#[derive(Default)]
struct Told {
    last: Option<Instant>,
    left_out: u64,
}

impl Remarks {
    /// Says that a request at an offset has failed.
    pub(super) fn tell(&self, request: &str, offset: u64, error: &Error) {
        let Ok(mut told) = self.0.lock() else { return };
        if let Some(left_out) = told.next(Instant::now()) {
            warn(&line(request, offset, error, left_out));
        }
    }
}

impl Told {
    /// Returns the failures that were left out, if this one is to be told.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

/// The line about a failure, and about the number of those before it that had none.
fn line(request: &str, offset: u64, error: &Error, left_out: u64) -> String {
    let more = if left_out > 0 { format!(" ({left_out} more failed before)") } else { String::new() };
    format!("{request} at offset {offset} failed: {error}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_of_the_failures_that_had_none() {
        let line = |left_out| line("read", 512, &Error::NotFlushed, left_out);
        assert_eq!(line(0), format!("read at offset 512 failed: {}", Error::NotFlushed));
        assert_eq!(line(1), format!("{} (1 more failed before)", line(0)));
    }

    #[test]
    fn one_failure_in_a_second_is_told_and_the_others_are_counted() {
        let nearly = PAUSE.saturating_sub(Duration::from_nanos(1));
        let (mut told, begin) = (Told::default(), Instant::now());
        assert_eq!(told.next(begin), Some(0));
        assert_eq!(told.next(begin + nearly), None);
        assert_eq!(told.next(begin), None);
        assert_eq!(told.next(begin + PAUSE), Some(2));
        assert_eq!(told.next(begin + PAUSE * 2), Some(0));
    }
}

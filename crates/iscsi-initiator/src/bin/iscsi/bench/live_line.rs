//! The line that shows the counts of a run meanwhile.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::attempt::Success;
use super::figures::mebibytes_per_second;
use super::tally::Tally;

/// The interval between updates of the line.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line on standard error that is updated, and removed at the end; only on a terminal.
pub(crate) struct LiveLine {
    bar: ProgressBar,
    /// What is counted, in the plural.
    operations: &'static str,
    /// Bytes that each operation transfers; 0 for operations without data.
    bytes: u64,
    last: Instant,
    /// Successful operations by then.
    successes: u64,
    rate: f64,
}

impl LiveLine {
    pub(crate) fn new(operations: &'static str, bytes: u64) -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        Self { bar, operations, bytes, last: Instant::now(), successes: 0, rate: 0.0 }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn show<S: Success>(&mut self, tally: &Tally<S>, since: Duration) {
        let elapsed = self.last.elapsed();
        if self.bar.is_hidden() || elapsed < INTERVAL {
            return;
        }
        self.rate = (tally.successes - self.successes) as f64 / elapsed.as_secs_f64();
        (self.last, self.successes) = (Instant::now(), tally.successes);
        self.bar.set_message(self.text(since, tally.successes, tally.failures));
        self.bar.tick();
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    fn text(&self, since: Duration, successes: u64, failures: u64) -> String {
        let Self { operations, bytes, rate, .. } = self;
        let throughput = match bytes {
            0 => String::new(),
            bytes => format!("{}, ", mebibytes_per_second(rate * *bytes as f64)),
        };
        let seconds = since.as_secs();
        format!(
            "{seconds} s: {successes} {operations}, {rate:.0} per second, {throughput}{failures} failures"
        )
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_a_throughput_only_where_data_are_transferred() {
        let mut line = LiveLine::new("logins", 0);
        line.rate = 12.4;
        let since = Duration::from_millis(3900);
        assert_eq!(line.text(since, 40, 1), "3 s: 40 logins, 12 per second, 1 failures");
        let line = LiveLine { operations: "operations", bytes: 1 << 19, ..line };
        assert_eq!(line.text(since, 40, 1), "3 s: 40 operations, 12 per second, 6.20 MiB/s, 1 failures");
    }
}

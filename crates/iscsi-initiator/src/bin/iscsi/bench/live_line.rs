//! How a run stands, on a terminal.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::tally::Tally;

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// One line on standard error that is renewed, and goes away; nothing where there is no terminal.
pub(crate) struct LiveLine {
    bar: ProgressBar,
    last: Instant,
    /// Logins by then.
    logins: u64,
    rate: f64,
}

impl LiveLine {
    pub(crate) fn new() -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        Self { bar, last: Instant::now(), logins: 0, rate: 0.0 }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn show(&mut self, tally: &Tally, since: Duration) {
        let elapsed = self.last.elapsed();
        if self.bar.is_hidden() || elapsed < INTERVAL {
            return;
        }
        self.rate = (tally.logins - self.logins) as f64 / elapsed.as_secs_f64();
        (self.last, self.logins) = (Instant::now(), tally.logins);
        let (logins, failures) = (tally.logins, tally.failures);
        self.bar.set_message(format!(
            "{} s: {logins} logins, {:.0} per second, {failures} failures",
            since.as_secs(),
            self.rate
        ));
        self.bar.tick();
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

//! Output of the demonstration.

use std::time::{Duration, Instant};

/// Prints each step with the time since the step before.
pub(crate) struct Narrator {
    begun: Instant,
    last: Instant,
    steps: usize,
}

impl Narrator {
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        Self { begun: now, last: now, steps: 0 }
    }

    /// One step: what was done, the command for it if a person could have typed one, and what came of it.
    pub(crate) fn say(&mut self, what: &str, command: &str, findings: &[String]) {
        let now = Instant::now();
        self.steps += 1;
        println!("{}. {what}  [{}]", self.steps, in_milliseconds(now - self.last));
        if !command.is_empty() {
            println!("   $ {command}");
        }
        for finding in findings {
            println!("     {finding}");
        }
        println!();
        self.last = Instant::now();
    }

    pub(crate) fn end(&self) {
        println!("Everything held, in {}.", in_milliseconds(self.begun.elapsed()));
    }
}

fn in_milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

//! One attempt, whatever it is that is attempted.

use std::time::Duration;

use crate::exit::Exit;

/// What a run repeats.
pub(crate) trait Attempts: Clone + Send + 'static {
    /// Makes the attempt of this number.
    fn attempt(&self, number: u64) -> impl Future<Output = Result<Success, FailedAttempt>> + Send;
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    /// In one line.
    pub(crate) cause: String,
    /// The exit code of a program that fails so.
    pub(crate) exit: Exit,
}

/// How long the parts of a successful attempt took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Success {
    /// From the call of the login to full feature phase: its parts, and what this process does between them.
    pub(crate) login: Duration,
    pub(crate) connect: Duration,
    pub(crate) security: Duration,
    pub(crate) operational: Duration,
    pub(crate) logout: Duration,
    /// Requests sent and answered up to full feature phase.
    pub(crate) round_trips: u32,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// When it was to begin, counted from the beginning of the run.
    pub(crate) due: Duration,
    /// When it began.
    pub(crate) began: Duration,
    /// When it ended.
    pub(crate) ended: Duration,
    /// What became of it: how long its parts took, or why it failed.
    pub(crate) result: Result<Success, FailedAttempt>,
}

impl Outcome {
    /// How long somebody waited for the login who wanted it when it was due.
    pub(crate) fn latency(&self, success: &Success) -> Duration {
        self.began.saturating_sub(self.due) + success.login
    }
}

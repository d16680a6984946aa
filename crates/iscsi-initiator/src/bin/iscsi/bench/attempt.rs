//! Attempts: what a run repeats, what one that succeeds measures, and why one failed.

use std::error::Error as _;
use std::time::Duration;

use iscsi_initiator::Error;

use crate::failure::Exit;

/// The operation that one worker of a run repeats.
pub(crate) trait Attempts: Send + 'static {
    /// The measurements of an attempt that succeeds.
    type Success: Success;

    /// Makes the attempt of this number.
    fn attempt(&mut self, number: u64) -> impl Future<Output = Result<Self::Success, FailedAttempt>> + Send;
}

/// The measurements of an attempt that succeeded.
pub(crate) trait Success: Send + 'static {
    /// Counts and times of many such attempts.
    type Totals: Default + Send + 'static;

    /// The latency of the attempt, which waited for its turn and then took so long in all.
    fn latency(&self, waited: Duration, took: Duration) -> Duration;

    /// Adds the attempt to the others.
    fn add_to(&self, totals: &mut Self::Totals, latency: Duration);
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    /// The cause, in one line.
    pub(crate) cause: String,
    /// The exit code of the program for this failure.
    pub(crate) exit: Exit,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome<S> {
    /// When it was due, counted from the beginning of the run.
    pub(crate) due: Duration,
    /// When it began.
    pub(crate) began: Duration,
    /// When it ended.
    pub(crate) ended: Duration,
    /// Its measurements, or why it failed.
    pub(crate) result: Result<S, FailedAttempt>,
}

impl<S: Success> Outcome<S> {
    /// The latency of this attempt if it succeeded: from when it was due.
    pub(crate) fn latency(&self, success: &S) -> Duration {
        success.latency(self.began.saturating_sub(self.due), self.ended.saturating_sub(self.began))
    }
}

/// Longer texts are cut: they are counted, and shown in a table.
const MAX_CHARACTERS: usize = 160;

/// Describes an error with its causes.
pub(crate) fn failure_cause(error: &Error) -> FailedAttempt {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    if text.chars().count() > MAX_CHARACTERS {
        text = text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect();
    }
    FailedAttempt { cause: text, exit: error.fault().into() }
}

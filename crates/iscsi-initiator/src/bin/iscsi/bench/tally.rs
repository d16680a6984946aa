//! Counting what came of attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{FailedAttempt, Outcome, Success};
use super::distribution::Times;
use super::results::Second;
use crate::exit::Exit;

/// Causes that are told apart; more are one.
const MAX_CAUSES: usize = 50;

/// Seconds of the timeline; what comes later is counted in the last.
const MAX_SECONDS: usize = 86_400;

/// How often a cause was met, and the exit code that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CauseCount {
    pub(crate) count: u64,
    pub(crate) exit: Exit,
}

/// What came of the measured attempts so far.
pub(crate) struct Tally {
    pub(crate) logins: u64,
    pub(crate) failures: u64,
    /// From the moment a login was due to full feature phase.
    pub(crate) latency: Times,
    pub(crate) connect: Times,
    pub(crate) security: Times,
    pub(crate) operational: Times,
    pub(crate) logout: Times,
    pub(crate) round_trips: u64,
    pub(crate) causes: BTreeMap<String, CauseCount>,
    pub(crate) timeline: Vec<Second>,
    /// When the last measured attempt ended, counted from the end of the warm-up.
    pub(crate) last_end: Option<Duration>,
    /// How long was measured.
    pub(crate) measured: Duration,
    /// CPU time that this process used while it was measured.
    pub(crate) cpu: Option<Duration>,
    pub(crate) interrupted: bool,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            logins: 0,
            failures: 0,
            latency: Times::new(),
            connect: Times::new(),
            security: Times::new(),
            operational: Times::new(),
            logout: Times::new(),
            round_trips: 0,
            causes: BTreeMap::new(),
            timeline: Vec::new(),
            last_end: None,
            measured: Duration::ZERO,
            cpu: None,
            interrupted: false,
        }
    }

    /// Adds an attempt that began after the warm-up.
    pub(crate) fn add(&mut self, outcome: Outcome, warmup: Duration) {
        let ended = outcome.ended.saturating_sub(warmup);
        self.last_end = self.last_end.max(Some(ended));
        match outcome.result {
            Ok(success) => self.succeed(outcome.latency(&success), &success, ended),
            Err(failed) => {
                self.second(ended).failures += 1;
                self.failures += 1;
                self.blame(failed, 1);
            }
        }
    }

    fn succeed(&mut self, latency: Duration, success: &Success, ended: Duration) {
        let second = self.second(ended);
        second.logins += 1;
        second.longest = second.longest.max(microseconds(latency));
        self.logins += 1;
        self.round_trips += u64::from(success.round_trips);
        self.latency.record(latency);
        self.connect.record(success.connect);
        self.security.record(success.security);
        self.operational.record(success.operational);
        self.logout.record(success.logout);
    }

    /// Counts attempts of which nothing more is heard: their time is over.
    pub(crate) fn give_up(&mut self, cause: &str, attempts: u64) {
        if attempts > 0 {
            self.failures += attempts;
            self.blame(FailedAttempt { cause: cause.to_owned(), exit: Exit::Network }, attempts);
        }
    }

    fn blame(&mut self, FailedAttempt { cause, exit }: FailedAttempt, attempts: u64) {
        let known = self.causes.contains_key(&cause) || self.causes.len() < MAX_CAUSES;
        let cause = if known { cause } else { "other causes".to_owned() };
        self.causes.entry(cause).or_insert(CauseCount { count: 0, exit }).count += attempts;
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let index = usize::try_from(at.as_secs()).unwrap_or(usize::MAX).min(MAX_SECONDS - 1);
        if self.timeline.len() <= index {
            self.timeline.resize(index + 1, Second::default());
        }
        #[allow(clippy::indexing_slicing, reason = "made long enough above")]
        &mut self.timeline[index]
    }
}

/// As figures leave: with fractions.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

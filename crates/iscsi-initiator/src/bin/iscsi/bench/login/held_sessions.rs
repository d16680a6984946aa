//! Sessions that are held open while others are measured.

use std::collections::BTreeMap;

use iscsi_initiator::{Error, Session};
use tokio::task::{JoinError, JoinSet};

use crate::bench::attempt::{FailedAttempt, failure_cause};
use crate::bench::destinations::Destinations;
use crate::failure::{Exit, Failure};
use crate::process;
use crate::session::until_interrupted;

/// Logins and logouts at the same time: fewer than targets keep in their backlog.
const MOST_AT_ONCE: usize = 128;

/// Sessions held open, and logins in progress.
#[derive(Default)]
pub(super) struct HeldSessions {
    sessions: Vec<Session>,
    in_progress: JoinSet<Result<Session, Error>>,
    /// Resident memory of the sessions; `None` where the system does not report it.
    pub(super) bytes: Option<u64>,
}

/// The outcome of sessions held open.
pub(super) struct HeldCount {
    /// Sessions that were opened.
    pub(super) held: u64,
    /// Sessions that ended before the run did.
    pub(super) lost: u64,
    /// The most frequent cause.
    pub(super) cause: Option<(String, Exit)>,
}

impl HeldSessions {
    /// Opens `number` sessions, at most `concurrency` at the same time: all, or after a failure or an interruption none.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connections are closed.
    pub(super) async fn log_in(
        destinations: &Destinations,
        number: u64,
        concurrency: usize,
    ) -> Result<Self, Failure> {
        let (mut held, before) = (Self::default(), process::resident_bytes());
        if let Err(failure) = until_interrupted(held.fill(destinations, number, concurrency)).await {
            held.log_out().await;
            return Err(failure);
        }
        let after = process::resident_bytes();
        held.bytes = after.zip(before).map(|(after, before)| after.saturating_sub(before));
        Ok(held)
    }

    /// # Cancel safety
    /// Cancel safe: all logins that began are kept.
    async fn fill(
        &mut self,
        destinations: &Destinations,
        number: u64,
        concurrency: usize,
    ) -> Result<(), Failure> {
        for number in 0..number {
            while self.in_progress.len() >= concurrency.min(MOST_AT_ONCE) {
                self.join_next().await?;
            }
            let destinations = destinations.clone();
            self.in_progress.spawn(async move { destinations.log_in(number).await });
        }
        while !self.in_progress.is_empty() {
            self.join_next().await?;
        }
        Ok(())
    }

    async fn join_next(&mut self) -> Result<(), Failure> {
        if let Some(ended) = self.in_progress.join_next().await {
            self.sessions.push(ended.unwrap_or_else(resume_panic)?);
        }
        Ok(())
    }

    /// Counts the sessions, and those that ended.
    pub(super) fn count(&self) -> HeldCount {
        let ends: Vec<Error> = self.sessions.iter().filter_map(Session::end_reason).collect();
        let mut causes: BTreeMap<String, (u64, Exit)> = BTreeMap::new();
        for FailedAttempt { cause, exit } in ends.iter().map(failure_cause) {
            causes.entry(cause).or_insert((0, exit)).0 += 1;
        }
        let number = |sessions: usize| u64::try_from(sessions).unwrap_or(u64::MAX);
        HeldCount {
            held: number(self.sessions.len()),
            lost: number(ends.len()),
            cause: causes
                .into_iter()
                .max_by_key(|(_, (count, _))| *count)
                .map(|(cause, (_, exit))| (cause, exit)),
        }
    }

    /// Logs out of all sessions; failures are no longer measured. An interruption ends the logouts too.
    pub(super) async fn log_out(mut self) {
        let logouts = async {
            while !self.in_progress.is_empty() {
                _ = self.join_next().await;
            }
            log_out(self.sessions).await;
            Ok(())
        };
        _ = until_interrupted(logouts).await;
    }
}

async fn log_out(sessions: Vec<Session>) {
    let mut in_progress = JoinSet::new();
    for session in sessions {
        while in_progress.len() >= MOST_AT_ONCE {
            in_progress.join_next().await;
        }
        in_progress.spawn(session.logout());
    }
    while in_progress.join_next().await.is_some() {}
}

/// Nothing aborts these tasks.
fn resume_panic<T>(error: JoinError) -> T {
    std::panic::resume_unwind(error.into_panic())
}

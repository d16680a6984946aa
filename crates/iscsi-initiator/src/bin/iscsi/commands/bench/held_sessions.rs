//! Sessions that are open all the time while others are measured.

use std::collections::BTreeMap;

use iscsi_initiator::{Error, Session};
use tokio::task::{JoinError, JoinSet};

use crate::bench::attempt::FailedAttempt;
use crate::bench::failure_cause::failure_cause;
use crate::bench::login_attempt::LoginAttempts;
use crate::bench::process;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::until_interrupted;

/// Logins and logouts at the same time: below what targets keep in their backlog.
const MOST_AT_ONCE: usize = 128;

/// Sessions held open, and those that are to be.
#[derive(Default)]
pub(super) struct HeldSessions {
    sessions: Vec<Session>,
    under_way: JoinSet<Result<Session, Error>>,
    /// Resident memory that they took; `None` where the system does not say.
    pub(super) bytes: Option<u64>,
}

/// What became of sessions held open.
pub(super) struct HeldCount {
    /// Those that were opened.
    pub(super) held: u64,
    /// Those that ended before the run did.
    pub(super) lost: u64,
    /// Why most of them did.
    pub(super) cause: Option<(String, Exit)>,
}

impl HeldSessions {
    /// Logs so many in, at most `concurrency` at the same time: all, or after a failure or an interruption none.
    pub(super) async fn log_in(
        attempts: &LoginAttempts,
        number: u64,
        concurrency: usize,
    ) -> Result<Self, Failure> {
        let (mut held, before) = (Self::default(), process::resident_bytes());
        if let Err(failure) = until_interrupted(held.fill(attempts, number, concurrency)).await {
            held.log_out().await;
            return Err(failure);
        }
        let after = process::resident_bytes();
        held.bytes = after.zip(before).map(|(after, before)| after.saturating_sub(before));
        Ok(held)
    }

    /// # Cancel safety
    /// Everything begun is still there when this is dropped.
    async fn fill(
        &mut self,
        attempts: &LoginAttempts,
        number: u64,
        concurrency: usize,
    ) -> Result<(), Failure> {
        for number in 0..number {
            while self.under_way.len() >= concurrency.min(MOST_AT_ONCE) {
                self.join_next().await?;
            }
            let attempts = attempts.clone();
            self.under_way.spawn(async move { attempts.log_in(number).await });
        }
        while !self.under_way.is_empty() {
            self.join_next().await?;
        }
        Ok(())
    }

    async fn join_next(&mut self) -> Result<(), Failure> {
        if let Some(ended) = self.under_way.join_next().await {
            self.sessions.push(ended.unwrap_or_else(resume_panic)?);
        }
        Ok(())
    }

    /// How many there were, and what became of those that are no more.
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

    /// They end as they should; what a target does now is not measured any more. An interruption ends that too.
    pub(super) async fn log_out(mut self) {
        let logouts = async {
            while !self.under_way.is_empty() {
                _ = self.join_next().await;
            }
            log_out(self.sessions).await;
            Ok(())
        };
        _ = until_interrupted(logouts).await;
    }
}

async fn log_out(sessions: Vec<Session>) {
    let mut under_way = JoinSet::new();
    for session in sessions {
        while under_way.len() >= MOST_AT_ONCE {
            under_way.join_next().await;
        }
        under_way.spawn(session.logout());
    }
    while under_way.join_next().await.is_some() {}
}

/// Nothing aborts these tasks.
fn resume_panic<T>(error: JoinError) -> T {
    std::panic::resume_unwind(error.into_panic())
}

//! The held sessions and their runtime.

use std::io;

use iscsi_initiator::{Error, Fault, Lun, Session, SessionPhase, SessionStatus};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::logins::Logins;

/// Sessions of one process, which says of each thing it did with them to how many it was done.
pub(crate) struct Held {
    logins: Logins,
    at_once: usize,
    runtime: Runtime,
    sessions: Vec<Session>,
}

impl Held {
    /// None yet; there are never more logins under way than `at_once`.
    pub(crate) fn new(logins: Logins, at_once: usize) -> io::Result<Self> {
        Ok(Self { logins, at_once, runtime: Runtime::new()?, sessions: Vec::new() })
    }

    /// Logs in that many more times.
    pub(crate) fn log_in(&mut self, count: usize) -> Result<usize, Error> {
        for size in self.blocks(count) {
            self.sessions.extend(self.runtime.block_on(self.logins.log_in_at_once(size))?);
        }
        Ok(count)
    }

    /// Logs in and out that many times, beside what is held.
    pub(crate) fn churn(&self, count: usize) -> Result<usize, Error> {
        for size in self.blocks(count) {
            self.runtime
                .block_on(async { log_out_at_once(self.logins.log_in_at_once(size).await?).await })?;
        }
        Ok(count)
    }

    /// Asks every session whether its unit is ready; those that say yes count.
    pub(crate) fn ask(&self) -> usize {
        self.sessions.iter().filter(|session| self.is_ready(session).is_ok()).count()
    }

    /// Drops the sessions that have lost their connection and returns their number.
    pub(crate) fn forget_lost(&mut self) -> usize {
        let all = std::mem::take(&mut self.sessions);
        let (lost, kept): (Vec<_>, _) = all.into_iter().partition(|session| self.is_lost(session));
        self.sessions = kept;
        lost.len()
    }

    /// Waits until every session is up that many times after it was lost, and returns the number of those that are.
    pub(crate) fn await_recoveries(&self, count: u64) -> usize {
        self.runtime.block_on(async {
            for session in &self.sessions {
                recovered(session, count).await;
            }
        });
        self.up()
    }

    /// The number of sessions that are up at present.
    pub(crate) fn up(&self) -> usize {
        let is_up = |session: &&Session| session.state().phase == SessionPhase::Up;
        self.sessions.iter().filter(is_up).count()
    }

    /// The attempts of each session to log in since it was lost.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = u32> {
        self.sessions.iter().map(|session| session.state().attempts)
    }

    /// How often a thread of the runtime went to sleep.
    pub(crate) fn sleeps(&self) -> u64 {
        let metrics = self.runtime.metrics();
        (0..metrics.num_workers()).map(|worker| metrics.worker_park_count(worker)).sum()
    }

    /// Logs out of all sessions.
    pub(crate) fn log_out(&mut self) -> Result<usize, Error> {
        let count = self.sessions.len();
        for size in self.blocks(count) {
            let block = self.sessions.split_off(self.sessions.len() - size);
            self.runtime.block_on(log_out_at_once(block))?;
        }
        Ok(count)
    }

    /// Closes all connections without a logout: the tasks that own them end with their runtime.
    pub(crate) fn close(&mut self) -> io::Result<usize> {
        drop(std::mem::replace(&mut self.runtime, Runtime::new()?));
        Ok(std::mem::take(&mut self.sessions).len())
    }

    /// A count, cut into what may be under way at a time.
    fn blocks(&self, count: usize) -> impl Iterator<Item = usize> + use<> {
        let at_once = self.at_once;
        (0..count).step_by(at_once).map(move |begin| at_once.min(count - begin))
    }

    fn is_lost(&self, session: &Session) -> bool {
        self.is_ready(session).is_err_and(|error| error.fault() == Fault::Network)
    }

    fn is_ready(&self, session: &Session) -> Result<(), Error> {
        self.runtime.block_on(session.test_unit_ready(Lun::ZERO))
    }
}

/// Waits until this session was replaced that many times, and is up or over.
async fn recovered(session: &Session, count: u64) {
    let is_done = |state: &SessionStatus| {
        state.phase == SessionPhase::Over || (state.phase == SessionPhase::Up && state.recoveries >= count)
    };
    let mut state = session.state();
    while !is_done(&state) {
        state = session.next_state(state).await;
    }
}

async fn log_out_at_once(sessions: Vec<Session>) -> Result<(), Error> {
    let logouts: JoinSet<_> = sessions.into_iter().map(Session::logout).collect();
    logouts.join_all().await.into_iter().collect()
}

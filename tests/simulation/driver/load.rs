//! A workload that several tasks carry out through the handles of a session, with a checker of the results.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::{Error, Lun, Session};
use iscsi_tests::world::{Checker, DISK, Operation, Rig, Seed, Variant, Violation, Workload, WriteCache};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::SUBMITTERS;

/// Operations that wait for a task, and the checker. Clones share them.
#[derive(Clone)]
pub(super) struct Load(Arc<Mutex<State>>);

struct State {
    began: Instant,
    checker: Checker,
    operations: VecDeque<Operation>,
    /// The logout, the last operation.
    logout: Operation,
    submitted: u64,
    /// Operations that the session did not accept because it was over, with the errors.
    rejected: Vec<(Operation, Error)>,
    /// The errors of all operations that failed.
    failures: Vec<Error>,
}

impl Load {
    pub(super) fn new(seed: u64, variant: Variant) -> Self {
        let cache = if variant.write_cache { WriteCache::Volatile } else { WriteCache::WriteThrough };
        let workload = Workload::new(DISK, Seed::new(seed).part("workload"));
        let mut operations: VecDeque<_> = workload.operations().iter().copied().collect();
        let logout = operations.pop_back().unwrap();
        let state = State {
            began: Instant::now(),
            checker: Checker::new(DISK, cache),
            operations,
            logout,
            submitted: 0,
            rejected: Vec::new(),
            failures: Vec::new(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Carries the workload out but for the logout, until it is done or an operation has failed.
    pub(super) async fn run(&self, session: &Session) {
        let mut tasks = JoinSet::new();
        for _ in 0..SUBMITTERS {
            tasks.spawn(self.clone().submit_all(session.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        // The operations that were accepted have failed before, though their tasks may have been told later.
        let mut rejected = std::mem::take(&mut self.state().rejected);
        rejected.sort_unstable_by_key(|(operation, _)| operation.number);
        for (operation, error) in rejected {
            self.fail(operation, error);
        }
    }

    async fn submit_all(self, session: Session) {
        while let Some(operation) = self.next() {
            let pending = match submit(&session, operation).await {
                Ok(pending) => pending,
                Err(error) => return self.state().rejected.push((operation, error)),
            };
            match pending.await {
                Ok(data) => self.with(|checker, now| checker.completed(operation.number, &data, now)),
                Err(error) => return self.fail(operation, error),
            }
        }
    }

    /// Logs out, and returns the number of all operations.
    pub(super) async fn logout(&self, session: Session) -> u64 {
        let logout = self.state().logout;
        self.with(|checker, now| checker.submitted(logout, now));
        session.logout().await.unwrap();
        self.with(|checker, now| checker.completed(logout.number, &[], now));
        self.state().submitted + 1
    }

    pub(super) fn failed(&self) -> usize {
        self.state().failures.len()
    }

    /// The errors of the operations that failed.
    pub(super) fn failures(&self) -> Vec<Error> {
        self.state().failures.clone()
    }

    /// Checks everything that has to hold at the end.
    pub(super) fn finish(&self, rig: &Rig) {
        let checker = &mut self.state().checker;
        checker.loss_known();
        rig.finish(checker).unwrap();
    }

    fn next(&self) -> Option<Operation> {
        let operation = self.state().operations.pop_front()?;
        self.with(|checker, now| checker.submitted(operation, now));
        self.state().submitted += 1;
        Some(operation)
    }

    fn fail(&self, operation: Operation, error: Error) {
        self.with(|checker, now| checker.failed(operation.number, now));
        self.state().failures.push(error);
    }

    fn with(&self, call: impl FnOnce(&mut Checker, Duration) -> Result<(), Violation>) {
        let State { began, checker, .. } = &mut *self.state();
        call(checker, began.elapsed()).unwrap();
    }
}

/// Submits an operation, and returns the future of its data.
async fn submit(
    session: &Session,
    operation: Operation,
) -> Result<impl Future<Output = Result<Bytes, Error>>, Error> {
    let command = match operation.command(DISK.block_size) {
        Some(command) => Some(session.submit(Lun::ZERO, command).await?),
        None => session.end_reason().map_or(Ok(None), Err)?,
    };
    Ok(async move {
        match command {
            Some(pending) => pending.data().await,
            None => session.send_targets("").await.map(|_| Bytes::new()),
        }
    })
}

//! A workload that several tasks carry out through the handles of a session, with a checker of the results.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::scsi::RawCommand;
use iscsi_initiator::{Abort, Aborted, Error, Extent, Lun, OldTask, Session};
use iscsi_tests::world::{
    Action, Checker, DISK, Operation, Rig, Seed, Variant, Violation, Workload, WriteCache,
};
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
    /// The number of commands that are to be aborted.
    aborts: usize,
    was_reset: bool,
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
            aborts: 0,
            was_reset: false,
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
            let end = match operation.command(DISK.block_size) {
                Some(command) => self.carry_out(&session, command).await,
                None => self.request(&session, operation).await,
            };
            if self.note(operation, end) {
                return;
            }
        }
    }

    /// Carries a command out, or has it aborted when it was submitted, if it is the turn of an abort.
    async fn carry_out(&self, session: &Session, command: RawCommand) -> End {
        let pending = match session.submit(Lun::ZERO, command).await {
            Ok(pending) => pending,
            Err(error) => return End::NotAccepted(error),
        };
        if !self.takes_abort() {
            return End::of(pending.data().await);
        }
        match pending.abort().await {
            Ok(Aborted::Completed(completion)) => {
                End::of(completion.into_good("").map(|good| good.data).map_err(Error::from))
            }
            Ok(Aborted::Ended(Extent::NotSent)) => End::Refused,
            Ok(Aborted::Ended(_)) => End::Aborted,
            Ok(_) => End::Unknown(None),
            Err(error) => End::Unknown(Some(error)),
        }
    }

    /// Carries an operation out that is no command.
    async fn request(&self, session: &Session, operation: Operation) -> End {
        if let Some(error) = session.end_reason() {
            return End::NotAccepted(error);
        }
        self.state().was_reset |= operation.action == Action::ResetUnit;
        let result = if let Some(data) = operation.ping() {
            session.ping(data).await.map(drop)
        } else if let Some(function) = operation.management(Lun::ZERO) {
            session.manage_tasks(function).await.map(drop)
        } else if operation.action == Action::AbortTask {
            self.state().aborts += 1;
            Ok(())
        } else {
            session.send_targets("").await.map(drop)
        };
        End::of(result.map(|()| Bytes::new()))
    }

    /// Tells the checker of an end. True if the session is over.
    fn note(&self, operation: Operation, end: End) -> bool {
        let number = operation.number;
        match end {
            End::Done(data) => self.with(|checker, now| checker.completed(number, &data, now)),
            End::Refused => self.with(|checker, now| checker.refused(number, now)),
            End::Aborted => self.with(|checker, now| checker.aborted(number, now)),
            End::Unknown(error) => {
                self.with(|checker, now| in_any_order(checker.failed(number, now)));
                self.state().failures.extend(error);
            }
            End::Failed(error) => self.fail(operation, error),
            End::NotAccepted(error) => self.state().rejected.push((operation, error)),
        }
        let state = self.state();
        !state.failures.is_empty() || !state.rejected.is_empty()
    }

    /// Whether it is the turn of an abort.
    fn takes_abort(&self) -> bool {
        let aborts = &mut self.state().aborts;
        let is_wanted = *aborts > 0;
        *aborts = aborts.saturating_sub(1);
        is_wanted
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
        // A command that a reset has failed was sent again, behind those that came after it.
        let was_reset = self.state().was_reset;
        self.with(|checker, now| {
            let failed = checker.failed(operation.number, now);
            if was_reset { in_any_order(failed) } else { failed }
        });
        self.state().failures.push(error);
    }

    fn with(&self, call: impl FnOnce(&mut Checker, Duration) -> Result<(), Violation>) {
        let State { began, checker, .. } = &mut *self.state();
        call(checker, began.elapsed()).unwrap();
    }
}

/// The end of an operation.
enum End {
    Done(Bytes),
    /// It certainly did not take effect.
    Refused,
    /// It has no effect any more.
    Aborted,
    /// It was to be aborted, and nobody knows whether it was; the error ended the session.
    Unknown(Option<Error>),
    Failed(Error),
    /// The session was over before.
    NotAccepted(Error),
}

impl End {
    fn of(result: Result<Bytes, Error>) -> Self {
        match result {
            Ok(data) => Self::Done(data),
            // A reset is an error of the next flush on purpose: data may be lost. The session that a ping or a function was for may
            // be lost, too.
            Err(
                Error::Command { command: "SYNCHRONIZE CACHE (10)", .. }
                | Error::WritesMayBeLost { .. }
                | Error::Aborted { abort: Abort { extent: Extent::NotSent, .. }, .. }
                | Error::NoSession { .. },
            ) => Self::Refused,
            Err(Error::Aborted { .. } | Error::Ambiguous { old_task: OldTask::Ended, .. }) => Self::Aborted,
            Err(Error::Ambiguous { .. }) => Self::Unknown(None),
            // A silent target: the session ends by the limit of a ping or of a command.
            Err(Error::TaskManagement { response: None, .. }) => Self::Done(Bytes::new()),
            Err(error) => Self::Failed(error),
        }
    }
}

/// Accepts a failure that comes late, because its caller waited for a request that was submitted later.
fn in_any_order(result: Result<(), Violation>) -> Result<(), Violation> {
    match result {
        Err(Violation::FailedOutOfOrder { .. }) => Ok(()),
        other => other,
    }
}

//! Runs: makes attempts as the plan says, in several workers at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout_at};

use super::attempt::{Attempts, Outcome, Success};
use super::schedule::{Plan, Schedule, Ticket};
use super::tally::Tally;
use crate::process;

/// The time that attempts may take to end once the run is stopped. A complete run waits for each of them: they have limits of
/// their own.
const LAST_ATTEMPTS: Duration = Duration::from_secs(3);

/// The resolution of the clock by which attempts begin. A worker that was free is late by no more, which is not caused by
/// the target: its attempt counts from when it began.
const CLOCK_GRID: Duration = Duration::from_millis(2);

/// The interval at which the count is shown.
const REFRESH: Duration = Duration::from_millis(100);

/// The state that all workers share.
struct Shared<S: Success> {
    start: Instant,
    warmup: Duration,
    state: Mutex<State<S>>,
}

struct State<S: Success> {
    schedule: Schedule,
    tally: Tally<S>,
    /// Measured attempts that have begun and not ended.
    under_way: u64,
    /// CPU time used before the first measured attempt.
    cpu_before: Option<Duration>,
}

/// Makes attempts until the plan is carried out or `stop` is ready; `watch` sees the count again and again.
///
/// Each worker is a task and makes one attempt after the other; there are as many as attempts may run at the same time. In an open loop an attempt that
/// finds all workers busy waits for its turn, and is charged for the wait.
///
/// # Cancel safety
/// When the future is dropped, all attempts are dropped.
pub(crate) async fn run<A: Attempts>(
    plan: &Plan,
    attempts: impl IntoIterator<Item = A>,
    stop: impl Future<Output = ()>,
    mut watch: impl FnMut(&Tally<A::Success>, Duration),
) -> Tally<A::Success> {
    let shared = Arc::new(Shared::new(*plan));
    let (signal, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for attempts in attempts.into_iter().take(plan.concurrency) {
        workers.spawn(work(Arc::clone(&shared), attempts, stopped.clone()));
    }
    let (mut stop, mut ticks) = (std::pin::pin!(stop), interval(REFRESH));
    let interrupted = loop {
        tokio::select! {
            biased;
            () = &mut stop => break true,
            ended = workers.join_next() => if !goes_on(ended) { break false },
            _ = ticks.tick() => watch(&shared.state().tally, shared.start.elapsed()),
        }
    };
    if interrupted {
        signal.send_replace(true);
        let end = async { while goes_on(workers.join_next().await) {} };
        let _ = timeout_at(Instant::now() + LAST_ATTEMPTS, end).await;
    }
    shared.take_tally(interrupted)
}

/// Whether workers are left. A panic in an attempt is not counted but passed on.
fn goes_on(ended: Option<Result<(), tokio::task::JoinError>>) -> bool {
    match ended {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Makes one attempt after the other until none is left.
async fn work<A: Attempts>(
    shared: Arc<Shared<A::Success>>,
    mut attempts: A,
    mut stopped: watch::Receiver<bool>,
) {
    while let Some(ticket) = shared.next() {
        let early = ticket.due > shared.start.elapsed();
        if early {
            let _ = timeout_at(shared.start + ticket.due, stopped.wait_for(|stopped| *stopped)).await;
        }
        if *stopped.borrow() {
            return;
        }
        shared.begin(ticket);
        let began = shared.start.elapsed();
        let due = if early && began <= ticket.due + CLOCK_GRID { began } else { ticket.due };
        let result = attempts.attempt(ticket.number).await;
        shared.count(ticket, Outcome { due, began, ended: shared.start.elapsed(), result });
    }
}

impl<S: Success> Shared<S> {
    fn new(plan: Plan) -> Self {
        let (schedule, tally) = (Schedule::new(plan), Tally::new());
        let state = Mutex::new(State { schedule, tally, under_way: 0, cpu_before: None });
        Self { start: Instant::now(), warmup: plan.warmup, state }
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Ticket> {
        self.state().schedule.next(self.start.elapsed())
    }

    fn begin(&self, ticket: Ticket) {
        let mut state = self.state();
        state.under_way += u64::from(ticket.measured);
        if ticket.measured && state.cpu_before.is_none() {
            state.cpu_before = process::cpu_time();
        }
    }

    fn count(&self, ticket: Ticket, outcome: Outcome<S>) {
        if ticket.measured {
            let mut state = self.state();
            state.under_way -= 1;
            state.tally.add(outcome, self.warmup);
        }
    }

    /// Returns the count at the end; attempts that did not end or begin are failures.
    fn take_tally(&self, interrupted: bool) -> Tally<S> {
        let cpu = process::cpu_time();
        let mut state = self.state();
        let mut tally = std::mem::replace(&mut state.tally, Tally::new());
        tally.give_up("did not end in time", state.under_way);
        if !interrupted {
            tally.give_up("not begun: waited too long for its turn", state.schedule.never_begun());
        }
        tally.interrupted = interrupted;
        tally.measured = tally.last_end.unwrap_or_default();
        tally.cpu = cpu.zip(state.cpu_before).map(|(after, before)| after.saturating_sub(before));
        tally
    }
}

#[cfg(test)]
mod tests;

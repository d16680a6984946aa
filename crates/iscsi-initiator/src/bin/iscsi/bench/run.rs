//! Carrying a plan out.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::attempt::{Attempts, Outcome};
use super::plan::Plan;
use super::tally::Tally;

/// How long attempts under way may take to end once the run is stopped. One that is carried out waits for each of them:
/// they have limits of their own.
const LAST_ATTEMPTS: Duration = Duration::from_secs(3);

/// A run under way.
struct Run<'a, A> {
    plan: &'a Plan,
    attempts: A,
    start: Instant,
    /// Attempts begun.
    begun: u64,
    /// Attempts begun that are measured.
    measured: u64,
    under_way: JoinSet<Outcome>,
    tally: Tally,
}

/// What the run waits for.
enum Next {
    Ended(Outcome),
    Begin,
    /// No attempt begins any more.
    Over,
    /// And none is under way.
    Done,
    Stopped,
}

/// Makes attempts until the plan is carried out or `stop` is ready; after each, `watch` sees the count so far.
///
/// In an open loop attempts are due by the clock. One that finds all places taken waits for its turn, and is charged for
/// it: a target that stalls makes latencies longer, never attempts fewer.
pub(crate) async fn run<A: Attempts>(
    plan: &Plan,
    attempts: A,
    stop: impl Future<Output = ()>,
    mut watch: impl FnMut(&Tally, Duration),
) -> Tally {
    let (start, tally) = (Instant::now(), Tally::new());
    let mut run = Run { plan, attempts, start, begun: 0, measured: 0, under_way: JoinSet::new(), tally };
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            biased;
            () = &mut stop => Next::Stopped,
            next = run.next() => next,
        };
        match next {
            Next::Ended(outcome) => run.count(outcome),
            Next::Begin => run.begin(),
            Next::Over => {}
            Next::Done => break,
            Next::Stopped => {
                run.tally.interrupted = true;
                break;
            }
        }
        watch(&run.tally, run.start.elapsed());
    }
    run.end().await
}

impl<A: Attempts> Run<'_, A> {
    /// # Cancel safety
    /// A future that is dropped has lost nothing.
    async fn next(&mut self) -> Next {
        let (room, over) = (self.under_way.len() < self.plan.concurrency, self.is_over());
        let due = self.start + self.plan.begins_at(self.begun);
        let due = self.plan.ends_at().map_or(due, |end| due.min(self.start + end));
        tokio::select! {
            biased;
            Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => match ended {
                Ok(outcome) => Next::Ended(outcome),
                // A panic of ours in an attempt is no figure.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            () = sleep_until(due), if room && !over => if self.is_over() { Next::Over } else { Next::Begin },
            else => Next::Done,
        }
    }

    /// Whether no attempt begins any more.
    fn is_over(&self) -> bool {
        self.plan.count.is_some_and(|count| self.measured >= count)
            || self.plan.ends_at().is_some_and(|end| self.start.elapsed() >= end)
    }

    fn begin(&mut self) {
        let (start, number, attempts) = (self.start, self.begun, self.attempts.clone());
        let began = start.elapsed();
        let due = if self.plan.rate.is_some() { self.plan.begins_at(number) } else { began };
        self.begun += 1;
        self.measured += u64::from(self.plan.measures(due));
        self.under_way.spawn(async move {
            let result = attempts.attempt(number).await;
            Outcome { due, began, ended: start.elapsed(), result }
        });
    }

    fn count(&mut self, outcome: Outcome) {
        if self.plan.measures(outcome.due) {
            self.tally.add(outcome, self.plan.warmup);
        }
    }

    /// Waits for what is under way when the run is stopped; what takes too long is given up and counts as a failure.
    async fn end(mut self) -> Tally {
        let limit = Instant::now() + LAST_ATTEMPTS;
        while let Ok(Some(ended)) = timeout_at(limit, self.under_way.join_next()).await {
            if let Ok(outcome) = ended {
                self.count(outcome);
            }
        }
        let given_up = u64::try_from(self.under_way.len()).unwrap_or(u64::MAX);
        self.tally.give_up(given_up);
        self.tally.measured = self.tally.last_end.unwrap_or_default();
        self.tally
    }
}

#[cfg(test)]
mod tests;

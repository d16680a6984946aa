//! The plan of a run, and when each of its attempts is due.

use std::time::Duration;

use super::arrival::{Arrival, Arrivals};

/// The plan of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Attempts at the same time, at least 1.
    pub(crate) concurrency: usize,
    /// Attempts begun in a second, if they begin by the clock (open loop); otherwise each begins when another ends.
    pub(crate) rate: Option<f64>,
    /// How they arrive.
    pub(crate) arrival: Arrival,
    /// The seed of arrivals at random.
    pub(crate) seed: u64,
    /// Ends after so many measured attempts.
    pub(crate) count: Option<u64>,
    /// Ends after this time of measuring.
    pub(crate) duration: Option<Duration>,
    /// Not measured at the beginning.
    pub(crate) warmup: Duration,
}

impl Plan {
    /// Whether an attempt that begins at this moment is measured.
    pub(crate) fn measures(&self, began: Duration) -> bool {
        began >= self.warmup
    }

    /// When no attempt begins any more, counted from the beginning of the run.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        self.duration.and_then(|duration| self.warmup.checked_add(duration))
    }
}

/// The time after the end in which attempts may still begin that were due before it. Later ones count as failures.
const LATEST: Duration = Duration::from_secs(30);

/// An attempt to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) number: u64,
    /// When it is to begin, counted from the beginning of the run.
    pub(crate) due: Duration,
    /// Whether it counts.
    pub(crate) measured: bool,
}

/// Hands out the attempts of a plan, one after the other.
pub(crate) struct Schedule {
    plan: Plan,
    /// In an open loop.
    arrivals: Option<Arrivals>,
    begun: u64,
    measured: u64,
}

impl Schedule {
    pub(crate) fn new(plan: Plan) -> Self {
        let arrivals = plan.rate.map(|rate| Arrivals::new(rate, plan.arrival, plan.seed));
        Self { plan, arrivals, begun: 0, measured: 0 }
    }

    /// Returns the next attempt, for a worker that is free now; none if no more are to begin.
    ///
    /// In a closed loop it is due at once. In an open loop by the clock, however late it is: a slow target makes
    /// latencies longer, never attempts fewer.
    pub(crate) fn next(&mut self, now: Duration) -> Option<Ticket> {
        let due = self.arrivals.as_ref().map_or(now, Arrivals::next);
        let enough = self.plan.count.is_some_and(|count| self.measured >= count);
        let over = self.plan.ends_at().is_some_and(|end| due >= end || now >= end.saturating_add(LATEST));
        if enough || over {
            return None;
        }
        let ticket = Ticket { number: self.begun, due, measured: self.plan.measures(due) };
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.advance();
        }
        self.begun += 1;
        self.measured += u64::from(ticket.measured);
        Some(ticket)
    }

    /// The number of attempts that were due before the end and never began.
    pub(crate) fn never_begun(&self) -> u64 {
        let (Some(arrivals), Some(end)) = (&self.arrivals, self.plan.ends_at()) else { return 0 };
        let left = arrivals.left_before(end);
        self.plan.count.map_or(left, |count| left.min(count - self.measured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        concurrency: 8,
        rate: Some(200.0),
        arrival: Arrival::Fixed,
        seed: 0,
        count: None,
        duration: Some(Duration::from_secs(10)),
        warmup: Duration::from_secs(1),
    };

    #[test]
    fn what_begins_in_the_warm_up_is_not_measured() {
        assert!(!PLAN.measures(Duration::from_millis(999)) && PLAN.measures(Duration::from_secs(1)));
        assert_eq!(PLAN.ends_at(), Some(Duration::from_secs(11)));
    }

    const SECOND: Duration = Duration::from_secs(1);
    const ONE_SECOND: Plan = Plan { rate: None, duration: Some(SECOND), warmup: Duration::ZERO, ..PLAN };

    #[test]
    fn a_closed_loop_begins_at_once_and_ends_by_the_clock() {
        let mut schedule = Schedule::new(ONE_SECOND);
        let now = Duration::from_millis(999);
        assert_eq!(schedule.next(now), Some(Ticket { number: 0, due: now, measured: true }));
        assert_eq!(schedule.next(SECOND), None);
        assert_eq!(schedule.never_begun(), 0);
    }

    #[test]
    fn an_open_loop_is_late_but_leaves_nothing_out() {
        let mut schedule = Schedule::new(Plan { rate: Some(4.0), ..ONE_SECOND });
        let due: Vec<_> =
            std::iter::from_fn(|| schedule.next(20 * SECOND)).map(|ticket| ticket.due).collect();
        assert_eq!(due, [0, 250, 500, 750].map(Duration::from_millis));
        assert_eq!(schedule.never_begun(), 0);
    }

    #[test]
    fn what_is_far_too_late_is_not_begun_and_is_counted() {
        let mut schedule = Schedule::new(Plan { rate: Some(4.0), ..ONE_SECOND });
        assert!(schedule.next(2 * SECOND).is_some());
        assert_eq!(schedule.next(SECOND + LATEST), None);
        assert_eq!(schedule.never_begun(), 3);
    }

    #[test]
    fn only_what_is_measured_counts_as_made() {
        let plan = Plan { count: Some(2), rate: Some(1.0), duration: None, warmup: 2 * SECOND, ..ONE_SECOND };
        let mut schedule = Schedule::new(plan);
        let measured: Vec<_> = std::iter::from_fn(|| schedule.next(SECOND)).map(|t| t.measured).collect();
        assert_eq!(measured, [false, false, true, true]);
    }
}

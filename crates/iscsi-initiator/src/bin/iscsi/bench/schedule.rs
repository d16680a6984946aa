//! The plan of a run, and when each of its attempts is due.

use std::time::Duration;

/// The plan of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Attempts at the same time, at least 1.
    pub(crate) concurrency: usize,
    /// Attempts begun in a second, if they begin by the clock (open loop); otherwise each begins when another ends.
    pub(crate) rate: Option<f64>,
    /// Ends after so many measured attempts.
    pub(crate) count: Option<u64>,
    /// Ends after this time of measuring.
    pub(crate) duration: Option<Duration>,
    /// Not measured at the beginning.
    pub(crate) warmup: Duration,
}

impl Plan {
    /// When the attempt of this number, from 0, is to begin, counted from the beginning of the run. In a closed loop at
    /// once.
    pub(crate) fn begins_at(&self, number: u64) -> Duration {
        #[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 attempts")]
        self.rate.map_or(Duration::ZERO, |rate| {
            Duration::try_from_secs_f64(number as f64 / rate).unwrap_or(Duration::MAX)
        })
    }

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
    begun: u64,
    measured: u64,
}

impl Schedule {
    pub(crate) const fn new(plan: Plan) -> Self {
        Self { plan, begun: 0, measured: 0 }
    }

    /// Returns the next attempt, for a worker that is free now; none if no more are to begin.
    ///
    /// In a closed loop it is due at once. In an open loop by the clock, however late it is: a slow target makes
    /// latencies longer, never attempts fewer.
    pub(crate) fn next(&mut self, now: Duration) -> Option<Ticket> {
        let due = self.due(now);
        let enough = self.plan.count.is_some_and(|count| self.measured >= count);
        let over = self.plan.ends_at().is_some_and(|end| due >= end || now >= end.saturating_add(LATEST));
        if enough || over {
            return None;
        }
        let ticket = Ticket { number: self.begun, due, measured: self.plan.measures(due) };
        self.begun += 1;
        self.measured += u64::from(ticket.measured);
        Some(ticket)
    }

    /// The number of attempts that were due before the end and never began.
    pub(crate) fn never_begun(&self) -> u64 {
        let (Some(rate), Some(end)) = (self.plan.rate, self.plan.ends_at()) else { return 0 };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what does not fit is at a limit"
        )]
        let due = (rate * end.as_secs_f64()).ceil() as u64;
        let due = self.plan.count.map_or(due, |count| due.min(self.begun + count - self.measured));
        due.saturating_sub(self.begun)
    }

    fn due(&self, now: Duration) -> Duration {
        if self.plan.rate.is_some() { self.plan.begins_at(self.begun) } else { now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        concurrency: 8,
        rate: Some(200.0),
        count: None,
        duration: Some(Duration::from_secs(10)),
        warmup: Duration::from_secs(1),
    };

    #[test]
    fn an_open_loop_begins_by_the_clock() {
        assert_eq!(PLAN.begins_at(0), Duration::ZERO);
        assert_eq!(PLAN.begins_at(1), Duration::from_millis(5));
        assert_eq!(PLAN.begins_at(200), Duration::from_secs(1));
        assert_eq!(Plan { rate: None, ..PLAN }.begins_at(200), Duration::ZERO);
    }

    #[test]
    fn what_begins_in_the_warm_up_is_not_measured() {
        assert!(!PLAN.measures(Duration::from_millis(999)) && PLAN.measures(Duration::from_secs(1)));
        assert_eq!(PLAN.ends_at(), Some(Duration::from_secs(11)));
    }

    const SECOND: Duration = Duration::from_secs(1);
    const ONE_SECOND: Plan =
        Plan { concurrency: 8, rate: None, count: None, duration: Some(SECOND), warmup: Duration::ZERO };

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

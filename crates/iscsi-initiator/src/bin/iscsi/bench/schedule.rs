//! Which attempt is next, and when it is due.

use std::time::Duration;

use super::plan::Plan;

/// How long after the end attempts may still begin that were due before it. What has not begun by then never does, and
/// is a failure.
const LATEST: Duration = Duration::from_secs(30);

/// An attempt to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) number: u64,
    /// When it is to begin, counted from the beginning of the run.
    pub(crate) due: Duration,
    /// Does it count?
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

    /// The next attempt, for somebody who has time for it now; none if no more are to begin.
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

    /// How many attempts were due before the end and never handed out.
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

    const SECOND: Duration = Duration::from_secs(1);
    const PLAN: Plan =
        Plan { concurrency: 8, rate: None, count: None, duration: Some(SECOND), warmup: Duration::ZERO };

    #[test]
    fn a_closed_loop_begins_at_once_and_ends_by_the_clock() {
        let mut schedule = Schedule::new(PLAN);
        let now = Duration::from_millis(999);
        assert_eq!(schedule.next(now), Some(Ticket { number: 0, due: now, measured: true }));
        assert_eq!(schedule.next(SECOND), None);
        assert_eq!(schedule.never_begun(), 0);
    }

    #[test]
    fn an_open_loop_is_late_but_leaves_nothing_out() {
        let mut schedule = Schedule::new(Plan { rate: Some(4.0), ..PLAN });
        let due: Vec<_> =
            std::iter::from_fn(|| schedule.next(20 * SECOND)).map(|ticket| ticket.due).collect();
        assert_eq!(due, [0, 250, 500, 750].map(Duration::from_millis));
        assert_eq!(schedule.never_begun(), 0);
    }

    #[test]
    fn what_is_far_too_late_is_not_begun_and_is_counted() {
        let mut schedule = Schedule::new(Plan { rate: Some(4.0), ..PLAN });
        assert!(schedule.next(2 * SECOND).is_some());
        assert_eq!(schedule.next(SECOND + LATEST), None);
        assert_eq!(schedule.never_begun(), 3);
    }

    #[test]
    fn only_what_is_measured_counts_as_made() {
        let plan = Plan { count: Some(2), rate: Some(1.0), duration: None, warmup: 2 * SECOND, ..PLAN };
        let mut schedule = Schedule::new(plan);
        let measured: Vec<_> = std::iter::from_fn(|| schedule.next(SECOND)).map(|t| t.measured).collect();
        assert_eq!(measured, [false, false, true, true]);
    }
}

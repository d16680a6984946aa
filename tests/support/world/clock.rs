//! Time of a simulation.

use std::collections::VecDeque;
use std::time::Duration;

/// Times that a clock may stand still in a row. A run moves at least one byte each time, and transfers of a simulation are
/// shorter.
const MAX_STANDSTILLS: u32 = 1_000_000;

/// The time, which moves only when it is told to, and events that wait for their time. The caller knows how many events
/// there are: nothing else bounds them.
#[derive(Clone, Debug)]
pub struct Clock<E> {
    now: Duration,
    limit: Duration,
    standstills: u32,
    /// In the order of their times; events of one time stay in the order in which they were scheduled.
    events: VecDeque<(Duration, E)>,
}

/// The reason why a run cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Nothing will happen any more.
    #[error("nothing is left to wait for at {now:?}")]
    Idle {
        /// The time at which this was found.
        now: Duration,
    },
    /// The next thing happens only after the limit.
    #[error("the run takes longer than {limit:?}: it waits from {now:?} until {next:?}")]
    Late {
        /// The longest time that the run may take.
        limit: Duration,
        /// The time at which this was found.
        now: Duration,
        /// The time at which something happens again.
        next: Duration,
    },
    /// Something wants to be done again and again at the same time.
    #[error("the time stands still at {now:?} after {MAX_STANDSTILLS} turns")]
    Standstill {
        /// The time that does not pass.
        now: Duration,
    },
}

impl<E> Clock<E> {
    /// A clock at 0 for a run that may last until `limit`.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { now: Duration::ZERO, limit, standstills: 0, events: VecDeque::new() }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// Schedules an event; one of the past happens now.
    pub fn schedule(&mut self, at: Duration, event: E) {
        let at = at.max(self.now);
        let place = self.events.partition_point(|(time, _)| *time <= at);
        self.events.insert(place, (at, event));
    }

    /// Takes the next event whose time has come.
    pub fn due(&mut self) -> Option<E> {
        self.events.pop_front_if(|(time, _)| *time <= self.now).map(|(_, event)| event)
    }

    /// Moves on to the earliest of these times and of the scheduled events. A time of the past means now: there is more to
    /// do at once.
    ///
    /// # Errors
    /// Nothing is left to wait for, the limit would be exceeded, or the time stands still for ever.
    pub fn advance(&mut self, times: impl IntoIterator<Item = Option<Duration>>) -> Result<(), Stuck> {
        let (now, limit) = (self.now, self.limit);
        let scheduled = self.events.front().map(|(time, _)| *time);
        let next = times.into_iter().flatten().chain(scheduled).min().ok_or(Stuck::Idle { now })?;
        if next > limit {
            return Err(Stuck::Late { limit, now, next });
        }
        self.standstills = if next > now { 0 } else { self.standstills + 1 };
        if self.standstills > MAX_STANDSTILLS {
            return Err(Stuck::Standstill { now });
        }
        self.now = next.max(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clock, MAX_STANDSTILLS, Stuck};

    const LIMIT: Duration = Duration::from_mins(1);

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn time_moves_to_the_earliest_of_what_waits() {
        let mut clock = Clock::new(LIMIT);
        clock.schedule(seconds(5), "restart");
        clock.advance([None, Some(seconds(3)), Some(seconds(4))]).unwrap();
        assert_eq!((clock.now(), clock.due()), (seconds(3), None));
        clock.advance([Some(seconds(9)), None]).unwrap();
        assert_eq!((clock.now(), clock.due(), clock.due()), (seconds(5), Some("restart"), None));
        clock.advance([Some(seconds(2))]).unwrap();
        assert_eq!(clock.now(), seconds(5), "a time of the past does not turn the clock back");
    }

    #[test]
    fn events_happen_in_the_order_of_their_times_then_of_their_calls() {
        let mut clock = Clock::new(LIMIT);
        clock.advance([Some(seconds(1))]).unwrap();
        for (at, event) in [(7, "c"), (2, "a"), (7, "d"), (3, "b"), (1, "now"), (0, "now, too")] {
            clock.schedule(seconds(at), event);
        }
        assert_eq!((clock.due(), clock.due(), clock.due()), (Some("now"), Some("now, too"), None));
        let mut order = Vec::new();
        while clock.advance([]).is_ok() {
            order.extend(std::iter::from_fn(|| clock.due()));
        }
        assert_eq!(order, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_run_with_nothing_left_to_wait_for_is_stuck() {
        let mut clock = Clock::<()>::new(LIMIT);
        assert_eq!(clock.advance([None, None]), Err(Stuck::Idle { now: Duration::ZERO }));
        assert_eq!(clock.advance([Some(Duration::ZERO)]), Ok(()));
    }

    #[test]
    fn a_run_ends_at_its_limit_but_not_before() {
        let mut clock = Clock::<()>::new(LIMIT);
        assert_eq!(clock.advance([Some(LIMIT)]), Ok(()));
        let next = LIMIT + Duration::from_nanos(1);
        let late = Stuck::Late { limit: LIMIT, now: LIMIT, next };
        assert_eq!(clock.advance([Some(next)]), Err(late.clone()));
        assert_eq!(late.to_string(), "the run takes longer than 60s: it waits from 60s until 60.000000001s");
        assert_eq!(clock.now(), LIMIT);
    }

    #[test]
    fn a_run_in_which_time_stands_still_is_stuck() {
        let mut clock = Clock::<()>::new(LIMIT);
        let mut turn = |at| clock.advance([Some(at)]);
        assert!((0..MAX_STANDSTILLS).all(|_| turn(Duration::ZERO).is_ok()));
        assert_eq!(turn(seconds(1)), Ok(()), "time that passes ends the count");
        assert!((0..MAX_STANDSTILLS).all(|_| turn(seconds(1)).is_ok()));
        assert_eq!(turn(seconds(1)), Err(Stuck::Standstill { now: seconds(1) }));
    }
}

//! The counts of one process of a run, as another takes them over.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::TimedLogin;
use super::attempt::LoginTotals;
use crate::bench::attempt::FailedAttempt;
use crate::bench::tally::{CauseCount, Second, Tally, Times};

/// The counts and times of a process.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct TallyRecord {
    successes: u64,
    failures: u64,
    round_trips: u64,
    times: [Vec<(u64, u64)>; 5],
    causes: BTreeMap<String, CauseCount>,
    timeline: Vec<Second>,
    last_end: Option<Duration>,
    measured: Duration,
    cpu: Option<Duration>,
    interrupted: bool,
}

impl TallyRecord {
    pub(super) fn of(tally: &Tally<TimedLogin>) -> Self {
        let LoginTotals { latency, connect, security, operational, logout, round_trips } = &tally.totals;
        Self {
            successes: tally.successes,
            failures: tally.failures,
            round_trips: *round_trips,
            times: [latency, connect, security, operational, logout].map(Times::counts),
            causes: tally.causes.clone(),
            timeline: tally.timeline.clone(),
            last_end: tally.last_end,
            measured: tally.measured,
            cpu: tally.cpu,
            interrupted: tally.interrupted,
        }
    }

    /// Adds what was counted at the same time in several processes.
    pub(super) fn sum(records: Vec<Self>) -> Tally<TimedLogin> {
        let mut tally = Tally::new();
        tally.cpu = records.iter().map(|record| record.cpu).sum();
        for record in records {
            record.add_to(&mut tally);
        }
        tally
    }

    fn add_to(self, tally: &mut Tally<TimedLogin>) {
        tally.successes += self.successes;
        tally.failures += self.failures;
        let LoginTotals { latency, connect, security, operational, logout, round_trips } = &mut tally.totals;
        *round_trips += self.round_trips;
        for (times, counts) in [latency, connect, security, operational, logout].into_iter().zip(&self.times)
        {
            times.add(counts);
        }
        for (cause, CauseCount { count, exit }) in self.causes {
            tally.count_cause(FailedAttempt { cause, exit }, count);
        }
        let seconds = tally.timeline.len().max(self.timeline.len());
        tally.timeline.resize(seconds, Second::default());
        for (second, other) in tally.timeline.iter_mut().zip(&self.timeline) {
            second.successes += other.successes;
            second.failures += other.failures;
            second.longest = second.longest.max(other.longest);
            second.sum += other.sum;
        }
        tally.last_end = tally.last_end.max(self.last_end);
        tally.measured = tally.measured.max(self.measured);
        tally.interrupted |= self.interrupted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::attempt::Outcome;
    use crate::failure::Exit;

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// Attempts that end each 10 ms from `first` on, of which every fifth fails.
    fn counted(first: u32, number: u32) -> Tally<TimedLogin> {
        let mut tally = Tally::new();
        for attempt in first..first + number {
            let ended = attempt * 10 * MILLISECOND;
            let login = (attempt + 1) * MILLISECOND;
            let success = TimedLogin { login, connect: MILLISECOND, round_trips: 4, ..TimedLogin::default() };
            let failed = FailedAttempt { cause: format!("cause {}", attempt % 2), exit: Exit::Network };
            let result = if attempt % 5 == 0 { Err(failed) } else { Ok(success) };
            tally.add(Outcome { due: ended, began: ended, ended, result }, Duration::ZERO);
        }
        (tally.measured, tally.cpu) = (tally.last_end.unwrap_or_default(), Some(number * MILLISECOND));
        tally
    }

    /// The sum of two processes is what one would have counted; on the way it is text.
    #[test]
    fn processes_count_together_what_one_would() {
        let handed_over = |tally| {
            let text = serde_json::to_string(&TallyRecord::of(&tally)).unwrap();
            serde_json::from_str::<TallyRecord>(&text).unwrap()
        };
        let sum = TallyRecord::sum(vec![handed_over(counted(0, 250)), handed_over(counted(250, 50))]);
        let whole = TallyRecord::of(&counted(0, 300));
        let mut sum = TallyRecord::of(&sum);
        for (second, exact) in sum.timeline.iter_mut().zip(&whole.timeline) {
            assert!((second.sum - exact.sum).abs() < 1e-3);
            second.sum = exact.sum;
        }
        assert_eq!(sum, whole);
        let mut interrupted = counted(0, 1);
        (interrupted.interrupted, interrupted.cpu) = (true, None);
        let sum = TallyRecord::sum(vec![handed_over(counted(0, 9)), handed_over(interrupted)]);
        assert!(sum.interrupted && sum.cpu.is_none());
    }
}

//! Counts and times of attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::attempt::{FailedAttempt, Outcome, Success};
use super::results::{Distribution, Percentile};
use crate::failure::Exit;

/// Causes that are counted separately; all others are counted together.
const MAX_CAUSES: usize = 50;

/// Seconds of the timeline; what comes later is counted in the last.
const MAX_SECONDS: usize = 86_400;

/// The number of failures for a cause, and its exit code.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct CauseCount {
    pub(crate) count: u64,
    pub(crate) exit: Exit,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Second {
    /// Attempts that succeeded in it.
    pub(crate) successes: u64,
    /// Attempts that failed in it.
    pub(crate) failures: u64,
    /// The longest latency of an attempt that succeeded in it, in microseconds.
    pub(crate) longest: f64,
    /// The sum of their latencies, in microseconds.
    pub(crate) sum: f64,
}

/// The counts and times of the measured attempts so far.
pub(crate) struct Tally<S: Success> {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    /// What the successful attempts measured.
    pub(crate) totals: S::Totals,
    pub(crate) causes: BTreeMap<String, CauseCount>,
    pub(crate) timeline: Vec<Second>,
    /// When the last measured attempt ended, counted from the end of the warm-up.
    pub(crate) last_end: Option<Duration>,
    /// The duration of the measurement.
    pub(crate) measured: Duration,
    /// CPU time that this process used while it was measured.
    pub(crate) cpu: Option<Duration>,
    pub(crate) interrupted: bool,
}

impl<S: Success> Tally<S> {
    pub(crate) fn new() -> Self {
        Self {
            successes: 0,
            failures: 0,
            totals: S::Totals::default(),
            causes: BTreeMap::new(),
            timeline: Vec::new(),
            last_end: None,
            measured: Duration::ZERO,
            cpu: None,
            interrupted: false,
        }
    }

    /// Attempts that ended, successful or not.
    pub(crate) const fn attempts(&self) -> u64 {
        self.successes.saturating_add(self.failures)
    }

    /// CPU time in microseconds, divided by attempts: those that fail use the processor too.
    #[allow(clippy::cast_precision_loss, reason = "no count reaches 2^53")]
    pub(crate) fn cpu_us_per_attempt(&self) -> Option<f64> {
        let attempts = self.attempts();
        self.cpu.filter(|_| attempts > 0).map(|cpu| microseconds(cpu) / attempts as f64)
    }

    /// Successful attempts per second.
    #[allow(clippy::cast_precision_loss, reason = "no count reaches 2^53")]
    pub(crate) fn per_second(&self) -> f64 {
        let seconds = self.measured.as_secs_f64();
        if seconds > 0.0 { self.successes as f64 / seconds } else { 0.0 }
    }

    /// Adds an attempt that began after the warm-up.
    pub(crate) fn add(&mut self, outcome: Outcome<S>, warmup: Duration) {
        let ended = outcome.ended.saturating_sub(warmup);
        self.last_end = self.last_end.max(Some(ended));
        match &outcome.result {
            Ok(success) => self.succeed(success, outcome.latency(success), ended),
            Err(_) => self.second(ended).failures += 1,
        }
        if let Err(failed) = outcome.result {
            self.failures += 1;
            self.count_cause(failed, 1);
        }
    }

    fn succeed(&mut self, success: &S, latency: Duration, ended: Duration) {
        let second = self.second(ended);
        second.successes += 1;
        second.longest = second.longest.max(microseconds(latency));
        second.sum += microseconds(latency);
        self.successes += 1;
        success.add_to(&mut self.totals, latency);
    }

    /// Counts attempts that did not end in time as failures.
    pub(crate) fn give_up(&mut self, cause: &str, attempts: u64) {
        if attempts > 0 {
            self.failures += attempts;
            self.count_cause(FailedAttempt { cause: cause.to_owned(), exit: Exit::Network }, attempts);
        }
    }

    /// Counts failures with this cause.
    pub(crate) fn count_cause(&mut self, FailedAttempt { cause, exit }: FailedAttempt, attempts: u64) {
        let known = self.causes.contains_key(&cause) || self.causes.len() < MAX_CAUSES;
        let cause = if known { cause } else { "other causes".to_owned() };
        self.causes.entry(cause).or_insert(CauseCount { count: 0, exit }).count += attempts;
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let index = usize::try_from(at.as_secs()).unwrap_or(usize::MAX).min(MAX_SECONDS - 1);
        if self.timeline.len() <= index {
            self.timeline.resize(index + 1, Second::default());
        }
        #[allow(clippy::indexing_slicing, reason = "made long enough above")]
        &mut self.timeline[index]
    }
}

/// Converts a time to microseconds, with fractions.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Percentiles that are reported if enough events lie beyond them.
const PERCENTS: [f64; 8] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999];

/// Events that have to lie beyond a reported percentile; with fewer it would depend on single events.
const BEYOND: f64 = 10.0;

/// The longest time that is recorded as it is, in nanoseconds: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// Times, to three digits.
pub(crate) struct Times {
    /// In nanoseconds; `None` if the bounds above make no histogram.
    histogram: Option<Histogram<u64>>,
}

impl Default for Times {
    fn default() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, LONGEST, 3).ok() }
    }
}

impl Times {
    /// The number of times recorded.
    pub(crate) fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(LONGEST);
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(nanoseconds);
        }
    }

    /// The times and how often each was recorded, in nanoseconds to three digits.
    pub(crate) fn counts(&self) -> Vec<(u64, u64)> {
        let recorded = self.histogram.iter().flat_map(Histogram::iter_recorded);
        recorded.map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
    }

    /// Adds times that were counted elsewhere.
    pub(crate) fn add(&mut self, counts: &[(u64, u64)]) {
        if let Some(histogram) = &mut self.histogram {
            for (nanoseconds, count) in counts {
                histogram.saturating_record_n(*nanoseconds, *count);
            }
        }
    }

    /// The figures, in microseconds.
    pub(crate) fn distribution(&self) -> Distribution {
        match &self.histogram {
            Some(histogram) if !histogram.is_empty() => distribution(histogram),
            _ => Distribution::default(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "three digits are kept, 53 bits hold fifteen")]
fn distribution(histogram: &Histogram<u64>) -> Distribution {
    let microseconds = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    let count = histogram.len();
    let supported = |percent: &f64| (1.0 - percent / 100.0) * count as f64 >= BEYOND;
    Distribution {
        count,
        min: microseconds(histogram.min()),
        mean: histogram.mean() / 1e3,
        max: microseconds(histogram.max()),
        percentiles: PERCENTS
            .into_iter()
            .filter(supported)
            .map(|percent| Percentile {
                percent,
                at_most: microseconds(histogram.value_at_percentile(percent)),
            })
            .collect(),
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the percentiles asked for come back as they are")]
mod tests {
    use super::*;

    fn times(microseconds: impl Iterator<Item = u64>) -> Distribution {
        let mut times = Times::default();
        microseconds.for_each(|time| times.record(Duration::from_micros(time)));
        times.distribution()
    }

    /// 1 to 100,000 µs, each once: the percentile is the number itself.
    #[test]
    fn percentiles_of_a_known_distribution_come_out_right() {
        let even = times(1..=100_000);
        assert_eq!((even.count, even.percentiles.len()), (100_000, 7));
        for Percentile { percent, at_most } in even.percentiles {
            let exact = percent * 1000.0;
            assert!((at_most / exact - 1.0).abs() < 0.001, "{percent}: {at_most} instead of {exact}");
        }
        assert!((even.mean / 50_000.5 - 1.0).abs() < 0.001);
        assert!((even.min - 1.0).abs() < 0.001 && (even.max / 100_000.0 - 1.0).abs() < 0.001);
    }

    #[test]
    fn one_slow_event_in_a_thousand_is_seen_by_the_maximum_and_not_by_the_median() {
        let outlier = times(std::iter::repeat_n(100, 999).chain([1_000_000]));
        let at = |percent| outlier.percentiles.iter().find(|p| p.percent == percent).map(|p| p.at_most);
        assert!((at(50.0).unwrap() / 100.0 - 1.0).abs() < 0.001);
        assert!((outlier.max / 1e6 - 1.0).abs() < 0.001);
    }

    #[test]
    fn a_percentile_that_the_sample_cannot_support_is_not_reported() {
        let reported = |events| {
            times(std::iter::repeat_n(7, events)).percentiles.iter().map(|p| p.percent).collect::<Vec<_>>()
        };
        assert!(reported(19).is_empty());
        assert_eq!(reported(20), [50.0]);
        assert_eq!(reported(999), [50.0, 75.0, 90.0, 95.0]);
        assert_eq!(reported(1001), [50.0, 75.0, 90.0, 95.0, 99.0]);
    }

    #[test]
    fn times_that_are_handed_over_are_the_same() {
        let (mut own, mut other, mut all) = (Times::default(), Times::default(), Times::default());
        for time in (1..100_000).map(Duration::from_micros) {
            own.record(time / 3);
            other.record(time);
            all.record(time / 3);
            all.record(time);
        }
        own.add(&other.counts());
        let (own, all) = (own.distribution(), all.distribution());
        assert_eq!((own.count, own.percentiles), (all.count, all.percentiles));
        assert!((own.mean / all.mean - 1.0).abs() < 0.001);
    }

    #[test]
    fn nothing_is_a_distribution_too_and_days_are_an_hour() {
        assert_eq!(times(std::iter::empty()), Distribution::default());
        let mut long = Times::default();
        long.record(Duration::from_hours(48));
        assert!((long.distribution().max / 3.6e9 - 1.0).abs() < 0.001);
    }
}

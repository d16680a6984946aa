//! Times of many events, in little memory (a histogram with a high dynamic range).

use std::time::Duration;

use hdrhistogram::Histogram;

use super::results::{Distribution, Percentile};

/// Percentiles that are told if enough events lie beyond them.
const PERCENTS: [f64; 8] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999];

/// Events that have to lie beyond a percentile: with fewer it says more about them than about the rest.
const BEYOND: f64 = 10.0;

/// Nanoseconds of the longest time that is told from a longer one: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// Times, to three digits.
pub(crate) struct Times {
    /// In nanoseconds; `None` if the bounds above make no histogram.
    histogram: Option<Histogram<u64>>,
}

impl Times {
    pub(crate) fn new() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, LONGEST, 3).ok() }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(LONGEST);
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(nanoseconds);
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
        let mut times = Times::new();
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
    fn a_percentile_that_the_sample_cannot_support_is_not_told() {
        let told = |events| {
            times(std::iter::repeat_n(7, events)).percentiles.iter().map(|p| p.percent).collect::<Vec<_>>()
        };
        assert!(told(19).is_empty());
        assert_eq!(told(20), [50.0]);
        assert_eq!(told(999), [50.0, 75.0, 90.0, 95.0]);
        assert_eq!(told(1001), [50.0, 75.0, 90.0, 95.0, 99.0]);
    }

    #[test]
    fn nothing_is_a_distribution_too_and_days_are_an_hour() {
        assert_eq!(times(std::iter::empty()), Distribution::default());
        let mut long = Times::new();
        long.record(Duration::from_hours(48));
        assert!((long.distribution().max / 3.6e9 - 1.0).abs() < 0.001);
    }
}

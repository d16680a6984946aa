//! The moments at which the attempts of an open loop are due.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::random::Random;

/// How attempts of a given rate arrive.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrival {
    /// At equal distances
    #[default]
    Fixed,
    /// At random, independently of each other
    Poisson,
    /// Those of a second together
    Burst,
}

impl Arrival {
    /// Words behind a rate.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Fixed => "",
            Self::Poisson => " at random",
            Self::Burst => " in bursts",
        }
    }
}

/// The moments at which attempts are due, counted from the beginning of the run, in order.
pub(crate) struct Arrivals {
    rate: f64,
    arrival: Arrival,
    random: Random,
    number: u64,
    next: Duration,
}

impl Arrivals {
    /// Arrivals at a rate per second; those at random are drawn from the seed. At a rate below one, bursts are of one.
    pub(crate) const fn new(rate: f64, arrival: Arrival, seed: u64) -> Self {
        Self { rate, arrival, random: Random(seed), number: 0, next: Duration::ZERO }
    }

    /// When the next attempt is due.
    pub(crate) const fn next(&self) -> Duration {
        self.next
    }

    /// Goes on to the attempt after that.
    pub(crate) fn advance(&mut self) {
        self.number += 1;
        self.next = match self.arrival {
            Arrival::Fixed => seconds(float(self.number) / self.rate),
            Arrival::Poisson => self.next.saturating_add(seconds(-self.random.fraction().ln() / self.rate)),
            Arrival::Burst => {
                let size = self.burst();
                seconds(float(self.number / size) * float(size) / self.rate)
            }
        };
    }

    /// The number of attempts due before a moment, the next one included; of random arrivals the number to be expected.
    pub(crate) fn left_before(&self, end: Duration) -> u64 {
        if self.next >= end {
            return 0;
        }
        let (end, size) = (end.as_secs_f64(), self.burst());
        match self.arrival {
            Arrival::Fixed => whole((self.rate * end).ceil()) - self.number,
            Arrival::Poisson => 1 + whole((end - self.next.as_secs_f64()) * self.rate),
            Arrival::Burst => whole((self.rate * end / float(size)).ceil()) * size - self.number,
        }
    }

    /// The attempts of a burst.
    const fn burst(&self) -> u64 {
        let rounded = whole(self.rate.round());
        if rounded == 0 { 1 } else { rounded }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 attempts")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what does not fit is at a limit")]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The first moments, in milliseconds.
    fn first(count: usize, rate: f64, arrival: Arrival) -> Vec<u128> {
        let mut arrivals = Arrivals::new(rate, arrival, 0);
        let mut next = || (arrivals.next().as_millis(), arrivals.advance()).0;
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn fixed_arrivals_keep_their_distance() {
        assert_eq!(first(4, 200.0, Arrival::Fixed), [0, 5, 10, 15]);
        assert_eq!(first(3, 0.5, Arrival::Fixed), [0, 2000, 4000]);
    }

    #[test]
    fn bursts_come_each_second() {
        assert_eq!(first(7, 3.0, Arrival::Burst), [0, 0, 0, 1000, 1000, 1000, 2000]);
        assert_eq!(first(3, 0.25, Arrival::Burst), [0, 4000, 8000]);
        // 2.4 in a second are two in 0.83 seconds.
        assert_eq!(first(4, 2.4, Arrival::Burst), [0, 0, 833, 833]);
    }

    /// The distances of a Poisson process have the mean and the deviation of its rate, and a seed gives them again.
    #[test]
    fn random_arrivals_have_their_rate_and_no_rhythm() {
        let drawn = |seed| {
            let mut arrivals = Arrivals::new(100.0, Arrival::Poisson, seed);
            let mut distance = || {
                let before = arrivals.next();
                arrivals.advance();
                arrivals.next().saturating_sub(before).as_secs_f64()
            };
            (0..20_000).map(|_| distance()).collect::<Vec<f64>>()
        };
        let distances = drawn(7);
        let mean = distances.iter().sum::<f64>() / 20_000.0;
        let deviation = distances.iter().map(|distance| (distance - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(
            (mean - 0.01).abs() < 0.0005 && (deviation.sqrt() - 0.01).abs() < 0.0005,
            "{mean} {deviation}"
        );
        assert!(drawn(7) == distances && drawn(8) != distances);
    }

    #[test]
    fn the_rest_before_a_moment_is_known() {
        for (arrival, end, left) in [
            (Arrival::Fixed, SECOND, 3),
            (Arrival::Fixed, SECOND + Duration::from_millis(1), 4),
            (Arrival::Burst, SECOND, 3),
            (Arrival::Burst, SECOND + Duration::from_millis(1), 7),
        ] {
            let mut arrivals = Arrivals::new(4.0, arrival, 0);
            arrivals.advance();
            assert_eq!(arrivals.left_before(end), left, "{arrival:?} {end:?}");
            while arrivals.next() < end {
                arrivals.advance();
            }
            assert_eq!((arrivals.number, arrivals.left_before(end)), (left + 1, 0));
        }
        let mut random = Arrivals::new(4.0, Arrival::Poisson, 7);
        assert_eq!(random.left_before(10 * SECOND), 41);
        while random.next() < 5 * SECOND {
            random.advance();
        }
        assert!((1..=21).contains(&random.left_before(10 * SECOND)));
    }
}

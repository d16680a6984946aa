//! Axes: which values are named, and where percentiles stand.

use std::ops::Range;

use crate::bench::figures::round_number;
use crate::bench::results::Distribution;

/// Labels on an axis of time, at most.
const MOST_SECONDS: f64 = 5.0;

/// Labels on a vertical logarithmic axis, at most.
const MOST_MULTIPLES: usize = 8;

/// Seconds between two names.
const STEPS_OF_TIME: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 10_800.0,
    14_400.0, 21_600.0, 43_200.0,
];

/// A value below which nothing was measured.
const LEAST: f64 = 0.001;

/// From one name to the next on an axis of so many seconds.
pub(super) fn step_of_time(end: f64) -> f64 {
    if end < 2.0 {
        return round_up(end.max(LEAST) / MOST_SECONDS);
    }
    STEPS_OF_TIME.into_iter().find(|step| end / step <= MOST_SECONDS).unwrap_or(86_400.0)
}

/// The name of a second on such an axis.
pub(super) fn name_of_time(second: f64, end: f64) -> String {
    match step_of_time(end) {
        step if step >= 3600.0 => format!("{} h", second / 3600.0),
        step if step >= 60.0 => format!("{} min", second / 60.0),
        _ => format!("{} s", round_number(second)),
    }
}

/// For an axis on which each step is a multiple: its ends, round numbers around these values, and those between.
pub(super) fn multiples(least: f64, most: f64) -> (Range<f64>, Vec<f64>) {
    let from = round_down(least.max(LEAST));
    let to = round_up(most.max(from * 1.001));
    let round = std::iter::successors(Some(from), |value| Some(round_up(value * 1.001)));
    let round: Vec<f64> = round.take_while(|value| *value <= to * 1.001).collect();
    (from..to, thin_out(&round))
}

/// All of 1, 2, 5, 10, …; if these are too many only 1, 10, …; or every other one of them, and so on.
fn thin_out(round: &[f64]) -> Vec<f64> {
    if round.len() <= MOST_MULTIPLES {
        return round.to_vec();
    }
    let is_power = |value: &&f64| (value.log10() - value.log10().round()).abs() < 1e-6;
    let powers: Vec<f64> = round.iter().filter(is_power).copied().collect();
    let each = powers.len().div_ceil(MOST_MULTIPLES).max(1);
    powers.into_iter().step_by(each).collect()
}

/// The least of 1, 2, 5, 10, … that is not below this value.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [5.0, 2.0].map(|step| step * power);
    steps.into_iter().find(|step| *step <= value * (1.0 + 1e-9)).unwrap_or(power)
}

/// Names nearer to each other than this part of the axis would overlap.
const APART: f64 = 0.1;

/// The rarities at which a name stands, up to that of the longest.
pub(super) fn named_rarities(distribution: &Distribution) -> Vec<f64> {
    let end = rarest(distribution);
    let apart = end.powf(APART);
    let mut named: Vec<f64> = Vec::new();
    for percentile in distribution.percentiles.iter().filter(|percentile| is_named(percentile.percent)) {
        let rarity = rarity(percentile.percent);
        let last = named.last().map_or(0.0, |last| *last);
        if rarity >= last * apart && rarity * apart <= end {
            named.push(rarity);
        }
    }
    named.push(end);
    named
}

/// The name of such a place: 50, 90, 99.9, …
pub(super) fn percentile_name(rarity: f64, end: f64) -> String {
    if rarity >= end {
        return "max".to_owned();
    }
    let percent = 100.0 - 100.0 / rarity;
    ((percent * 1e6).round() / 1e6).to_string()
}

/// The points of a distribution: how rare, and how long.
pub(super) fn points(distribution: &Distribution) -> impl Iterator<Item = (f64, f64)> + Clone {
    let between =
        distribution.percentiles.iter().map(|percentile| (rarity(percentile.percent), percentile.at_most));
    let (shortest, longest) = ((1.0, distribution.min), (rarest(distribution), distribution.max));
    std::iter::once(shortest).chain(between).chain([longest])
}

fn rarity(percent: f64) -> f64 {
    100.0 / (100.0 - percent)
}

/// Of how many events the longest is the only one.
#[allow(clippy::cast_precision_loss, reason = "a place on an axis")]
pub(super) fn rarest(distribution: &Distribution) -> f64 {
    distribution.count.max(2) as f64
}

/// 75 and 95 stand between others that say enough.
fn is_named(percent: f64) -> bool {
    [50.0, 90.0].contains(&percent) || percent >= 99.0
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "round numbers are made of small whole ones")]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_named_as_people_count_them() {
        let cases = [
            (0.25, "0.05 s"),
            (1.0, "0.2 s"),
            (10.3, "5 s"),
            (95.0, "20 s"),
            (300.0, "1 min"),
            (86_400.0, "6 h"),
            (1e9, "24 h"),
        ];
        for (end, first) in cases {
            assert_eq!(name_of_time(step_of_time(end), end), first, "{end}");
        }
        assert!(step_of_time(0.0) > 0.0);
    }

    #[test]
    fn multiples_reach_from_nanoseconds_to_an_hour() {
        assert_eq!(multiples(320.0, 4100.0), (200.0..5000.0, vec![200.0, 500.0, 1000.0, 2000.0, 5000.0]));
        let (range, named) = multiples(0.001, 3.6e9);
        assert!((3..=7).contains(&named.len()) && range == (0.001..5e9), "{range:?} {named:?}");
        assert_eq!(multiples(100.0, 100.0), (100.0..200.0, vec![100.0, 200.0]));
        assert_eq!(multiples(0.0, 0.0).0, 0.001..0.002);
    }
}

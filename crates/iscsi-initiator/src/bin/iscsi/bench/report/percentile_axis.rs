//! Percentiles side by side: as far from 90 to 99 as from 99 to 99.9, for the rare is what matters.

use super::axis::{Axis, Tick};
use crate::bench::results::Distribution;

/// Names nearer to each other than this would overlap on the width of a phone.
const APART: f64 = 0.1;

/// From 0 to the longest of so many events.
pub(super) fn percentile_axis(distribution: &Distribution) -> Axis {
    let to = nines_of_longest(distribution.count);
    let mut ticks: Vec<Tick> = Vec::new();
    for percentile in &distribution.percentiles {
        let at = nines(percentile.percent) / to;
        let last = ticks.last().map_or(-APART, |tick| tick.at);
        if is_named(percentile.percent) && at - last >= APART && at <= 1.0 - APART {
            ticks.push(Tick { at, label: percentile.percent.to_string() });
        }
    }
    ticks.push(Tick { at: 1.0, label: "max".to_owned() });
    Axis::with_ticks(to, ticks)
}

/// The points of a distribution: how far to the right, and how long.
pub(super) fn points(distribution: &Distribution) -> impl Iterator<Item = (f64, f64)> {
    let between =
        distribution.percentiles.iter().map(|percentile| (nines(percentile.percent), percentile.at_most));
    let ends = [(0.0, distribution.min), (nines_of_longest(distribution.count), distribution.max)];
    let [shortest, longest] = ends;
    std::iter::once(shortest).chain(between).chain([longest])
}

/// How many nines: 90 has one, 99.9 three.
fn nines(percent: f64) -> f64 {
    -(1.0 - percent / 100.0).log10()
}

#[allow(clippy::cast_precision_loss, reason = "a place on an axis")]
fn nines_of_longest(count: u64) -> f64 {
    (count.max(2) as f64).log10()
}

/// 75 and 95 stand between others that say enough.
fn is_named(percent: f64) -> bool {
    [50.0, 90.0].contains(&percent) || percent >= 99.0
}

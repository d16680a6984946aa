//! Percentiles side by side: as far from 90 to 99 as from 99 to 99.9, for the rare is what matters.
//!
//! The place of a percentile is its rarity: of how many events one lies beyond it. 90 has 10, 99.9 has 1000.

use crate::bench::results::Distribution;

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

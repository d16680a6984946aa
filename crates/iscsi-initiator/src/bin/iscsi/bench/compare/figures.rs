//! Figures of two runs, and which run is better in each.

use serde::Serialize;

use super::differences::{Comparability, Run, failed_percent, is_open, rates_are_apart};
use crate::bench::results::Distribution;
use Better::{Higher, Lower, Unknown};

/// A smaller difference makes no run better: two equal runs can differ as much.
const MARGIN: f64 = 0.05;

/// One figure of both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Figure {
    /// Its name.
    #[serde(rename = "figure")]
    pub(crate) key: String,
    /// Its name in tables.
    #[serde(skip)]
    pub(crate) name: String,
    /// Its unit.
    pub(crate) unit: Unit,
    /// Its value in A.
    pub(crate) a: Option<f64>,
    /// Its value in B.
    pub(crate) b: Option<f64>,
    /// B divided by A.
    pub(crate) ratio: Option<f64>,
    /// The better run; null unless the runs are comparable and long enough, and the difference is not small.
    pub(crate) better: Option<Side>,
    /// What the better run does, in tables.
    #[serde(skip)]
    pub(crate) word: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    PerSecond,
    Percent,
    BytesPerSecond,
    Microseconds,
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    A,
    B,
}

/// The values that are better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
    /// Cannot be said.
    Unknown,
}

/// The values of A and B.
pub(super) type Values = (Option<f64>, Option<f64>);

impl Figure {
    pub(super) fn new(key: impl Into<String>, name: impl Into<String>, unit: Unit, (a, b): Values) -> Self {
        let ratio = a.zip(b).map(|(a, b)| b / a).filter(|ratio| ratio.is_finite());
        Self { key: key.into(), name: name.into(), unit, a, b, ratio, better: None, word: "" }
    }

    /// Names the better run, and what it does.
    pub(super) fn with_better(self, better_if: Better, word: &'static str) -> Self {
        let better = self.a.zip(self.b).and_then(|(a, b)| better(a, b, better_if));
        Self { better, word, ..self }
    }

    /// Whether neither run has this figure.
    pub(super) const fn is_empty(&self) -> bool {
        self.a.is_none() && self.b.is_none()
    }
}

fn better(a: f64, b: f64, better_if: Better) -> Option<Side> {
    let is_small = (a - b).abs() <= MARGIN * a.abs().min(b.abs());
    match better_if {
        Unknown => None,
        _ if is_small => None,
        Higher => Some(if b > a { Side::B } else { Side::A }),
        Lower => Some(if b < a { Side::B } else { Side::A }),
    }
}

/// Events that must lie beyond a percentile to call a run better for it: with ten, enough to report it, it varies too much.
const BEYOND: f64 = 100.0;

/// Compares rates: `figure` has their name and values. In an open loop the plan decides, not the target.
pub(super) fn rate<R: Run>(a: &R, b: &R, figure: Figure, comparability: Comparability) -> Figure {
    let is_chance = is_open(a) || is_open(b) || !rates_are_apart(a, b);
    figure.with_better(if is_chance { Unknown } else { comparability.if_alike(Higher) }, "does more")
}

pub(super) fn failures<R: Run>(a: &R, b: &R, comparability: Comparability) -> Figure {
    let failed = (failed_percent(a), failed_percent(b));
    let figure = Figure::new("failed_percent", "failures", Unit::Percent, failed);
    figure.with_better(comparability.if_failures_differ(Lower), "fails less")
}

/// Compares the percentiles that both samples support.
pub(super) fn percentiles(what: &str, a: &Distribution, b: &Distribution, better_if: Better) -> Vec<Figure> {
    let both = a
        .percentiles
        .iter()
        .filter_map(|percentile| Some((percentile.percent, percentile.at_most, b.at(percentile.percent)?)));
    let enough = |percent: f64| beyond(a, percent).min(beyond(b, percent)) >= BEYOND;
    let better_if = |percent| if enough(percent) { better_if } else { Unknown };
    both.map(|(percent, a, b)| time(what, percent, (Some(a), Some(b)), better_if(percent))).collect()
}

pub(super) fn median(phase: &str, a: &Distribution, b: &Distribution, better_if: Better) -> Figure {
    // Without authentication there is no security negotiation, which is not one that took no time.
    let of = |times: &Distribution| times.at(50.0).filter(|_| times.max > 0.0);
    time(phase, 50.0, (of(a), of(b)), better_if)
}

fn time(what: &str, percent: f64, values: Values, better_if: Better) -> Figure {
    let key = what.replace(' ', "_");
    let (figure, name) = (format!("{key}_p{percent}_us"), format!("{what} p{percent}"));
    Figure::new(figure, name, Unit::Microseconds, values).with_better(better_if, "is faster")
}

/// Events that took longer.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn beyond(times: &Distribution, percent: f64) -> f64 {
    (1.0 - percent / 100.0) * times.count as f64 * (1.0 + 1e-9)
}

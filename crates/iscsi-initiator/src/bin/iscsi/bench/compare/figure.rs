//! One figure of two runs, and which of them is better.

use serde::Serialize;

/// A smaller difference is left without a word: two runs of the same differ as much.
const MARGIN: f64 = 0.05;

/// One figure of both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// Its name, for programs.
    #[serde(rename = "figure")]
    pub(crate) key: String,
    /// Its name, for people.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) a: Option<f64>,
    pub(crate) b: Option<f64>,
    /// B by A.
    pub(crate) ratio: Option<f64>,
    /// Which is better, if that can be said: the same was measured, long enough, and the difference is not small.
    pub(crate) better: Option<Side>,
    /// What the better one does.
    #[serde(skip)]
    pub(crate) word: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    PerSecond,
    Percent,
    Microseconds,
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    A,
    B,
}

/// Which direction is the better one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
    /// Neither, or runs that are not to be judged.
    Neither,
}

/// What A and B have.
pub(super) type Values = (Option<f64>, Option<f64>);

impl Figure {
    pub(super) fn new(key: impl Into<String>, name: impl Into<String>, unit: Unit, (a, b): Values) -> Self {
        let ratio = a.zip(b).map(|(a, b)| b / a).filter(|ratio| ratio.is_finite());
        Self { key: key.into(), name: name.into(), unit, a, b, ratio, better: None, word: "" }
    }

    /// The same, with the better side of it and what that does.
    pub(super) fn judged(self, direction: Direction, word: &'static str) -> Self {
        let better = self.a.zip(self.b).and_then(|(a, b)| better(a, b, direction));
        Self { better, word, ..self }
    }

    /// Has neither run this figure?
    pub(super) const fn is_empty(&self) -> bool {
        self.a.is_none() && self.b.is_none()
    }
}

fn better(a: f64, b: f64, direction: Direction) -> Option<Side> {
    let is_small = (a - b).abs() <= MARGIN * a.abs().min(b.abs());
    match direction {
        Direction::Neither => None,
        _ if is_small => None,
        Direction::Up => Some(if b > a { Side::B } else { Side::A }),
        Direction::Down => Some(if b < a { Side::B } else { Side::A }),
    }
}

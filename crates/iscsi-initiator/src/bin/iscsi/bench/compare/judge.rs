//! Whether it can be said which of two runs is better.

use super::difference::Difference;
use super::figure::Direction::{self, Neither};
use crate::bench::results::{Results, Second};

/// Seconds and logins of the shortest run that says anything about the next one.
const SECONDS: f64 = 5.0;
const LOGINS: u64 = 1000;

/// If the shares of failures differ by more percent of the attempts, those that succeeded are not alike.
const FAILED_PERCENT: f64 = 1.0;

/// What is known before any figure is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judge {
    /// Was the same done on the same kind of machine?
    pub(super) comparable: bool,
    /// By both?
    pub(super) long_enough: bool,
    /// Did about as many attempts succeed?
    pub(super) same_success: bool,
}

impl Judge {
    pub(super) fn new(a: &Results, b: &Results, differences: &[Difference]) -> Self {
        let failed = failed_percent(a).zip(failed_percent(b));
        Self {
            comparable: differences.iter().all(|difference| difference.comparable),
            long_enough: [a, b]
                .iter()
                .all(|run| run.measured_s >= SECONDS && run.logins + run.failures >= LOGINS),
            same_success: failed.is_some_and(|(a, b)| (a - b).abs() <= FAILED_PERCENT),
        }
    }

    /// The direction, if what succeeded is alike in both. Who fails fast is not faster.
    pub(super) const fn if_alike(self, direction: Direction) -> Direction {
        if self.comparable && self.long_enough && self.same_success { direction } else { Neither }
    }

    /// The direction, if it is not.
    pub(super) const fn if_failures_differ(self, direction: Direction) -> Direction {
        if self.comparable && self.long_enough && !self.same_success { direction } else { Neither }
    }
}

/// Are most seconds of the one run better than most seconds of the other? Otherwise the rates differ by chance.
pub(super) fn rates_are_apart(a: &Results, b: &Results) -> bool {
    let (a, b) = (middle_half(&a.timeline), middle_half(&b.timeline));
    a.zip(b).is_some_and(|(a, b)| a.1 < b.0 || b.1 < a.0)
}

/// The quartiles of the logins in a second. The last second is not whole.
fn middle_half(timeline: &[Second]) -> Option<(u64, u64)> {
    let (_, whole) = timeline.split_last()?;
    let mut logins: Vec<u64> = whole.iter().map(|second| second.logins).collect();
    logins.sort_unstable();
    let quarter = logins.len() / 4;
    Some((*logins.get(quarter)?, *logins.get(logins.len() - 1 - quarter)?))
}

/// `None` if there was no attempt.
#[allow(clippy::cast_precision_loss, reason = "a share for people")]
pub(super) fn failed_percent(results: &Results) -> Option<f64> {
    let attempts = results.logins.saturating_add(results.failures);
    (attempts > 0).then(|| results.failures as f64 * 100.0 / attempts as f64)
}

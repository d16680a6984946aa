//! Differences between two runs, and whether their figures can be compared.

use serde::Serialize;

use super::figures::Better;
use crate::bench::results::{Results, Second};

/// A difference between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Difference {
    /// What differs.
    pub(crate) what: &'static str,
    /// Its value in A.
    pub(crate) a: String,
    /// Its value in B.
    pub(crate) b: String,
    /// Whether figures can be compared nevertheless.
    pub(crate) comparable: bool,
}

/// An aspect of a run: its name, how it is read, and whether runs that differ in it can be compared nevertheless.
type Aspect = (&'static str, fn(&Results) -> Option<String>, bool);

/// Aspects that prevent a comparison come first.
const ASPECTS: [Aspect; 15] = [
    ("authentication", |results| Some(results.plan.authentication.clone()), false),
    ("CHAP algorithm", |results| results.plan.algorithm.clone(), false),
    ("loop", |results| Some(if is_open(results) { "open" } else { "closed" }.to_owned()), false),
    ("rate", |results| results.plan.rate_per_s.map(|rate| format!("{rate} logins per second")), false),
    ("concurrency", |results| Some(results.plan.concurrency.to_string()), false),
    ("number of held sessions", |results| Some(results.held_sessions.to_string()), false),
    ("operating system", |results| Some(results.machine.os.clone()), false),
    ("architecture", |results| Some(results.machine.architecture.clone()), false),
    ("number of processors", |results| Some(results.machine.processors.to_string()), false),
    ("targets", |results| Some(results.plan.targets.join(" ")), true),
    ("program", |results| Some(results.program.clone()), true),
    ("number of logins planned", |results| results.plan.count.map(|count| count.to_string()), true),
    ("duration planned", |results| results.plan.duration_s.map(seconds), true),
    ("warm-up", |results| Some(seconds(results.plan.warmup_s)), true),
    ("end", |results| Some(if results.interrupted { "interrupted" } else { "as planned" }.to_owned()), true),
];

pub(super) fn differences(a: &Results, b: &Results) -> Vec<Difference> {
    // Rate and concurrency follow from it.
    let other_loop = is_open(a) != is_open(b);
    let difference = |(what, read, comparable): Aspect| {
        let (a, b) = (read(a), read(b));
        let shown = a != b && !(other_loop && ["rate", "concurrency"].contains(&what));
        shown.then(|| Difference { what, a: a.unwrap_or_else(none), b: b.unwrap_or_else(none), comparable })
    };
    ASPECTS.into_iter().filter_map(difference).collect()
}

const fn is_open(results: &Results) -> bool {
    results.plan.rate_per_s.is_some()
}

fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}

fn none() -> String {
    "none".to_owned()
}

/// Seconds and logins of the shortest run whose figures can be expected of the next one.
const SECONDS: f64 = 5.0;
const LOGINS: u64 = 1000;

/// If the shares of failures differ by more percent of the attempts, the successes cannot be compared.
const FAILED_PERCENT: f64 = 1.0;

/// Conditions for calling a run better in any figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comparability {
    /// Whether both did the same on the same kind of machine.
    pub(super) comparable: bool,
    /// Whether both runs were long enough.
    pub(super) long_enough: bool,
    /// Whether about as many attempts succeeded in both.
    pub(super) same_success: bool,
}

impl Comparability {
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

    /// Returns which values are better, if the successes of both runs are comparable. A run that fails fast is not faster.
    pub(super) const fn if_alike(self, better_if: Better) -> Better {
        if self.comparable && self.long_enough && self.same_success { better_if } else { Better::Unknown }
    }

    /// Returns which values are better, if the shares of failures differ too much for that.
    pub(super) const fn if_failures_differ(self, better_if: Better) -> Better {
        if self.comparable && self.long_enough && !self.same_success { better_if } else { Better::Unknown }
    }
}

/// Whether most seconds of one run are better than most seconds of the other. Otherwise the rates may differ by chance.
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

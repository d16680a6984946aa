//! Differences between two runs, and whether their figures can be compared.

use serde::Serialize;

use super::figures::{Better, Figure};

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
pub(super) type Aspect<R> = (&'static str, fn(&R) -> Option<String>, bool);

/// Results of one benchmark, as a comparison sees them.
pub(super) trait Run: Sized + 'static {
    /// What is counted, in the plural.
    const OPERATIONS: &'static str;
    /// The aspects in which runs may differ; those that prevent a comparison come first.
    const ASPECTS: &'static [Aspect<Self>];
    /// Aspects that follow from the kind of the loop: they are no differences of their own where it differs.
    const OF_THE_LOOP: &'static [&'static str];

    /// The part that the results of all benchmarks have.
    fn common(&self) -> Common<'_>;

    /// Returns the figures that at least one of the runs has.
    fn figures(a: &Self, b: &Self, comparability: Comparability) -> Vec<Figure>;
}

/// The part that the results of all benchmarks have.
pub(super) struct Common<'a> {
    pub(super) program: &'a str,
    pub(super) began_unix_s: u64,
    pub(super) targets: Vec<&'a str>,
    pub(super) measured_s: f64,
    pub(super) successes: u64,
    pub(super) failures: u64,
    /// The rate of an open loop.
    pub(super) rate_per_s: Option<f64>,
    /// Successes of each second.
    pub(super) per_second: Vec<u64>,
}

pub(super) fn differences<R: Run>(a: &R, b: &R) -> Vec<Difference> {
    let other_loop = is_open(a) != is_open(b);
    let difference = |&(what, read, comparable): &Aspect<R>| {
        let (a, b) = (read(a), read(b));
        let shown = a != b && !(other_loop && R::OF_THE_LOOP.contains(&what));
        shown.then(|| Difference { what, a: a.unwrap_or_else(none), b: b.unwrap_or_else(none), comparable })
    };
    R::ASPECTS.iter().filter_map(difference).collect()
}

pub(super) fn is_open(run: &impl Run) -> bool {
    run.common().rate_per_s.is_some()
}

/// The name of the kind of loop.
pub(super) fn loop_name(run: &impl Run) -> String {
    if is_open(run) { "open" } else { "closed" }.to_owned()
}

/// How a run ended.
pub(super) fn end_name(interrupted: bool) -> String {
    if interrupted { "interrupted" } else { "as planned" }.to_owned()
}

pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}

fn none() -> String {
    "none".to_owned()
}

/// Seconds and attempts of the shortest run whose figures can be expected of the next one.
const SECONDS: f64 = 5.0;
const ATTEMPTS: u64 = 1000;

/// If the shares of failures differ by more percent of the attempts, the successes cannot be compared.
const FAILED_PERCENT: f64 = 1.0;

impl Common<'_> {
    fn is_long_enough(&self) -> bool {
        self.measured_s >= SECONDS && self.successes.saturating_add(self.failures) >= ATTEMPTS
    }
}

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
    pub(super) fn new(a: &impl Run, b: &impl Run, differences: &[Difference]) -> Self {
        let failed = failed_percent(a).zip(failed_percent(b));
        Self {
            comparable: differences.iter().all(|difference| difference.comparable),
            long_enough: [a.common(), b.common()].iter().all(Common::is_long_enough),
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
pub(super) fn rates_are_apart(a: &impl Run, b: &impl Run) -> bool {
    let (a, b) = (middle_half(&a.common().per_second), middle_half(&b.common().per_second));
    a.zip(b).is_some_and(|(a, b)| a.1 < b.0 || b.1 < a.0)
}

/// The quartiles of the successes in a second. The last second is not whole.
fn middle_half(per_second: &[u64]) -> Option<(u64, u64)> {
    let (_, whole) = per_second.split_last()?;
    let mut sorted = whole.to_vec();
    sorted.sort_unstable();
    let quarter = sorted.len() / 4;
    Some((*sorted.get(quarter)?, *sorted.get(sorted.len() - 1 - quarter)?))
}

/// `None` if there was no attempt.
#[allow(clippy::cast_precision_loss, reason = "a share for people")]
pub(super) fn failed_percent(run: &impl Run) -> Option<f64> {
    let Common { successes, failures, .. } = run.common();
    let attempts = successes.saturating_add(failures);
    (attempts > 0).then(|| failures as f64 * 100.0 / attempts as f64)
}

//! Goals for the ratios, and the measured values beside them.

use std::fmt;

use crate::case::{Authentication, Case, Placement, TargetKind};
use crate::contender::Contender;
use crate::measurement::{Figure, Measured};
use crate::sample::Sample;

/// A bound on the median of a ratio.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }

    /// The distance of a value from the bound; the worst case has the least.
    fn margin(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(bound) => value - bound,
            Self::AtMost(bound) => bound - value,
        }
    }
}

/// A ratio of ours to theirs that has to keep a bound in all cases that it is about.
pub(crate) struct Goal<C> {
    pub(crate) text: &'static str,
    pub(crate) is_about: fn(C) -> bool,
    pub(crate) theirs: Contender,
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// Operations per second.
pub(crate) const RATE: Figure = |sample: &Sample| sample.per_second;
/// Processor time of the client per operation.
pub(crate) const CLIENT: Figure = |sample: &Sample| sample.client_us;

/// The goals of logins.
const GOALS: [Goal<Case>; 5] = [
    Goal {
        text: "tgtd, mutual CHAP, one at a time, pinned: client time at most 0.85 of libiscsi's",
        is_about: |case| is_one_mutual(case) && case.placement == Placement::Pinned,
        theirs: Contender::Libiscsi,
        figure: CLIENT,
        bound: Bound::AtMost(0.85),
    },
    Goal {
        text: "tgtd, mutual CHAP, one at a time, pinned: logins per second at least 1.1 of libiscsi's",
        is_about: |case| is_one_mutual(case) && case.placement == Placement::Pinned,
        theirs: Contender::Libiscsi,
        figure: RATE,
        bound: Bound::AtLeast(1.1),
    },
    Goal {
        text: "tgtd, mutual CHAP, one at a time, unpinned: logins per second at least 1.1 of libiscsi's",
        is_about: |case| is_one_mutual(case) && case.placement == Placement::Unpinned,
        theirs: Contender::Libiscsi,
        figure: RATE,
        bound: Bound::AtLeast(1.1),
    },
    Goal {
        text: "tgtd, 32 at a time, unpinned: logins per second at least 1.15 of libiscsi's",
        is_about: |case| is_unpinned(case, TargetKind::Tgtd) && case.concurrency == 32,
        theirs: Contender::Libiscsi,
        figure: RATE,
        bound: Bound::AtLeast(1.15),
    },
    Goal {
        text: "embedded target, unpinned: logins per second at least 0.8 of the bare exchange's",
        is_about: |case| is_unpinned(case, TargetKind::Embedded),
        theirs: Contender::Bare,
        figure: RATE,
        bound: Bound::AtLeast(0.8),
    },
];

fn is_one_mutual(case: Case) -> bool {
    case.target == TargetKind::Tgtd && case.authentication == Authentication::Mutual && case.concurrency == 1
}

fn is_unpinned(case: Case, target: TargetKind) -> bool {
    case.placement == Placement::Unpinned && case.target == target
}

/// A line for each goal of logins.
pub(crate) fn verdicts(measured: &[Measured<Case>]) -> Vec<String> {
    GOALS.iter().map(|goal| goal.verdict(measured)).collect()
}

impl<C: Copy + fmt::Display> Goal<C> {
    /// A line that says whether the goal is reached, with the worst case.
    pub(crate) fn verdict(&self, measured: &[Measured<C>]) -> String {
        let ratios: Vec<(f64, &C)> = self.ratios(measured).collect();
        let worst = ratios.iter().min_by(|a, b| self.bound.margin(a.0).total_cmp(&self.bound.margin(b.0)));
        let Some((ratio, case)) = worst else { return format!("not measured: {}", self.text) };
        let kept = ratios.iter().filter(|(ratio, _)| self.bound.holds(*ratio)).count();
        let verdict = if kept == ratios.len() { "reached" } else { "missed" };
        format!("{verdict}: {} ({kept} of {} cases; worst {ratio:.2}: {case})", self.text, ratios.len())
    }

    fn ratios<'a>(&self, measured: &'a [Measured<C>]) -> impl Iterator<Item = (f64, &'a C)> {
        let about = measured.iter().filter(|measured| (self.is_about)(measured.case));
        about.filter_map(|measured| Some((measured.ratio(self.theirs, self.figure)?.median, &measured.case)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;

    fn measured(concurrency: u32, ours: f64, bare: f64) -> Measured<Case> {
        let (placement, target) = (Placement::Unpinned, TargetKind::Embedded);
        let sample = |contender, per_second| (contender, Sample { per_second, ..Sample::default() });
        let samples = [sample(Contender::Ours, ours), sample(Contender::Bare, bare)];
        Measured {
            case: Case { placement, target, authentication: Authentication::None, concurrency },
            exchanges: Exchanges::default(),
            rounds: vec![Round(samples.into())],
        }
    }

    fn verdict(measured: &[Measured<Case>]) -> String {
        verdicts(measured).pop().unwrap()
    }

    #[test]
    fn a_goal_is_reached_when_every_case_keeps_it() {
        let verdict = verdict(&[measured(1, 90.0, 100.0), measured(8, 80.0, 100.0)]);
        assert!(
            verdict.starts_with("reached") && verdict.contains("2 of 2 cases; worst 0.80: "),
            "{verdict}"
        );
    }

    #[test]
    fn one_case_is_enough_to_miss_it() {
        let verdict = verdict(&[measured(1, 90.0, 100.0), measured(8, 79.0, 100.0)]);
        assert!(verdict.starts_with("missed"), "{verdict}");
        assert!(
            verdict.contains(
                "1 of 2 cases; worst 0.79: the embedded target, unpinned, no authentication, 8 at a time"
            ),
            "{verdict}"
        );
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        assert!(verdict(&[]).starts_with("not measured"));
    }
}

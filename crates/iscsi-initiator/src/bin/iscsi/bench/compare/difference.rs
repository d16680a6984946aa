//! What was not the same about two runs.

use serde::Serialize;

use crate::bench::results::Results;

/// Something that was not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) what: &'static str,
    pub(crate) a: String,
    pub(crate) b: String,
    /// Can figures be compared all the same?
    pub(crate) comparable: bool,
}

/// What is looked at: its name, how it is read, and whether runs that differ in it can be compared all the same.
type Aspect = (&'static str, fn(&Results) -> Option<String>, bool);

/// Those that keep figures from being compared come first.
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
        let told = a != b && !(other_loop && ["rate", "concurrency"].contains(&what));
        told.then(|| Difference { what, a: a.unwrap_or_else(none), b: b.unwrap_or_else(none), comparable })
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

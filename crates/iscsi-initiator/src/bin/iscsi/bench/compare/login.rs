//! Comparisons of two runs of `iscsi bench login`.

use super::differences::{Aspect, Common, Comparability, Run, end_name, loop_name, seconds};
use super::figures::{self, Better, Figure, Unit, median, percentiles};
use crate::bench::arrival::Arrival;
use crate::bench::login::Results;
use crate::bench::results::Distribution;

/// Aspects that prevent a comparison come first.
const ASPECTS: [Aspect<Results>; 17] = [
    ("authentication", |results| Some(results.plan.authentication.clone()), false),
    ("CHAP algorithm", |results| results.plan.algorithm.clone(), false),
    ("loop", |results| Some(loop_name(results)), false),
    ("rate", |results| results.plan.rate_per_s.map(|rate| format!("{rate} logins per second")), false),
    ("arrival", |results| Some(arrival(results)?.to_owned()), false),
    ("concurrency", |results| Some(results.plan.concurrency.to_string()), false),
    ("number of processes", |results| results.plan.processes.map(|number| number.to_string()), false),
    ("number of held sessions", |results| Some(results.held_sessions.to_string()), false),
    ("operating system", |results| Some(results.machine.os.clone()), false),
    ("architecture", |results| Some(results.machine.architecture.clone()), false),
    ("number of processors", |results| Some(results.machine.processors.to_string()), false),
    ("targets", |results| Some(results.plan.targets.join(" ")), true),
    ("program", |results| Some(results.program.clone()), true),
    ("number of logins planned", |results| results.plan.count.map(|count| count.to_string()), true),
    ("duration planned", |results| results.plan.duration_s.map(seconds), true),
    ("warm-up", |results| Some(seconds(results.plan.warmup_s)), true),
    ("end", |results| Some(end_name(results.interrupted)), true),
];

impl Run for Results {
    const OPERATIONS: &'static str = "logins";
    const ASPECTS: &'static [Aspect<Self>] = &ASPECTS;
    const OF_THE_LOOP: &'static [&'static str] = &["rate", "arrival", "concurrency"];

    fn common(&self) -> Common<'_> {
        Common {
            program: &self.program,
            began_unix_s: self.began_unix_s,
            targets: self.plan.targets.iter().map(String::as_str).collect(),
            measured_s: self.measured_s,
            successes: self.logins,
            failures: self.failures,
            rate_per_s: self.plan.rate_per_s,
            per_second: self.timeline.iter().map(|second| second.logins).collect(),
        }
    }

    fn figures(a: &Self, b: &Self, comparability: Comparability) -> Vec<Figure> {
        let less = comparability.if_alike(Better::Lower);
        let mut figures = vec![rate(a, b, comparability), figures::failures(a, b, comparability)];
        figures.extend(percentiles("latency", &a.latency, &b.latency, less));
        figures.extend(PHASES.into_iter().map(|(name, phase)| median(name, phase(a), phase(b), less)));
        figures.extend(costs(a, b).map(|figure| figure.with_better(less, "needs less")));
        figures
    }
}

/// The arrival of logins in an open loop.
fn arrival(results: &Results) -> Option<&'static str> {
    results.plan.rate_per_s?;
    Some(match results.plan.arrival.unwrap_or_default() {
        Arrival::Fixed => "at equal distances",
        Arrival::Poisson => "at random",
        Arrival::Burst => "in bursts",
    })
}

type Phase = (&'static str, fn(&Results) -> &Distribution);

const PHASES: [Phase; 4] = [
    ("connect", |results| &results.phases.connect),
    ("security", |results| &results.phases.security),
    ("operational", |results| &results.phases.operational),
    ("logout", |results| &results.phases.logout),
];

fn rate(a: &Results, b: &Results, comparability: Comparability) -> Figure {
    let rates = (Some(a.logins_per_s), Some(b.logins_per_s));
    let figure = Figure::new("logins_per_s", "logins", Unit::PerSecond, rates);
    figures::rate(a, b, figure, comparability)
}

fn costs(a: &Results, b: &Results) -> [Figure; 2] {
    let bytes = (a.memory_bytes_per_held_session, b.memory_bytes_per_held_session);
    let cpu = (a.cpu_us_per_login, b.cpu_us_per_login);
    [
        Figure::new("cpu_us_per_login", "CPU per login", Unit::Microseconds, cpu),
        Figure::new("memory_bytes_per_held_session", "memory per session", Unit::Bytes, bytes),
    ]
}

//! Which figures of two runs are compared.

use super::figure::Direction::{self, Down, Neither, Up};
use super::figure::{Figure, Unit, Values};
use super::judge::{self, Judge};
use crate::bench::results::{Distribution, Results};

/// Events beyond a percentile without which nobody is called better for it: ten, with which it is told, move it too much.
const BEYOND: f64 = 100.0;

type Phase = (&'static str, fn(&Results) -> &Distribution);

const PHASES: [Phase; 4] = [
    ("connect", |results| &results.phases.connect),
    ("security", |results| &results.phases.security),
    ("operational", |results| &results.phases.operational),
    ("logout", |results| &results.phases.logout),
];

/// All that at least one of the runs has.
pub(super) fn figures(a: &Results, b: &Results, judge: Judge) -> Vec<Figure> {
    let less = judge.if_alike(Down);
    let mut figures = vec![rate(a, b, judge), failures(a, b, judge)];
    figures.extend(percentiles(&a.latency, &b.latency, less));
    figures.extend(PHASES.into_iter().map(|(name, phase)| median(name, phase(a), phase(b), less)));
    figures.extend(costs(a, b).map(|figure| figure.judged(less, "needs less")));
    figures.retain(|figure| !figure.is_empty());
    figures
}

/// In an open loop it is not the target that decides.
fn rate(a: &Results, b: &Results, judge: Judge) -> Figure {
    let open = a.plan.rate_per_s.is_some() || b.plan.rate_per_s.is_some();
    let rates = (Some(a.logins_per_s), Some(b.logins_per_s));
    let direction = if open || !judge::rates_are_apart(a, b) { Neither } else { judge.if_alike(Up) };
    Figure::new("logins_per_s", "logins", Unit::PerSecond, rates).judged(direction, "does more")
}

fn failures(a: &Results, b: &Results, judge: Judge) -> Figure {
    let failed = (judge::failed_percent(a), judge::failed_percent(b));
    let figure = Figure::new("failed_percent", "failures", Unit::Percent, failed);
    figure.judged(judge.if_failures_differ(Down), "fails less")
}

/// Those that both samples support.
fn percentiles(a: &Distribution, b: &Distribution, direction: Direction) -> Vec<Figure> {
    let both =
        a.percentiles.iter().filter_map(|told| Some((told.percent, told.at_most, b.at(told.percent)?)));
    let enough = |percent: f64| beyond(a, percent).min(beyond(b, percent)) >= BEYOND;
    let direction = |percent| if enough(percent) { direction } else { Neither };
    both.map(|(percent, a, b)| time("latency", percent, (Some(a), Some(b)), direction(percent))).collect()
}

fn median(phase: &str, a: &Distribution, b: &Distribution, direction: Direction) -> Figure {
    // Without authentication there is no security negotiation, which is not one that took no time.
    let of = |times: &Distribution| times.at(50.0).filter(|_| times.max > 0.0);
    time(phase, 50.0, (of(a), of(b)), direction)
}

fn time(what: &str, percent: f64, values: Values, direction: Direction) -> Figure {
    let (figure, name) = (format!("{what}_p{percent}_us"), format!("{what} p{percent}"));
    Figure::new(figure, name, Unit::Microseconds, values).judged(direction, "is faster")
}

fn costs(a: &Results, b: &Results) -> [Figure; 2] {
    let bytes = (a.memory_bytes_per_held_session, b.memory_bytes_per_held_session);
    let cpu = (a.cpu_us_per_login, b.cpu_us_per_login);
    [
        Figure::new("cpu_us_per_login", "CPU per login", Unit::Microseconds, cpu),
        Figure::new("memory_bytes_per_held_session", "memory per session", Unit::Bytes, bytes),
    ]
}

/// Events that took longer.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn beyond(times: &Distribution, percent: f64) -> f64 {
    (1.0 - percent / 100.0) * times.count as f64 * (1.0 + 1e-9)
}

//! The figures of a run, for people.

use std::fmt::Write as _;

use comfy_table::Table;

use crate::bench::figures::{kibibytes, time};
use crate::bench::results::{Distribution, Percentile, Results};
use crate::output;

pub(super) fn table(results: &Results) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: String| output::add_row(&mut table, &[name.to_owned(), value]);
    for target in &results.plan.targets {
        row("target:", target.clone());
    }
    row("authentication:", authentication(results));
    row("loop:", way(results));
    row("logins:", logins(results));
    row("latency:", latency(&results.latency));
    for (name, phase) in [
        ("connect:", &results.phases.connect),
        ("security:", &results.phases.security),
        ("operational:", &results.phases.operational),
        ("logout:", &results.phases.logout),
    ] {
        row(&format!("  {name}"), latency(phase));
    }
    row("round trips:", format!("{:.1} per login, and one for the logout", results.round_trips_per_login));
    if let Some(cpu) = results.cpu_us_per_login {
        row("our CPU:", format!("{} per login", time(cpu)));
    }
    if results.plan.hold > 0 {
        row("held:", held(results));
    }
    for cause in &results.causes {
        row("failed:", format!("{} times: {}", cause.count, cause.cause));
    }
    if results.interrupted {
        row("", "interrupted: these are the figures so far".to_owned());
    }
    table
}

/// Sessions held open to the end, and those that were not.
fn held(results: &Results) -> String {
    let mut text = format!("{} sessions", results.held_sessions);
    if let Some(bytes) = results.memory_bytes_per_held_session {
        _ = write!(text, ", {} each", kibibytes(bytes));
    }
    if results.held_sessions_lost > 0 {
        _ = write!(text, "; {} more were lost", results.held_sessions_lost);
    }
    text
}

fn authentication(results: &Results) -> String {
    let algorithm =
        results.plan.algorithm.as_ref().map_or_else(String::new, |algorithm| format!(" ({algorithm})"));
    format!("{}{algorithm}", results.plan.authentication)
}

/// Which question the latencies answer.
fn way(results: &Results) -> String {
    let concurrency = results.plan.concurrency;
    match results.plan.rate_per_s {
        Some(rate) => format!("open, {rate} logins begin in a second, timed from when each was due"),
        None => format!("closed, {concurrency} at a time: a slow target is asked less often"),
    }
}

fn logins(results: &Results) -> String {
    let Results { logins, failures, measured_s, logins_per_s, .. } = results;
    format!("{logins} in {measured_s:.2} s, {logins_per_s:.1} per second, {failures} failures")
}

fn latency(distribution: &Distribution) -> String {
    if distribution.count == 0 {
        return "-".to_owned();
    }
    let mut text = format!("min {}", time(distribution.min));
    for Percentile { percent, at_most } in &distribution.percentiles {
        _ = write!(text, ", p{percent} {}", time(*at_most));
    }
    _ = write!(text, ", max {}", time(distribution.max));
    text
}

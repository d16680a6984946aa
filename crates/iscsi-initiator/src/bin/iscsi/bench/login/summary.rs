//! From the counts of logins to results, as values and as a table.

use std::fmt::Write as _;

use comfy_table::Table;

use super::TimedLogin;
use super::results::{Phases, PlanSummary, Results, SCHEMA, Second};
use crate::bench::figures::{kibibytes, latency, time};
use crate::bench::results::{Machine, PROGRAM, causes};
use crate::bench::schedule::Plan;
use crate::bench::tally::{self, Tally};
use crate::output;

/// The circumstances of a run, beside its counts.
pub(super) struct Circumstances {
    pub(super) began_unix_s: u64,
    /// URLs of the targets, without credentials.
    pub(super) targets: Vec<String>,
    /// The authentication that took place: `none`, `chap` or `mutual`.
    pub(super) authentication: String,
    pub(super) algorithm: Option<String>,
    /// Why there is no authentication, if there is none and --auth none was not given.
    pub(super) unauthenticated: Option<String>,
    /// Sessions held open, those of them that were lost before the end, and the memory they took in bytes.
    pub(super) held: u64,
    pub(super) held_lost: u64,
    pub(super) held_bytes: Option<u64>,
    /// Processes, if there were several.
    pub(super) processes: Option<u64>,
}

#[allow(clippy::cast_precision_loss, reason = "no count reaches 2^53")]
pub(super) fn results(plan: &Plan, tally: &Tally<TimedLogin>, circumstances: Circumstances) -> Results {
    let (logins, totals) = (tally.successes, &tally.totals);
    let Circumstances { held, held_lost, held_bytes, .. } = circumstances;
    Results {
        schema: SCHEMA,
        program: PROGRAM.to_owned(),
        began_unix_s: circumstances.began_unix_s,
        machine: Machine::this(),
        interrupted: tally.interrupted,
        measured_s: tally.measured.as_secs_f64(),
        logins,
        failures: tally.failures,
        logins_per_s: tally.per_second(),
        latency: totals.latency.distribution(),
        phases: Phases {
            connect: totals.connect.distribution(),
            security: totals.security.distribution(),
            operational: totals.operational.distribution(),
            logout: totals.logout.distribution(),
        },
        round_trips_per_login: if logins > 0 { totals.round_trips as f64 / logins as f64 } else { 0.0 },
        cpu_us_per_login: tally.cpu_us_per_attempt(),
        memory_bytes_per_held_session: held_bytes
            .filter(|_| held > 0)
            .map(|bytes| bytes as f64 / held as f64),
        held_sessions: held.saturating_sub(held_lost),
        held_sessions_lost: held_lost,
        causes: causes(tally),
        timeline: tally.timeline.iter().map(Second::from).collect(),
        plan: PlanSummary {
            targets: circumstances.targets,
            authentication: circumstances.authentication,
            algorithm: circumstances.algorithm,
            unauthenticated: circumstances.unauthenticated,
            concurrency: plan.concurrency,
            rate_per_s: plan.rate,
            arrival: plan.rate.map(|_| plan.arrival),
            processes: circumstances.processes,
            count: plan.count,
            duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
            warmup_s: plan.warmup.as_secs_f64(),
            hold: held,
        },
    }
}

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
        row("CPU:", format!("{} per login", time(cpu)));
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

impl From<&tally::Second> for Second {
    fn from(second: &tally::Second) -> Self {
        Self { logins: second.successes, failures: second.failures, longest: second.longest }
    }
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

/// Describes the loop, which decides what latency means.
fn way(results: &Results) -> String {
    let concurrency = results.plan.concurrency;
    let processes = results.plan.processes_words();
    match results.plan.rate_per_s {
        Some(rate) => {
            let pattern = results.plan.arrival.unwrap_or_default().words();
            format!("open, {rate} logins begin in a second{pattern}{processes}, timed from when each was due")
        }
        None => format!("closed, {concurrency} at a time{processes}: a slow target is asked less often"),
    }
}

fn logins(results: &Results) -> String {
    let Results { logins, failures, measured_s, logins_per_s, .. } = results;
    format!("{logins} in {measured_s:.2} s, {logins_per_s:.1} per second, {failures} failures")
}

//! From counts to results, as values and as a table, and the line that shows the counts meanwhile.

use std::fmt::Write as _;
use std::io::{IsTerminal, stderr};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use comfy_table::Table;
use indicatif::ProgressBar;

use super::figures::{kibibytes, time};
use super::results::{Cause, Distribution, Machine, Percentile, Phases, PlanSummary, Results, SCHEMA};
use super::schedule::Plan;
use super::tally::{Tally, microseconds};
use crate::output;

/// The circumstances of a run, beside its counts.
pub(crate) struct Circumstances {
    pub(crate) began_unix_s: u64,
    /// URLs of the targets, without credentials.
    pub(crate) targets: Vec<String>,
    /// The authentication that took place: `none`, `chap` or `mutual`.
    pub(crate) authentication: String,
    pub(crate) algorithm: Option<String>,
    /// Why there is no authentication, if there is none and --auth none was not given.
    pub(crate) unauthenticated: Option<String>,
    /// Sessions held open, those of them that were lost before the end, and the memory they took in bytes.
    pub(crate) held: u64,
    pub(crate) held_lost: u64,
    pub(crate) held_bytes: Option<u64>,
}

#[allow(clippy::cast_precision_loss, reason = "no count reaches 2^53")]
pub(crate) fn results(plan: &Plan, tally: &Tally, circumstances: Circumstances) -> Results {
    let per_login = |total: f64| (tally.logins > 0).then(|| total / tally.logins as f64);
    let measured_s = tally.measured.as_secs_f64();
    let attempts = tally.logins + tally.failures;
    let Circumstances { held, held_lost, held_bytes, .. } = circumstances;
    Results {
        schema: SCHEMA,
        program: concat!("iscsi ", env!("CARGO_PKG_VERSION")).to_owned(),
        began_unix_s: circumstances.began_unix_s,
        machine: machine(),
        interrupted: tally.interrupted,
        measured_s,
        logins: tally.logins,
        failures: tally.failures,
        logins_per_s: if measured_s > 0.0 { tally.logins as f64 / measured_s } else { 0.0 },
        latency: tally.latency.distribution(),
        phases: Phases {
            connect: tally.connect.distribution(),
            security: tally.security.distribution(),
            operational: tally.operational.distribution(),
            logout: tally.logout.distribution(),
        },
        round_trips_per_login: per_login(tally.round_trips as f64).unwrap_or_default(),
        // Attempts that fail use the processor too.
        cpu_us_per_login: tally.cpu.filter(|_| attempts > 0).map(|cpu| microseconds(cpu) / attempts as f64),
        memory_bytes_per_held_session: held_bytes
            .filter(|_| held > 0)
            .map(|bytes| bytes as f64 / held as f64),
        held_sessions: held.saturating_sub(held_lost),
        held_sessions_lost: held_lost,
        causes: causes(tally),
        timeline: tally.timeline.clone(),
        plan: PlanSummary {
            targets: circumstances.targets,
            authentication: circumstances.authentication,
            algorithm: circumstances.algorithm,
            unauthenticated: circumstances.unauthenticated,
            concurrency: plan.concurrency,
            rate_per_s: plan.rate,
            count: plan.count,
            duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
            warmup_s: plan.warmup.as_secs_f64(),
            hold: held,
        },
    }
}

fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
        processors: available_parallelism().map_or(1, usize::from),
    }
}

/// The most frequent first.
fn causes(tally: &Tally) -> Vec<Cause> {
    let causes = tally.causes.iter().map(|(cause, counted)| Cause {
        cause: cause.clone(),
        count: counted.count,
        exit_code: counted.exit as u8,
    });
    let mut causes: Vec<Cause> = causes.collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes
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

/// The interval between updates of the line.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line on standard error that is updated, and removed at the end; only on a terminal.
pub(crate) struct LiveLine {
    bar: ProgressBar,
    last: Instant,
    /// Logins by then.
    logins: u64,
    rate: f64,
}

impl LiveLine {
    pub(crate) fn new() -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        Self { bar, last: Instant::now(), logins: 0, rate: 0.0 }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn show(&mut self, tally: &Tally, since: Duration) {
        let elapsed = self.last.elapsed();
        if self.bar.is_hidden() || elapsed < INTERVAL {
            return;
        }
        self.rate = (tally.logins - self.logins) as f64 / elapsed.as_secs_f64();
        (self.last, self.logins) = (Instant::now(), tally.logins);
        let (logins, failures) = (tally.logins, tally.failures);
        self.bar.set_message(format!(
            "{} s: {logins} logins, {:.0} per second, {failures} failures",
            since.as_secs(),
            self.rate
        ));
        self.bar.tick();
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

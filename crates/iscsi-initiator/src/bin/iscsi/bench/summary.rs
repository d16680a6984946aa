//! From counts to results.

use std::thread::available_parallelism;

use super::plan::Plan;
use super::results::{Cause, Machine, Phases, PlanSummary, Results, SCHEMA};
use super::tally::{Tally, microseconds};

/// What a run used of this machine, and what it found out beside its counts.
pub(crate) struct Circumstances {
    pub(crate) began_unix_s: u64,
    /// URLs of the targets, without credentials.
    pub(crate) targets: Vec<String>,
    /// How the logins turned out: `none`, `chap` or `mutual`.
    pub(crate) authentication: String,
    pub(crate) algorithm: Option<String>,
    /// Why there is no authentication, if there is none and that was not demanded.
    pub(crate) unauthenticated: Option<String>,
    /// Sessions held open, those of them that were lost before the end, and the memory they took in bytes.
    pub(crate) held: u64,
    pub(crate) held_lost: u64,
    pub(crate) held_bytes: Option<u64>,
}

#[allow(clippy::cast_precision_loss, reason = "figures for people; 2^53 of anything is never reached")]
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

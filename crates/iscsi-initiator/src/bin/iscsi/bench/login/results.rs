//! The results of a run of logins: the form of `--output json`, of the report and of `iscsi bench compare`.
//!
//! `schemas/bench-login.schema.json` of this crate is generated from these types and their documentation.

use serde::{Deserialize, Serialize};

use crate::bench::arrival::Arrival;
use crate::bench::results::{Cause, Distribution, Machine};

/// The number of this schema.
pub(crate) const SCHEMA: u32 = 1;

/// One run of `iscsi bench login`. Fields are added, never changed or removed; another meaning is another number of the
/// schema. Times are microseconds unless the name of a field says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Results {
    /// The number of this schema: 1.
    pub(crate) schema: u32,
    /// Name and version of the program.
    pub(crate) program: String,
    /// When the measurement began, in seconds since 1970.
    pub(crate) began_unix_s: u64,
    /// The machine.
    pub(crate) machine: Machine,
    /// The plan.
    pub(crate) plan: PlanSummary,
    /// Whether the run was interrupted; the figures are those up to then.
    pub(crate) interrupted: bool,
    /// Seconds of measurement; without warm-up and the logouts of held sessions.
    pub(crate) measured_s: f64,
    /// Logins that reached full feature phase and ended by a logout.
    pub(crate) logins: u64,
    /// Attempts that failed.
    pub(crate) failures: u64,
    /// `logins` divided by `measured_s`.
    pub(crate) logins_per_s: f64,
    /// From the start of a login to full feature phase. In an open loop the start is when the login was due:
    /// the wait for its turn counts.
    pub(crate) latency: Distribution,
    /// The parts of a login, and the logout, each from its own start.
    pub(crate) phases: Phases,
    /// Login requests that were sent and answered, in each login.
    pub(crate) round_trips_per_login: f64,
    /// CPU time of this process, in user mode and in the kernel, divided by attempts: failed ones use the processor too.
    pub(crate) cpu_us_per_login: Option<f64>,
    /// Resident memory of the sessions held open, divided by their number, in bytes.
    pub(crate) memory_bytes_per_held_session: Option<f64>,
    /// Sessions held open that were still there at the end.
    pub(crate) held_sessions: u64,
    /// Sessions held open that ended before the end.
    #[serde(default)]
    pub(crate) held_sessions_lost: u64,
    /// Causes of failed attempts, the most frequent first.
    pub(crate) causes: Vec<Cause>,
    /// Counts of each second of the measurement.
    pub(crate) timeline: Vec<Second>,
}

/// The plan of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlanSummary {
    /// URLs of the targets, without credentials.
    pub(crate) targets: Vec<String>,
    /// The authentication that took place: `none`, `chap` or `mutual`.
    pub(crate) authentication: String,
    /// CHAP algorithm, if one was used.
    pub(crate) algorithm: Option<String>,
    /// Why the logins have no authentication, if they have none and --auth none was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unauthenticated: Option<String>,
    /// Logins at the same time; in an open loop the most there may be.
    pub(crate) concurrency: usize,
    /// Logins begun in a second, if the loop is open; none if it is closed.
    pub(crate) rate_per_s: Option<f64>,
    /// How they arrive, if the loop is open: `fixed`, `poisson` or `burst`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arrival: Option<Arrival>,
    /// Processes that shared the logins, if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) processes: Option<u64>,
    /// Logins to be made, if their number was given.
    pub(crate) count: Option<u64>,
    /// Planned duration in seconds, if that was given.
    pub(crate) duration_s: Option<f64>,
    /// Seconds at the beginning that are not measured.
    pub(crate) warmup_s: f64,
    /// Sessions to be kept open all the time.
    pub(crate) hold: u64,
}

impl PlanSummary {
    /// Words behind a number of logins.
    pub(crate) fn processes_words(&self) -> String {
        self.processes.map_or_else(String::new, |number| format!(" by {number} processes"))
    }
}

/// The parts of a login, and the logout.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Phases {
    /// The TCP connection.
    pub(crate) connect: Distribution,
    /// Security negotiation, CHAP within it.
    pub(crate) security: Distribution,
    /// Operational negotiation, up to full feature phase.
    pub(crate) operational: Distribution,
    /// The logout, up to its response.
    pub(crate) logout: Distribution,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Second {
    /// Logins completed in it.
    pub(crate) logins: u64,
    /// Attempts that failed in it.
    pub(crate) failures: u64,
    /// The longest latency of a login completed in it.
    pub(crate) longest: f64,
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::sample;

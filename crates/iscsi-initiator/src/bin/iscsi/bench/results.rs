//! What a run found: the form of `--output json`, of the report and of `iscsi bench compare`.
//!
//! `bench-results.schema.json` beside the manifest of this crate is made of these types and what is said about them here.

use serde::{Deserialize, Serialize};

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
    /// On which machine.
    pub(crate) machine: Machine,
    /// What was to be done.
    pub(crate) plan: PlanSummary,
    /// Was the run ended before its end? The figures are those of the time it had.
    pub(crate) interrupted: bool,
    /// How long was measured, in seconds; without warm-up and the logouts of held sessions.
    pub(crate) measured_s: f64,
    /// Logins that reached full feature phase and ended by a logout.
    pub(crate) logins: u64,
    /// Attempts that failed.
    pub(crate) failures: u64,
    /// `logins` by `measured_s`.
    pub(crate) logins_per_s: f64,
    /// From the start of a login to full feature phase. In an open loop the start is the intended one: a login that had to
    /// wait for its turn is charged for it.
    pub(crate) latency: Distribution,
    /// The parts of a login, and the logout, each from its own start.
    pub(crate) phases: Phases,
    /// Login requests that were sent and answered, in each login.
    pub(crate) round_trips_per_login: f64,
    /// CPU time of this process, in user mode and in the kernel, by attempts: those that fail use the processor too.
    pub(crate) cpu_us_per_login: Option<f64>,
    /// Resident memory that sessions held open took, by their number, in bytes.
    pub(crate) memory_bytes_per_held_session: Option<f64>,
    /// Sessions held open that were still there at the end.
    pub(crate) held_sessions: u64,
    /// Sessions held open that ended before the end.
    #[serde(default)]
    pub(crate) held_sessions_lost: u64,
    /// Why attempts failed, the most frequent cause first.
    pub(crate) causes: Vec<Cause>,
    /// What happened in each second of the measurement.
    pub(crate) timeline: Vec<Second>,
}

/// Where the program ran.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Machine {
    /// Operating system.
    pub(crate) os: String,
    /// Kind of processor.
    pub(crate) architecture: String,
    /// Processors that this process may use.
    pub(crate) processors: usize,
}

/// What was to be done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlanSummary {
    /// URLs of the targets, without credentials.
    pub(crate) targets: Vec<String>,
    /// What the targets proved, and we to them: `none`, `chap`, `mutual`; as the logins turned out.
    pub(crate) authentication: String,
    /// CHAP algorithm, if one was used.
    pub(crate) algorithm: Option<String>,
    /// Why the logins have no authentication, if they have none and that was not demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unauthenticated: Option<String>,
    /// Logins at the same time; in an open loop the most there may be.
    pub(crate) concurrency: usize,
    /// Logins begun in a second, if the loop is open; none if it is closed.
    pub(crate) rate_per_s: Option<f64>,
    /// Logins to be made, if their number was given.
    pub(crate) count: Option<u64>,
    /// How long to go on, in seconds, if that was given.
    pub(crate) duration_s: Option<f64>,
    /// Not measured at the beginning, in seconds.
    pub(crate) warmup_s: f64,
    /// Sessions to be kept open all the time.
    pub(crate) hold: u64,
}

/// Times of many events.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Distribution {
    /// Events.
    pub(crate) count: u64,
    /// The shortest.
    pub(crate) min: f64,
    /// The mean.
    pub(crate) mean: f64,
    /// The longest.
    pub(crate) max: f64,
    /// In ascending order; only those that enough events lie beyond.
    pub(crate) percentiles: Vec<Percentile>,
}

impl Distribution {
    /// A percentile, if it is told.
    pub(crate) fn at(&self, percent: f64) -> Option<f64> {
        let same = |told: &&Percentile| (told.percent - percent).abs() < 1e-9;
        self.percentiles.iter().find(same).map(|told| told.at_most)
    }
}

/// The time that so many of a hundred events did not exceed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Percentile {
    /// Such as 99.9.
    pub(crate) percent: f64,
    /// The time.
    pub(crate) at_most: f64,
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

/// One reason for which attempts failed.
#[allow(clippy::struct_field_names, reason = "so the schema has it")]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cause {
    /// The reason, as decoded from a status or named by this host.
    pub(crate) cause: String,
    /// Attempts that failed for it.
    pub(crate) count: u64,
    /// The exit code of the program when a login fails so.
    #[serde(default)]
    pub(crate) exit_code: u8,
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
mod sample;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use sample::sample;

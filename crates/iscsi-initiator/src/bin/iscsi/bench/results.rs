//! The results of a run: the form of `--output json`, of the report and of `iscsi bench compare`.
//!
//! `schemas/bench-login.schema.json` of this crate is generated from these types and their documentation.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

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

/// The machine that the program ran on.
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
    /// Logins to be made, if their number was given.
    pub(crate) count: Option<u64>,
    /// Planned duration in seconds, if that was given.
    pub(crate) duration_s: Option<f64>,
    /// Seconds at the beginning that are not measured.
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
    /// Returns a percentile, if it is reported.
    pub(crate) fn at(&self, percent: f64) -> Option<f64> {
        let same = |percentile: &&Percentile| (percentile.percent - percent).abs() < 1e-9;
        self.percentiles.iter().find(same).map(|percentile| percentile.at_most)
    }
}

/// The time that this percentage of events did not exceed.
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

/// A cause of failed attempts.
#[allow(clippy::struct_field_names, reason = "so the schema has it")]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cause {
    /// The cause, decoded from a status or named by this host.
    pub(crate) cause: String,
    /// Attempts that failed for this cause.
    pub(crate) count: u64,
    /// The exit code of the program for this cause.
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

/// The largest file that is read, in bytes: several times the results of a run of a day.
const LARGEST: u64 = 64 << 20;

/// The part that is read first: other schemas have other fields.
#[derive(Deserialize)]
struct Head {
    schema: u64,
}

/// Reads the results that an earlier run left in a file.
pub(crate) fn read(path: &Path) -> Result<Results, Failure> {
    let bytes = bytes(path)?;
    let foreign = |source: serde_json::Error| Failure::File {
        message: format!("{} is not what `iscsi bench login --output json` prints", path.display()),
        source: Some(source.into()),
        hint: Some("save one with `iscsi bench login URL --output json > FILE`"),
    };
    let Head { schema } = serde_json::from_slice(&bytes).map_err(foreign)?;
    if schema != u64::from(SCHEMA) {
        return Err(Failure::File {
            message: format!("{}: schema {schema} is not known to this program", path.display()),
            source: None,
            hint: Some("it comes from another version of this program; compare with that one"),
        });
    }
    serde_json::from_slice(&bytes).map_err(foreign)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    let length = read.map_err(Failure::file("read", path))?;
    if u64::try_from(length).is_ok_and(|length| length > LARGEST) {
        let message = format!("{} is larger than any result: more than {LARGEST} bytes", path.display());
        return Err(Failure::File { message, source: None, hint: None });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::sample;

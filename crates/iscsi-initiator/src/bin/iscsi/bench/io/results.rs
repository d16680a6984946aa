//! The results of a run of I/O: the form of `--output json`, of the report and of `iscsi bench compare`.
//!
//! `schemas/bench-io.schema.json` of this crate is generated from these types and their documentation.

use serde::{Deserialize, Serialize};

use super::verification::Verification;
use crate::bench::results::{Cause, Distribution, Machine};

/// The number of this schema.
pub(crate) const SCHEMA: u32 = 1;

/// The name of this benchmark in its results.
pub(crate) const BENCHMARK: &str = "io";

/// One run of `iscsi bench io`. Fields are added, never changed or removed; another meaning is another number of the
/// schema. Times are microseconds unless the name of a field says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Results {
    /// The name of the benchmark: `io`.
    pub(crate) benchmark: String,
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
    /// Seconds of measurement; without warm-up, logins, logouts, and what is read back at the end.
    pub(crate) measured_s: f64,
    /// Reads and writes that succeeded.
    pub(crate) operations: u64,
    /// Reads and writes that failed.
    pub(crate) failures: u64,
    /// `operations` divided by `measured_s`.
    pub(crate) operations_per_s: f64,
    /// Bytes read and written, divided by `measured_s`.
    pub(crate) bytes_per_s: f64,
    /// Reads.
    pub(crate) reads: Transfers,
    /// Writes.
    pub(crate) writes: Transfers,
    /// CPU time of this process, in user mode and in the kernel, divided by operations: failed ones use the processor too.
    pub(crate) cpu_us_per_operation: Option<f64>,
    /// Sessions that were lost and replaced by another login, warm-up included.
    pub(crate) reconnects: u64,
    /// Causes of failed operations, the most frequent first.
    pub(crate) causes: Vec<Cause>,
    /// What was read back, if the data were verified.
    pub(crate) verification: Option<Verification>,
    /// Counts of each second of the measurement.
    pub(crate) timeline: Vec<Second>,
}

/// The plan of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlanSummary {
    /// URL of the logical unit, without credentials.
    pub(crate) unit: String,
    /// Bytes of the logical unit.
    pub(crate) unit_bytes: u64,
    /// Bytes of a logical block of the unit.
    pub(crate) unit_block_bytes: u64,
    /// The digest of headers: `none` or `crc32c`.
    pub(crate) header_digest: String,
    /// The digest of data segments: `none` or `crc32c`.
    pub(crate) data_digest: String,
    /// Why the sessions have no authentication, if they have none and --auth none was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unauthenticated: Option<String>,
    /// The order of the blocks: `random` or `sequential`.
    pub(crate) order: String,
    /// Reads in a hundred operations.
    pub(crate) read_percent: u64,
    /// Whether the data that were written are read back and checked.
    pub(crate) verify: bool,
    /// Bytes of each operation.
    pub(crate) block_bytes: u64,
    /// Operations in flight in each session; in an open loop the most there may be.
    pub(crate) depth: u64,
    /// Sessions.
    pub(crate) sessions: u64,
    /// Where the range that is read and written begins on the unit, in bytes.
    pub(crate) offset: u64,
    /// The length of the range in bytes.
    pub(crate) length: u64,
    /// Operations begun in a second, if the loop is open; none if it is closed.
    pub(crate) rate_per_s: Option<f64>,
    /// Operations to be made, if their number was given.
    pub(crate) count: Option<u64>,
    /// Planned duration in seconds, if there is one.
    pub(crate) duration_s: Option<f64>,
    /// Seconds at the beginning that are not measured.
    pub(crate) warmup_s: f64,
}

/// The operations of one direction.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Transfers {
    /// Operations that succeeded.
    pub(crate) operations: u64,
    /// They, divided by `measured_s`.
    pub(crate) operations_per_s: f64,
    /// Their bytes, divided by `measured_s`.
    pub(crate) bytes_per_s: f64,
    /// From the start of an operation to its response. In an open loop the start is when the operation was due: the wait
    /// for its turn counts.
    pub(crate) latency: Distribution,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Second {
    /// Operations completed in it.
    pub(crate) operations: u64,
    /// Operations that failed in it.
    pub(crate) failures: u64,
    /// The mean latency of the operations completed in it.
    pub(crate) mean: f64,
    /// The longest latency of an operation completed in it.
    pub(crate) longest: f64,
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::sample;

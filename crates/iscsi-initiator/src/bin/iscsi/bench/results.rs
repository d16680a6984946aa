//! Parts of the results of all benchmarks, and the files that hold results.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

use super::attempt::Success;
use super::tally::Tally;
use super::{io, login};
use crate::failure::Failure;

/// Name and version of this program.
pub(super) const PROGRAM: &str = concat!("iscsi ", env!("CARGO_PKG_VERSION"));

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

impl Machine {
    /// The machine that this program runs on.
    pub(super) fn this() -> Self {
        Self {
            os: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            processors: available_parallelism().map_or(1, usize::from),
        }
    }
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

/// The causes of failures, the most frequent first.
pub(super) fn causes<S: Success>(tally: &Tally<S>) -> Vec<Cause> {
    let causes = tally.causes.iter().map(|(cause, counted)| Cause {
        cause: cause.clone(),
        count: counted.count,
        exit_code: counted.exit as u8,
    });
    let mut causes: Vec<Cause> = causes.collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes
}

/// The largest file that is read, in bytes: several times the results of a run of a day.
const LARGEST: u64 = 64 << 20;

/// The part that is read first: other schemas have other fields.
#[derive(Deserialize)]
struct Head {
    schema: u64,
    /// Results of logins do not name their benchmark.
    benchmark: Option<String>,
}

/// The results of one run of any benchmark.
pub(super) enum AnyResults {
    Login(Box<login::Results>),
    Io(Box<io::Results>),
}

impl AnyResults {
    /// The command that prints such results.
    pub(super) const fn command(&self) -> &'static str {
        match self {
            Self::Login(_) => "iscsi bench login",
            Self::Io(_) => "iscsi bench io",
        }
    }
}

/// Reads the results that an earlier run left in a file.
pub(super) fn read(path: &Path) -> Result<AnyResults, Failure> {
    let bytes = bytes(path)?;
    let foreign = |source: serde_json::Error| Failure::File {
        message: format!(
            "{} is not what `iscsi bench login --output json` or `iscsi bench io --output json` prints",
            path.display()
        ),
        source: Some(source.into()),
        hint: Some("save one with `iscsi bench login URL --output json > FILE`"),
    };
    let Head { schema, benchmark } = serde_json::from_slice(&bytes).map_err(foreign)?;
    match benchmark.as_deref() {
        None if schema == u64::from(login::SCHEMA) => {
            Ok(AnyResults::Login(serde_json::from_slice(&bytes).map_err(foreign)?))
        }
        Some(io::BENCHMARK) if schema == u64::from(io::SCHEMA) => {
            Ok(AnyResults::Io(serde_json::from_slice(&bytes).map_err(foreign)?))
        }
        None | Some(io::BENCHMARK) => Err(unknown(path, &format!("schema {schema}"))),
        Some(other) => Err(unknown(path, &format!("the benchmark \"{other}\""))),
    }
}

fn unknown(path: &Path, what: &str) -> Failure {
    Failure::File {
        message: format!("{}: {what} is not known to this program", path.display()),
        source: None,
        hint: Some("it comes from another version of this program; compare with that one"),
    }
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

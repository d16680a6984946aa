//! `iscsi bench io`

mod area;
mod benchmark;
mod ledger;
mod results;
mod sessions;
mod stamp;
mod summary;
mod verification;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::arrival::Arrival;
use super::destinations::Destinations;
use super::report::Report;
use super::schedule::Plan;
use super::settings::{check_open_files, exceeds, most_frequent, parse_rate, parse_share};
use super::tally::Tally;
use crate::arguments::size::{self, parse_number, parse_seconds};
use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::credentials::secret_source;
use crate::failure::Failure;
use crate::output;
use crate::session::recovery::with_remarks;
use benchmark::Run;
#[cfg(any(test, feature = "report"))]
pub(super) use results::Transfers;
#[cfg(test)]
pub(super) use results::sample;
pub(super) use results::{BENCHMARK, Results, SCHEMA};
#[cfg(feature = "report")]
pub(super) use results::{PlanSummary, Second};
use sessions::Sessions;
#[cfg(all(test, feature = "report"))]
pub(super) use stamp::MismatchKind;
use summary::table;
#[cfg(feature = "report")]
pub(super) use summary::{access, range, verified, way};
#[cfg(feature = "report")]
pub(super) use verification::Verification;
use verification::Verified;
#[cfg(all(test, feature = "report"))]
pub(super) use verification::{BlockContent, Mismatch};
use worker::Direction;

pub(super) const EXAMPLE: &str = "Example: iscsi bench io iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
--verify stamps every block and reads it back: during the run (one operation of
ten with --write), at its end, and after another login; wrong data are an error.";

/// The duration of a run, unless something else ends it.
const DEFAULT_DURATION: Duration = Duration::from_secs(10);

/// Operations in flight in each session of an open loop, by default.
const OPEN_LOOP_DEPTH: u64 = 32;

/// The most commands that a session has in flight.
const MOST_DEPTH: u64 = 256;

/// The most sessions of a run.
const MOST_SESSIONS: u64 = 1024;

/// The largest block, in bytes.
const LARGEST_BLOCK: u64 = 64 << 20;

/// The most memory of all blocks in flight, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

/// Reads in a hundred operations of a run that writes and verifies.
const VERIFYING_READ_PERCENT: u64 = 10;

#[derive(Args)]
pub(crate) struct Io {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Only read (the default)
    #[arg(long, conflicts_with_all = ["write", "mixed"])]
    read: bool,
    /// Only write
    #[arg(long, conflicts_with = "mixed")]
    write: bool,
    /// Reads in 100 operations; the others write
    #[arg(long, value_name = "PERCENT", value_parser = |text: &str| parse_number(text, 1, 99))]
    mixed: Option<u64>,
    /// Permit writing, which overwrites the range
    #[arg(long)]
    destroy_data: bool,
    /// Read back what was written, and check it
    #[arg(long)]
    verify: bool,
    /// Blocks in order [default: at random]
    #[arg(long)]
    sequential: bool,
    /// Length of each operation [default: 4K]
    #[arg(long, value_name = "BYTES", default_value = "4K", hide_default_value = true, value_parser = parse_block_size)]
    block_size: usize,
    /// Per session in flight [default: 1; --rate: 32]
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, MOST_DEPTH))]
    depth: Option<u64>,
    /// Sessions at the same time [default: 1]
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, value_parser = |text: &str| parse_number(text, 1, MOST_SESSIONS))]
    sessions: u64,
    /// Beginning of the range [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// Its length [default: up to the end]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    /// End after this time [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    duration: Option<Duration>,
    /// End after N operations
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, u64::MAX))]
    count: Option<u64>,
    /// Begin operations by the clock (open loop)
    #[arg(long, value_name = "PER-SECOND", value_parser = |text: &str| parse_rate(text, "operations"))]
    rate: Option<f64>,
    /// Begin to measure after this time
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    warmup: Option<Duration>,
    /// Share that may fail: 5% or 0.05 [default: 0]
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = parse_share)]
    allow_failures: f64,
    /// Write an HTML page with charts
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    unit: UnitOptions,
}

fn parse_block_size(text: &str) -> Result<usize, String> {
    match size::parse(text)? {
        bytes @ 1..=LARGEST_BLOCK => usize::try_from(bytes).map_err(|error| error.to_string()),
        _ => Err(format!("from 1 to {LARGEST_BLOCK} bytes")),
    }
}

impl Io {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        self.check()?;
        secret_source::check_standard_input(self.unit.session.files())?;
        // A limit reached during the run would look like a failure of the target.
        check_open_files(self.sessions)?;
        let report = self.report.as_deref().map(Report::prepare).transpose()?;
        let unit = format!("iscsi://{}/{}/{lun}", url.portal, url.target);
        let destinations = Destinations::prepare(vec![url], &self.unit.session, self.unit.retry.policies())?;
        let sessions = Sessions::log_in(&destinations, lun, self.sessions).await?;
        let run = match sessions.first().await {
            Some((session, _)) => with_remarks(&session, self.carry_out(&sessions, unit)).await,
            None => self.carry_out(&sessions, unit).await,
        };
        sessions.log_out().await;
        let Run { results, outcome } = run?;
        output::show(output, &results, table)?;
        if let Some(report) = report {
            report.write(&results)?;
        }
        outcome
    }

    /// Checks what can be checked without the target.
    fn check(&self) -> Result<(), Failure> {
        let writes = self.read_percent() < 100;
        if writes && !self.destroy_data {
            return Err(Failure::usage(
                "writing destroys what the logical unit holds",
                "add --destroy-data if nothing on it is needed; --offset and --length limit the range",
            ));
        }
        if !writes && (self.verify || self.destroy_data) {
            let option = if self.verify { "--verify" } else { "--destroy-data" };
            return Err(Failure::usage(format!("{option} is for runs that write"), "add --write or --mixed"));
        }
        let memory = (self.block_size as u64).saturating_mul(self.depth()).saturating_mul(self.sessions);
        if memory > MOST_MEMORY {
            return Err(Failure::usage(
                format!("the blocks in flight have {memory} bytes, more than {MOST_MEMORY}"),
                "lower --block-size, --depth or --sessions",
            ));
        }
        Ok(())
    }

    /// Reads in a hundred operations.
    fn read_percent(&self) -> u64 {
        match (self.write, self.mixed) {
            (true, _) if self.verify => VERIFYING_READ_PERCENT,
            (true, _) => 0,
            (false, Some(percent)) => percent,
            (false, None) => 100,
        }
    }

    fn depth(&self) -> u64 {
        self.depth.unwrap_or(if self.rate.is_some() { OPEN_LOOP_DEPTH } else { 1 })
    }

    fn plan(&self) -> Plan {
        let concurrency = usize::try_from(self.depth() * self.sessions).unwrap_or(usize::MAX);
        let duration = self.duration.or_else(|| self.count.is_none().then_some(DEFAULT_DURATION));
        let warmup = self.warmup.unwrap_or_default();
        Plan {
            concurrency,
            rate: self.rate,
            arrival: Arrival::Fixed,
            seed: 0,
            count: self.count,
            duration,
            warmup,
        }
    }

    /// Whether the run succeeded: no wrong data, and all operations but those that may fail.
    fn outcome(&self, tally: &Tally<Direction>, verified: Option<Verified>) -> Result<(), Failure> {
        let (failed, attempts) = (tally.failures, tally.attempts());
        if let Some(verified) = verified {
            verified.outcome()?;
        }
        if tally.interrupted {
            return Err(Failure::Interrupted);
        }
        match most_frequent(&tally.causes) {
            Some((cause, counted)) if exceeds(failed, attempts, self.allow_failures) => {
                Err(Failure::OperationsFailed { failed, attempts, cause: cause.clone(), exit: counted.exit })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        io: Io,
    }

    fn parsed(arguments: &[&str]) -> Result<Io, clap::Error> {
        let line = ["iscsi", "iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0"];
        Line::try_parse_from(line.iter().chain(arguments)).map(|line| line.io)
    }

    fn io(arguments: &[&str]) -> Io {
        parsed(arguments).unwrap()
    }

    #[test]
    fn reading_is_the_default_and_the_mix_decides_on_the_share_of_reads() {
        let cases: [(&[&str], u64); 6] = [
            (&[], 100),
            (&["--read"], 100),
            (&["--write"], 0),
            (&["--write", "--verify"], 10),
            (&["--mixed", "1"], 1),
            (&["--mixed", "99", "--verify"], 99),
        ];
        for (arguments, percent) in cases {
            assert_eq!(io(arguments).read_percent(), percent, "{arguments:?}");
        }
        for arguments in
            [["--read", "--write"].as_slice(), &["--write", "--mixed", "5"], &["--read", "--mixed", "5"]]
        {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn nothing_is_written_without_permission_and_nothing_verified_without_writes() {
        let refused: [&[&str]; 6] = [
            &["--write"],
            &["--mixed", "50"],
            &["--write", "--verify"],
            &["--verify"],
            &["--read", "--verify", "--destroy-data"],
            &["--destroy-data"],
        ];
        for arguments in refused {
            assert!(matches!(io(arguments).check(), Err(Failure::Usage { .. })), "{arguments:?}");
        }
        for arguments in [[].as_slice(), &["--write", "--destroy-data"], &["--mixed", "50", "--destroy-data"]]
        {
            assert!(io(arguments).check().is_ok(), "{arguments:?}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        for (option, good, bad) in [
            ("--depth", ["1", "256"], ["0", "257"]),
            ("--sessions", ["1", "1024"], ["0", "1025"]),
            ("--mixed", ["1", "99"], ["0", "100"]),
            ("--block-size", ["1", "64M"], ["0", "67108865"]),
            ("--count", ["1", "18446744073709551615"], ["0", "-1"]),
            ("--rate", ["0.001", "1000000"], ["0", "1000001"]),
        ] {
            for value in good {
                assert!(parsed(&[&format!("{option}={value}")]).is_ok(), "{option} {value}");
            }
            for value in bad {
                assert!(parsed(&[&format!("{option}={value}")]).is_err(), "{option} {value}");
            }
        }
    }

    #[test]
    fn the_memory_of_all_blocks_in_flight_is_bounded() {
        assert!(io(&["--block-size", "1M", "--depth", "256", "--sessions", "4"]).check().is_ok());
        assert!(io(&["--block-size", "1M", "--depth", "256", "--sessions", "5"]).check().is_err());
        assert!(io(&["--block-size", "64M", "--depth", "256", "--sessions", "1024"]).check().is_err());
    }

    #[test]
    fn a_run_ends_after_ten_seconds_unless_something_else_is_said() {
        assert_eq!(io(&[]).plan().duration, Some(DEFAULT_DURATION));
        let counted = io(&["--count", "5"]).plan();
        assert_eq!((counted.count, counted.duration), (Some(5), None));
        let both = io(&["--count", "5", "--duration", "3"]).plan();
        assert_eq!((both.count, both.duration), (Some(5), Some(Duration::from_secs(3))));
    }

    #[test]
    fn the_depth_is_that_of_each_session() {
        assert_eq!(io(&[]).plan().concurrency, 1);
        assert_eq!(io(&["--depth", "8", "--sessions", "3"]).plan().concurrency, 24);
        assert_eq!(io(&["--rate", "100", "--sessions", "2"]).plan().concurrency, 64);
        assert_eq!(io(&["--rate", "100", "--depth", "4"]).plan().concurrency, 4);
    }
}

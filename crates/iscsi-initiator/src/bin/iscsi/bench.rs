//! `iscsi bench`: measurements, the page about one, and comparisons.
//!
//! [`run`] carries out a [`schedule::Plan`], whose attempts [`arrival`] makes due, with any kind of [`attempt`], and [`tally`] counts. [`login`] and [`io`] are the
//! benchmarks, each with its attempts and the form of its results; [`results`] has what the two forms share. [`report`]
//! shows results as a page, [`compare`] beside others.

mod arrival;
mod attempt;
mod compare;
mod destinations;
#[cfg_attr(not(feature = "report"), allow(dead_code, reason = "some are for the page only"))]
mod figures;
mod io;
mod live_line;
mod login;
mod random;
#[cfg(feature = "report")]
mod report;
mod results;
mod run;
mod schedule;
mod settings;
mod tally;

use clap::Subcommand;

use crate::arguments::values::Output;
use crate::failure::Failure;

pub(crate) const EXAMPLE: &str = "Example: iscsi bench login iscsi://192.0.2.1/iqn.2001-04.com.example:disk";

/// The measurements.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Log in and out repeatedly: logins per second and latencies
    #[command(before_help = login::EXAMPLE, after_help = login::DETAILS)]
    Login(Box<login::Login>),
    /// Read and write a logical unit: operations per second and latencies
    #[command(before_help = io::EXAMPLE, after_help = io::DETAILS)]
    Io(Box<io::Io>),
    /// Show two results of one benchmark side by side
    #[command(before_help = compare::EXAMPLE, after_help = compare::DETAILS)]
    Compare(compare::Compare),
}

impl Bench {
    pub(crate) async fn run(&self, output: Output) -> Result<(), Failure> {
        match self {
            Self::Login(command) => command.run(output).await,
            Self::Io(command) => command.run(output).await,
            Self::Compare(command) => command.run(output),
        }
    }
}

/// Stands in for the page where the program is built without it.
#[cfg(not(feature = "report"))]
mod report {
    use std::path::Path;

    use crate::failure::Failure;

    pub(super) enum Report {}

    impl Report {
        pub(super) fn prepare(_: &Path) -> Result<Self, Failure> {
            Err(Failure::usage(
                "--report needs the feature `report`, which this program was built without",
                "build it with `cargo install iscsi-initiator --features report`",
            ))
        }

        pub(super) fn write<R>(self, _: &R) -> Result<(), Failure> {
            match self {}
        }
    }
}

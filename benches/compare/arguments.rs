//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::case::{Authentication, Placement, TargetKind};
use crate::exchanges::Exchanges;
use crate::io::{Client, IoPlan, Pipe};
use crate::transcript::Transcript;

/// Logins, reads and writes beside libiscsi and a bare exchange of segments.
#[derive(Parser)]
#[command(name = "compare")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Measure logins in every case, alternating the contenders, and print the tables
    All(Plan),
    /// Measure reads and writes in every case, alternating the contenders, and print the tables
    Io(IoPlan),
    /// One sample of the library: as many logins as said, then a line of JSON
    #[command(hide = true)]
    LogIn(Login),
    /// One sample of the bare exchange of segments
    #[command(hide = true)]
    Exchange(Exchange),
    /// One sample of recorded requests
    #[command(hide = true)]
    Replay(Replay),
    /// Serve the embedded target, one for each authentication
    #[command(hide = true)]
    ServeDisks,
    /// Answer segments with segments
    #[command(hide = true)]
    Respond {
        #[arg(long)]
        exchanges: Exchanges,
    },
    /// One sample of reads or writes of the library
    #[command(hide = true)]
    IoClient(Client),
    /// One sample of the bare exchange of batches
    #[command(hide = true)]
    ExchangeBatches(Pipe),
    /// Serve the embedded target of reads and writes
    #[command(hide = true)]
    ServeBlocks {
        /// Operations that are answered together
        #[arg(long)]
        batch: usize,
    },
    /// Answer requests of the bare exchange of batches
    #[command(hide = true)]
    RespondToBatches {
        #[arg(long)]
        exchanges: Exchanges,
        #[arg(long)]
        depth: usize,
        /// Requests that are answered together
        #[arg(long)]
        batch: usize,
    },
}

#[derive(Args, Clone)]
pub(crate) struct Plan {
    /// Program compiled from `libiscsi_login.c`
    #[arg(long, value_name = "FILE", default_value = "libiscsi_login")]
    pub(crate) libiscsi: PathBuf,
    /// Take the samples from a file that `--json` wrote, instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "rounds", "logins", "concurrency", "authentication", "target", "placement", "runtime", "json"])]
    pub(crate) from: Option<PathBuf>,
    /// Try everything out: one round of few logins, of the cases at 1 and 8 at a time. No figures to quote
    #[arg(long, conflicts_with_all = ["rounds", "logins", "concurrency", "write"])]
    pub(crate) quick: bool,
    /// Samples of each contender in each case
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Logins per sample; at least eight times those at a time
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) logins: u64,
    /// Logins at a time
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 256])]
    pub(crate) concurrency: Vec<u32>,
    /// Authentication of the logins
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Authentication::ALL)]
    pub(crate) authentication: Vec<Authentication>,
    /// Targets
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = TargetKind::ALL)]
    pub(crate) target: Vec<TargetKind>,
    /// Processors of client and target
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Placement::OF_LOGINS)]
    pub(crate) placement: Vec<Placement>,
    /// Runtime of the library, of the bare exchange and of the replay; the program iscsi has the first
    #[arg(long, value_enum, default_value_t = Runtime::CurrentThread)]
    pub(crate) runtime: Runtime,
    /// Every sample, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The tables alone, as Markdown
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write tables and charts into benches/, where they are published
    #[arg(long)]
    pub(crate) write: bool,
}

impl Plan {
    /// Reduces the plan to a quick run that shows that everything works.
    pub(crate) fn trimmed(mut self) -> Self {
        if self.quick {
            (self.rounds, self.logins, self.concurrency) = (1, 64, vec![1, 8]);
        }
        self
    }
}

/// The threads on which the tasks of a client run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Runtime {
    /// One thread
    CurrentThread,
    /// As many as there are processors
    MultiThread,
}

impl Runtime {
    /// The name as an argument.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::CurrentThread => "current-thread",
            Self::MultiThread => "multi-thread",
        }
    }

    pub(crate) fn build(self) -> std::io::Result<tokio::runtime::Runtime> {
        match self {
            Self::CurrentThread => tokio::runtime::Builder::new_current_thread(),
            Self::MultiThread => tokio::runtime::Builder::new_multi_thread(),
        }
        .enable_all()
        .build()
    }
}

/// The number of logins in a sample, and their concurrency.
#[derive(Args, Clone, Copy)]
pub(crate) struct Amount {
    /// At a time
    #[arg(long)]
    pub(crate) concurrency: u32,
    /// Beforehand, not measured
    #[arg(long)]
    pub(crate) unmeasured: u64,
    /// Measured
    #[arg(long)]
    pub(crate) logins: u64,
}

#[derive(Args)]
pub(crate) struct Login {
    #[arg(long)]
    pub(crate) portal: SocketAddr,
    #[arg(long)]
    pub(crate) target: String,
    #[arg(long, value_enum)]
    pub(crate) authentication: Authentication,
    #[arg(long, value_enum)]
    pub(crate) runtime: Runtime,
    #[command(flatten)]
    pub(crate) amount: Amount,
}

#[derive(Args)]
pub(crate) struct Exchange {
    #[arg(long)]
    pub(crate) portal: SocketAddr,
    #[arg(long)]
    pub(crate) exchanges: Exchanges,
    #[arg(long, value_enum)]
    pub(crate) runtime: Runtime,
    #[command(flatten)]
    pub(crate) amount: Amount,
}

#[derive(Args)]
pub(crate) struct Replay {
    #[arg(long)]
    pub(crate) portal: SocketAddr,
    #[arg(long)]
    pub(crate) transcript: Transcript,
    #[arg(long, value_enum)]
    pub(crate) runtime: Runtime,
    #[command(flatten)]
    pub(crate) amount: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(arguments.split(' '))
    }

    #[test]
    fn samples_are_measured_or_read() {
        for measured in ["all", "io"] {
            assert!(parse(&format!("compare {measured} --from samples.json --write")).is_ok());
            assert!(parse(&format!("compare {measured} --from samples.json --rounds 3")).is_err());
            assert!(parse(&format!("compare {measured} --from samples.json --target embedded")).is_err());
            assert!(parse(&format!("compare {measured} --quick --write")).is_err());
        }
    }
}

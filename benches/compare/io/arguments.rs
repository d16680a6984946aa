//! The command line of the comparison of reads and writes, and of its clients.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use iscsi_benches::io::Workload;

use super::case::{Direction, TargetKind};
use crate::case::Placement;
use crate::exchanges::Exchanges;

#[derive(Args, Clone)]
pub(crate) struct IoPlan {
    /// Program compiled from `libiscsi_io.c`
    #[arg(long, value_name = "FILE", default_value = "libiscsi_io")]
    pub(crate) libiscsi: PathBuf,
    /// Take the samples from a file that `--json` wrote, instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "rounds", "target", "placement", "direction", "kib", "depth", "json"])]
    pub(crate) from: Option<PathBuf>,
    /// Try everything out: one round of few operations in every case. No figures to quote
    #[arg(long, conflicts_with_all = ["rounds", "write"])]
    pub(crate) quick: bool,
    /// Samples of each contender in each case
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Targets
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = TargetKind::ALL)]
    pub(crate) target: Vec<TargetKind>,
    /// Processors of client and target; only 4 KiB are measured unpinned
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Placement::ALL)]
    pub(crate) placement: Vec<Placement>,
    /// Operations
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Direction::ALL)]
    pub(crate) direction: Vec<Direction>,
    /// KiB of an operation: 4, 64, 256, 1024
    #[arg(long, value_delimiter = ',', default_values_t = [4, 64, 256, 1024])]
    pub(crate) kib: Vec<usize>,
    /// Operations in flight: 1 and 32 with 4 KiB, otherwise 8 and 32
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    pub(crate) depth: Vec<usize>,
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

/// The number of operations in a sample; both are multiples of the depth.
#[derive(Args, Clone, Copy)]
pub(crate) struct Operations {
    /// Beforehand, not measured
    #[arg(long)]
    pub(crate) unmeasured: u64,
    /// Measured
    #[arg(long)]
    pub(crate) operations: u64,
}

#[derive(Args)]
pub(crate) struct Client {
    #[arg(long)]
    pub(crate) portal: SocketAddr,
    #[arg(long)]
    pub(crate) target: String,
    #[arg(long)]
    pub(crate) lun: u16,
    #[arg(long)]
    pub(crate) workload: Workload,
    /// Compare the data of the last operations afterwards
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) operations: Operations,
}

#[derive(Args)]
pub(crate) struct Pipe {
    #[arg(long)]
    pub(crate) portal: SocketAddr,
    /// Bytes of one operation in both directions
    #[arg(long)]
    pub(crate) exchanges: Exchanges,
    #[arg(long)]
    pub(crate) depth: usize,
    #[command(flatten)]
    pub(crate) operations: Operations,
}

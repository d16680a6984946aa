//! `iscsi discard` and `iscsi zero`: ranges of a logical unit whose content is no longer needed.

use clap::Args;
use iscsi_initiator::{BlockDevice, Zeroing};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size, values};
use crate::failure::Failure;
use crate::transfer::progress::Progress;
use crate::transfer::unit_limits::UnitLimits;
use crate::{output, session};

/// The bytes of a step, so that progress shows.
const STEP: u64 = 1 << 30;

pub(super) const DISCARD_EXAMPLE: &str =
    "Example: iscsi discard iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 --destroy-data";
pub(super) const DISCARD_DETAILS: &str = "\
The logical unit may use the memory of the blocks for something else (UNMAP, or
WRITE SAME with the UNMAP bit). What they read as then is open: `iscsi zero`
makes them zeros. Only whole blocks are discarded, and only whole granules where
the unit states a granularity. BYTES may have a unit: K, M, G, T or KiB, MiB,
GiB, TiB are powers of 1024.";

pub(super) const ZERO_EXAMPLE: &str =
    "Example: iscsi zero iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 --destroy-data";
pub(super) const ZERO_DETAILS: &str = "\
The range reads as zeros then: by WRITE SAME or UNMAP, whichever the logical
unit supports, otherwise by writing zeros. Exit code 0 means that they are on
stable storage. BYTES may have a unit: K, M, G, T or KiB, MiB, GiB, TiB are
powers of 1024.";

/// The range of both commands, and the consent that they need.
#[derive(Args)]
struct RangeArgs {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Beginning of the range [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// Its length [default: up to the end]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    /// Consent: what the range holds is lost
    #[arg(long)]
    destroy_data: bool,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

#[derive(Args)]
pub(crate) struct Discard {
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Args)]
pub(crate) struct Zero {
    /// Write zeros; unmap no blocks
    #[arg(long)]
    keep_mapped: bool,
    #[command(flatten)]
    range: RangeArgs,
}

/// A range that was discarded or zeroed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// Bytes of the range.
    bytes: u64,
    /// Of them, those that were discarded or zeroed; fewer are discarded where the unit does not unmap all blocks.
    done: u64,
}

impl Discard {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let step = async |device: &BlockDevice, offset, length| Ok(device.discard(offset, length).await?);
        let report = self.range.carry_out("discarding", step).await?;
        show(output, &report, "discarded")
    }
}

impl Zero {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let zeroing = if self.keep_mapped { Zeroing::KeepMapped } else { Zeroing::MayUnmap };
        let step = async |device: &BlockDevice, offset, length| {
            device.write_zeroes(offset, length, zeroing).await?;
            Ok(length)
        };
        let report = self.range.carry_out("zeroing", step).await?;
        show(output, &report, "zeroed")
    }
}

impl RangeArgs {
    /// Does something with each part of the range, and makes it stable.
    async fn carry_out(
        &self,
        verb: &'static str,
        step: impl AsyncFn(&BlockDevice, u64, u64) -> Result<u64, Failure>,
    ) -> Result<Report, Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        if !self.destroy_data {
            return Err(Failure::usage(
                format!("{verb} destroys what the logical unit holds"),
                "add --destroy-data if nothing in the range is needed; --offset and --length limit it",
            ));
        }
        let mut progress = Progress::new();
        let outcome = session::with_units(&self.unit, url, async |session| {
            let device = BlockDevice::open_with(session, lun, self.limits.overrides()).await?;
            let rest = device.capacity().bytes().saturating_sub(self.offset);
            let report = Report { bytes: self.length.unwrap_or(rest), done: 0 };
            progress.begin(verb, report.bytes);
            self.in_steps(&device, report, &step, &progress).await
        });
        let outcome = outcome.await;
        progress.end(outcome, |done, length| format!("{verb} ended early: {done} of {length} bytes are done"))
    }

    async fn in_steps(
        &self,
        device: &BlockDevice,
        mut report: Report,
        step: impl AsyncFn(&BlockDevice, u64, u64) -> Result<u64, Failure>,
        progress: &Progress,
    ) -> Result<Report, Failure> {
        let mut at = 0;
        // One step at least, which checks the range.
        loop {
            let length = (report.bytes - at).min(STEP);
            let offset = self.offset.saturating_add(at);
            if at == 0 {
                device.reader(offset, report.bytes)?;
            }
            report.done += step(device, offset, length).await?;
            at += length;
            progress.set(at);
            if at >= report.bytes {
                break;
            }
        }
        device.flush().await?;
        Ok(report)
    }
}

fn show(output: Output, report: &Report, what: &str) -> Result<(), Failure> {
    output::show(output, report, |report| {
        let mut table = output::table(&[]);
        output::add_row(&mut table, &[format!("{what}: {} of {} bytes", report.done, report.bytes)]);
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_discard_and_zero() {
        let file = expect_test::expect_file!["../../../../schemas/discard.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}

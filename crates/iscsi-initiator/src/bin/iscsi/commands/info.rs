//! `iscsi info`

mod block_limits;
mod caches;
mod characteristics;
mod format;
mod port_groups;
mod provisioning;
mod questions;
mod report;
mod reservations;
mod standards;

use clap::Args;
use iscsi_initiator::{Lun, Session};

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::output::remarks::UnauthenticatedReason;
use crate::{output, session};
use report::Report;

/// Peripheral qualifier of a LUN behind which there can be no unit (SPC-4, 6.6.2).
const NO_UNIT: u8 = 3;

pub(super) const EXAMPLE: &str = "Example: iscsi info iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
The page shows INQUIRY data, identification, capacity and format, caches and
write protection, block limits, provisioning, the target port groups with the
state of this path, and the persistent reservation. What the unit does not
support is named in one line; remarks name what failed.";

#[derive(Args)]
pub(crate) struct Info {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    #[command(flatten)]
    unit: UnitOptions,
}

impl Info {
    /// Shows the answers, also when the session ends before everything is asked.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let mut report = None;
        let outcome =
            session::with_units(&self.unit, url, async |session| ask(session, lun, &mut report).await).await;
        if let Some(report) = &report {
            output::show(output, report, Report::table)?;
        }
        outcome
    }
}

/// Asks the unit. Without INQUIRY data there is no report; everything else may be missing.
async fn ask(session: &Session, lun: Lun, report: &mut Option<Report>) -> Result<(), Failure> {
    let inquiry = session.inquiry(lun).await?;
    if inquiry.peripheral_qualifier == NO_UNIT {
        // INQUIRY succeeds where there is no unit; any other command fails.
        session.test_unit_ready(lun).await?;
    }
    let is_disk = inquiry.is_disk();
    Ok(report
        .insert(Report::new(lun, inquiry, UnauthenticatedReason::of(session.details())))
        .complete(session, lun, is_disk)
        .await?)
}

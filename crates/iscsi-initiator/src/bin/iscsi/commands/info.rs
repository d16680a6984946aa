//! `iscsi info`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::scsi::{Capacity, Designator, Inquiry};
use iscsi_initiator::{Error, Lun, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size, values};
use crate::failure::Failure;
use crate::output::remarks::Remarks;
use crate::output::remarks::UnauthenticatedReason;
use crate::{output, session};

/// Peripheral qualifier of a LUN behind which there can be no unit (SPC-4, 6.6.2).
const NO_UNIT: u8 = 3;

pub(super) const EXAMPLE: &str = "Example: iscsi info iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
The page shows INQUIRY data, identification and capacity. Remarks name what the
unit does not report.";

#[derive(Args)]
pub(crate) struct Info {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A logical unit. What it does not report is null or empty, and the remarks say why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// The logical unit number.
    lun: String,
    /// The peripheral device type (SPC-4, table 139).
    device_type: u8,
    /// The peripheral qualifier; 0 where there is a device.
    peripheral_qualifier: u8,
    /// Whether the medium can be removed.
    removable: bool,
    /// The vendor identification.
    vendor: String,
    /// The product identification.
    product: String,
    /// The product revision level.
    revision: String,
    /// The unit serial number.
    serial_number: Option<String>,
    /// The designators of the device identification page.
    designators: Vec<String>,
    /// The capacity; of disks only.
    capacity: Option<CapacityReport>,
    /// What is missing, and why.
    remarks: Remarks,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

/// The capacity of a disk.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CapacityReport {
    /// Bytes in all.
    size: u64,
    /// Logical blocks.
    blocks: u64,
    /// Bytes of a logical block.
    block_size: u32,
}

impl Info {
    /// Shows the answers, also when the session ends before everything is asked.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let mut report = None;
        let outcome =
            session::with_units(&self.unit, url, async |session| ask(session, lun, &mut report).await).await;
        if let Some(report) = &report {
            output::show(output, report, table)?;
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

impl Report {
    fn new(lun: Lun, inquiry: Inquiry, unauthenticated: Option<UnauthenticatedReason>) -> Self {
        Self {
            lun: lun.to_string(),
            device_type: inquiry.device_type,
            peripheral_qualifier: inquiry.peripheral_qualifier,
            removable: inquiry.removable,
            vendor: inquiry.vendor,
            product: inquiry.product,
            revision: inquiry.revision,
            serial_number: None,
            designators: Vec::new(),
            capacity: None,
            remarks: Remarks::default(),
            unauthenticated,
        }
    }

    /// Asks for everything else. Only the end of the session is an error.
    async fn complete(&mut self, session: &Session, lun: Lun, is_disk: bool) -> Result<(), Error> {
        let serial_number = session.unit_serial_number(lun).await;
        self.serial_number = self.remarks.keep("serial number", serial_number)?.flatten();
        let identification = session.device_identification(lun).await;
        let identification = self.remarks.keep("identification", identification)?.unwrap_or_default();
        self.designators = identification.designators.iter().map(Designator::to_string).collect();
        if is_disk {
            let capacity = session.read_capacity(lun).await;
            self.capacity = self.remarks.keep("size", capacity)?.map(CapacityReport::from);
        }
        Ok(())
    }
}

impl From<Capacity> for CapacityReport {
    fn from(capacity: Capacity) -> Self {
        Self { size: capacity.bytes(), blocks: capacity.blocks, block_size: capacity.block_size }
    }
}

/// Names a device type (SPC-4, table 139).
const fn device_type(code: u8) -> &'static str {
    match code {
        0x00 => "disk",
        0x01 => "tape",
        0x05 => "CD/DVD",
        0x08 => "medium changer",
        0x0c => "storage array controller",
        0x0d => "enclosure services",
        0x1f => "none",
        _ => "other",
    }
}

fn table(report: &Report) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: String| output::add_row(&mut table, &[name.to_owned(), value]);
    row("LUN:", report.lun.clone());
    row("device type:", format!("0x{:02x} ({})", report.device_type, device_type(report.device_type)));
    if report.peripheral_qualifier != 0 {
        row("peripheral qualifier:", format!("{} (no device here)", report.peripheral_qualifier));
    }
    row("removable:", if report.removable { "yes" } else { "no" }.to_owned());
    row("vendor:", report.vendor.clone());
    row("product:", report.product.clone());
    row("revision:", report.revision.clone());
    row("serial number:", report.serial_number.clone().unwrap_or_else(|| "-".to_owned()));
    for designator in &report.designators {
        row("identification:", designator.clone());
    }
    if let Some(CapacityReport { size, blocks, block_size }) = report.capacity {
        row("size:", format!("{size} bytes ({})", size::show(size)));
        row("blocks:", format!("{blocks} of {block_size} bytes"));
    }
    for remark in report.remarks.iter() {
        row("remark:", remark.to_owned());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_info() {
        let file = expect_test::expect_file!["../../../../schemas/info.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}

//! `iscsi luns`

use clap::Args;
use comfy_table::{ColumnConstraint, Table};
use iscsi_initiator::{Error, Lun, LunList, LunListOrigin, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size, values};
use crate::failure::Failure;
use crate::messages::note;
use crate::output::remarks::Remarks;
use crate::output::remarks::UnauthenticatedReason;
use crate::{output, session};

pub(super) const EXAMPLE: &str = "Example: iscsi luns iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
pub(super) const DETAILS: &str = "\
A unit that fails does not hide the others; remarks name what is missing.
Without LUN 0, the REPORT LUNS well known logical unit is asked for the list.";

#[derive(Args)]
pub(crate) struct Luns {
    #[arg(help = "iscsi://host[:port]/target")]
    url: String,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A logical unit. What it does not report is null, and the remarks say why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unit {
    #[serde(skip)]
    address: Lun,
    /// The logical unit number.
    lun: String,
    /// The peripheral device type (SPC-4, table 139).
    device_type: Option<u8>,
    /// The capacity in bytes; of disks only.
    size: Option<u64>,
    /// The logical block length in bytes; of disks only.
    block_size: Option<u32>,
    /// The vendor identification.
    vendor: Option<String>,
    /// The product identification.
    product: Option<String>,
    /// What is missing, and why.
    remarks: Remarks,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<UnauthenticatedReason>,
}

impl Luns {
    /// Shows the units, also when the session ends before all of them are asked.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = values::target_url(&self.url)?;
        let mut units = Vec::new();
        let outcome =
            session::with_units(&self.unit, url, async |session| ask_all(session, &mut units).await).await;
        if outcome.is_ok() || !units.is_empty() {
            output::show_list(output, &units, "no logical units", table)?;
        }
        outcome
    }
}

async fn ask_all(session: &Session, units: &mut Vec<Unit>) -> Result<(), Failure> {
    let list = session.list_luns().await?;
    note_origin(&list);
    let unauthenticated = UnauthenticatedReason::of(session.details());
    units.extend(list.luns.into_iter().map(|lun| Unit::new(lun, unauthenticated.clone())));
    let mut ended = None;
    for unit in units {
        match ended {
            None => ended = unit.ask(session).await.err(),
            Some(_) => unit.remarks.add("not asked: the session had ended"),
        }
    }
    ended.map_or(Ok(()), |error| Err(error.into()))
}

/// Notes what is unusual about the list.
fn note_origin(list: &LunList) {
    const WELL_KNOWN: &str = "this list is from the REPORT LUNS well known logical unit";
    match &list.origin {
        LunListOrigin::WellKnownLun { refused: Some(error) } => {
            note(&format!("LUN 0 does not list the logical units ({error}); {WELL_KNOWN}"));
        }
        LunListOrigin::WellKnownLun { refused: None } => {
            note(&format!("LUN 0 lists no logical units; {WELL_KNOWN}"));
        }
        LunListOrigin::Lun0Alone { refused } => {
            note(&format!("the target does not list its logical units ({refused}); only LUN 0 was tried"));
        }
        _ => {}
    }
    let listed = list.luns.len();
    if u64::from(list.total) > listed as u64 {
        note(&format!("the target has {} logical units, and listed only {listed}", list.total));
    }
}

impl Unit {
    fn new(lun: Lun, unauthenticated: Option<UnauthenticatedReason>) -> Self {
        Self {
            address: lun,
            lun: lun.to_string(),
            device_type: None,
            size: None,
            block_size: None,
            vendor: None,
            product: None,
            remarks: Remarks::default(),
            unauthenticated,
        }
    }

    /// Asks the unit. Only the end of the session is an error.
    async fn ask(&mut self, session: &Session) -> Result<(), Error> {
        let inquiry = session.inquiry(self.address).await;
        let Some(inquiry) = self.remarks.keep("INQUIRY", inquiry)? else { return Ok(()) };
        self.device_type = Some(inquiry.device_type);
        let is_disk = inquiry.is_disk();
        if inquiry.peripheral_qualifier != 0 {
            self.remarks
                .add(format!("no device here (peripheral qualifier {})", inquiry.peripheral_qualifier));
        }
        (self.vendor, self.product) = (Some(inquiry.vendor), Some(inquiry.product));
        if is_disk {
            let capacity = session.read_capacity(self.address).await;
            let capacity = self.remarks.keep("size", capacity)?;
            self.size = capacity.map(|capacity| capacity.bytes());
            self.block_size = capacity.map(|capacity| capacity.block_size);
        }
        Ok(())
    }
}

/// Formats the units; the column of remarks is shown only if there are any.
fn table(units: &[Unit]) -> Table {
    let mut table = output::table(&["LUN", "SIZE", "BLOCK SIZE", "VENDOR", "PRODUCT", "REMARKS"]);
    for unit in units {
        let size = unit.size.map_or_else(unknown, size::show);
        let block_size = unit.block_size.map_or_else(unknown, |size| size.to_string());
        let [vendor, product] =
            [&unit.vendor, &unit.product].map(|text| text.clone().unwrap_or_else(unknown));
        let remarks = unit.remarks.joined();
        output::add_row(&mut table, &[unit.lun.clone(), size, block_size, vendor, product, remarks]);
    }
    for column in 0..3 {
        output::align_right(&mut table, column);
    }
    if units.iter().all(|unit| unit.remarks.is_empty())
        && let Some(remarks) = table.column_mut(5)
    {
        remarks.set_constraint(ColumnConstraint::Hidden);
    }
    table
}

fn unknown() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_luns() {
        let file = expect_test::expect_file!["../../../../schemas/luns.schema.json"];
        crate::output::expect_schema::<Vec<Unit>>(&file);
    }
}

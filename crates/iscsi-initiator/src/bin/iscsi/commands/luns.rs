//! `iscsi luns`

use clap::Args;
use comfy_table::{ColumnConstraint, Table};
use iscsi_initiator::{Error, Lun, LunList, LunListOrigin, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, size, urls};
use crate::failure::{Failure, note};
use crate::remarks::Remarks;
use crate::unauthenticated::Reason;
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
    session: SessionOptions,
}

/// One logical unit. What it does not say is left out, and the remarks say why. Size and block size are in bytes, and are
/// only known of disks.
#[derive(Serialize)]
struct Unit {
    #[serde(skip)]
    address: Lun,
    lun: String,
    device_type: Option<u8>,
    size: Option<u64>,
    block_size: Option<u32>,
    vendor: Option<String>,
    product: Option<String>,
    remarks: Remarks,
    /// Why the session has no authentication, if it has none and that was not demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<Reason>,
}

impl Luns {
    /// Shows what there is, also when the session ends before all units are asked.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let url = urls::target(&self.url)?;
        let mut units = Vec::new();
        let outcome =
            session::with_session(&self.session, url, async |session| ask_all(session, &mut units).await)
                .await;
        if outcome.is_ok() || !units.is_empty() {
            output::show_list(output, &units, "no logical units", table)?;
        }
        outcome
    }
}

async fn ask_all(session: &Session, units: &mut Vec<Unit>) -> Result<(), Failure> {
    let list = session.list_luns().await?;
    note_origin(&list);
    let unauthenticated = Reason::of(session.details());
    units.extend(list.luns.into_iter().map(|lun| Unit::new(lun, unauthenticated.clone())));
    let mut ended = None;
    for unit in units {
        match ended {
            None => ended = unit.ask(session).await.err(),
            Some(_) => unit.remarks.add("not asked: the session was over"),
        }
    }
    ended.map_or(Ok(()), |error| Err(error.into()))
}

/// What is unusual about the list as a whole.
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
    fn new(lun: Lun, unauthenticated: Option<Reason>) -> Self {
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

    /// Fills in what the unit says. Only the end of the session is an error.
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

/// The column of remarks is shown only if there is one.
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

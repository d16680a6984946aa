//! `iscsi luns`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::scsi::Capacity;
use iscsi_initiator::{Fault, Lun, Session};
use serde::Serialize;

use crate::arguments::Options;
use crate::failure::{Failure, warn};
use crate::unauthenticated::Reason;
use crate::{output, session, size};

#[derive(Args)]
pub(crate) struct Luns {
    #[arg(help = "iscsi://host[:port]/target")]
    url: String,
}

/// One logical unit. Size and block size are in octets, and are only known of disks that answer.
#[derive(Serialize)]
struct Unit {
    lun: String,
    device_type: u8,
    size: Option<u64>,
    block_size: Option<u32>,
    vendor: String,
    product: String,
    /// Why the session has no authentication, if it has none and that was not demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<Reason>,
}

impl Luns {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        let url = session::target(&self.url)?;
        let units = session::with_session(options, url, async |session| {
            let mut units = Vec::new();
            for lun in session.report_luns().await? {
                units.push(Unit::ask(session, lun).await?);
            }
            Ok(units)
        });
        output::show(options.output, &units.await?, |units| table(units))
    }
}

impl Unit {
    async fn ask(session: &Session, lun: Lun) -> Result<Self, Failure> {
        let inquiry = session.inquiry(lun).await?;
        let capacity = if inquiry.is_disk() { capacity(session, lun).await? } else { None };
        Ok(Self {
            lun: lun.to_string(),
            device_type: inquiry.device_type,
            size: capacity.map(|capacity| capacity.octets()),
            block_size: capacity.map(|capacity| capacity.block_size),
            vendor: inquiry.vendor,
            product: inquiry.product,
            unauthenticated: Reason::of(session.details()),
        })
    }
}

/// The size of a disk. One that is not ready must not hide the others.
async fn capacity(session: &Session, lun: Lun) -> Result<Option<Capacity>, Failure> {
    match session.read_capacity(lun).await {
        Ok(capacity) => Ok(Some(capacity)),
        Err(error) if error.fault() == Fault::Command => {
            warn(&format!("LUN {lun}: {error}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn table(units: &[Unit]) -> Table {
    let mut table = output::table(&["LUN", "SIZE", "BLOCK SIZE", "VENDOR", "PRODUCT"]);
    for unit in units {
        let size = unit.size.map_or_else(|| "-".to_owned(), size::show);
        let block_size = unit.block_size.map_or_else(|| "-".to_owned(), |size| size.to_string());
        let (vendor, product) = (unit.vendor.clone(), unit.product.clone());
        output::add_row(&mut table, &[unit.lun.clone(), size, block_size, vendor, product]);
    }
    for column in 0..3 {
        output::align_right(&mut table, column);
    }
    table
}

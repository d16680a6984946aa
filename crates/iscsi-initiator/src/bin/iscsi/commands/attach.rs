//! `iscsi attach`

use std::time::Duration;

use clap::Args;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size};
use crate::attach::daemon;
use crate::attach::device::Device;
use crate::attach::lifecycle::{self, Wanted};
use crate::attach::placement::Place;
use crate::attach::status::Attached;
use crate::attach::time_limits::GIVE_UP;
use crate::failure::Failure;
use crate::output;
use crate::transfer::unit_limits::UnitLimits;

/// The most sockets between the kernel and the program.
const MOST_CONNECTIONS: u64 = 16;

pub(super) const EXAMPLE: &str =
    "Example: iscsi attach --daemon iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
The kernel's NBD driver makes the device (`modprobe nbd`); root or CAP_SYS_ADMIN
may do so. The program serves it until `iscsi detach`, Ctrl-C or SIGTERM; one in
use stays then, until the unit is attached again. Never swap on it.";

/// Attaches a logical unit as a block device.
#[derive(Args)]
pub(crate) struct Attach {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    /// Use this one [default: that of a dead process, or a free one]
    #[arg(long, value_name = "DEVICE", conflicts_with = "reattach")]
    device: Option<Device>,
    /// Take over this device of a dead process, or fail
    #[arg(long, value_name = "DEVICE")]
    reattach: Option<Device>,
    /// Refuse writes
    #[arg(long)]
    read_only: bool,
    /// Go on in the background once it is attached
    #[arg(long)]
    daemon: bool,
    #[arg(long, hide = true, conflicts_with = "daemon")]
    in_background: bool,
    /// Limit of waits for a lost session [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = size::parse_seconds)]
    give_up: Option<Duration>,
    /// Sockets to the kernel [default: 2]
    #[arg(long, value_name = "NUMBER", default_value = "2", value_parser = connections, hide_default_value = true)]
    connections: usize,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

fn connections(text: &str) -> Result<usize, String> {
    let number = size::parse_number(text, 1, MOST_CONNECTIONS)?;
    usize::try_from(number).map_err(|_| "too many".to_owned())
}

impl Attach {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        if self.daemon {
            return daemon::start();
        }
        let place = match (self.device, self.reattach) {
            (_, Some(device)) => Place::TakeOver(device),
            (Some(device), None) => Place::Device(device),
            (None, None) => Place::Free,
        };
        let wanted = Wanted {
            url: &self.url,
            unit: &self.unit,
            overrides: self.limits.overrides(),
            place,
            read_only: self.read_only,
            connections: self.connections,
            give_up: self.give_up.unwrap_or(GIVE_UP),
        };
        Box::pin(lifecycle::attach(&wanted, |attached| self.show(output, attached))).await
    }

    /// Prints the device, and leaves the foreground if that is asked for.
    fn show(&self, output: Output, attached: &Attached) -> Result<(), Failure> {
        output::show(output, attached, |attached| {
            let mut table = output::table(&[]);
            output::add_row(&mut table, std::array::from_ref(&attached.device));
            table
        })?;
        if self.in_background {
            daemon::leave_foreground().map_err(Failure::local("go on in the background"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_attach() {
        let file = expect_test::expect_file!["../../../../schemas/attach.schema.json"];
        crate::output::expect_schema::<Attached>(&file);
    }

    #[test]
    fn sockets_are_from_one_to_sixteen() {
        assert_eq!([connections("1"), connections("16")], [Ok(1), Ok(16)]);
        assert!(connections("0").is_err() && connections("17").is_err());
    }
}

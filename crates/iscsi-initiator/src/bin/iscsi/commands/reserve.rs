//! `iscsi reserve`: persistent reservations (SPC-4, 5.12).

mod change;
mod key;
mod list;
mod reservation_report;
mod service_actions;

use clap::Subcommand;

use crate::arguments::values::Output;
use crate::failure::Failure;
pub(super) use reservation_report::ReservationReport;

pub(super) const EXAMPLE: &str =
    "Example: iscsi reserve list iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";

/// The commands about persistent reservations, named as the service actions of the standard.
#[derive(Subcommand)]
pub(crate) enum Reserve {
    /// List registrations, the reservation, and what the unit supports
    #[command(before_help = EXAMPLE, after_help = LIST)]
    List(Box<list::List>),
    /// Register a key for this initiator port
    #[command(before_help = REGISTER_EXAMPLE, after_help = REGISTER)]
    Register(Box<service_actions::Register>),
    /// Remove the registration of this initiator port
    #[command(before_help = UNREGISTER_EXAMPLE, after_help = UNREGISTER)]
    Unregister(Box<service_actions::Unregister>),
    /// Reserve the logical unit
    #[command(name = "reserve", before_help = RESERVE_EXAMPLE, after_help = RESERVE)]
    Make(Box<service_actions::MakeReservation>),
    /// End the reservation that this initiator port holds
    #[command(before_help = RELEASE_EXAMPLE, after_help = RELEASE)]
    Release(Box<service_actions::Release>),
    /// Remove the registrations of another key, and take its reservation
    #[command(before_help = PREEMPT_EXAMPLE, after_help = PREEMPT)]
    Preempt(Box<service_actions::Preempt>),
    /// End the reservation and remove all registrations
    #[command(before_help = CLEAR_EXAMPLE, after_help = CLEAR)]
    Clear(Box<service_actions::Clear>),
}

const REGISTER_EXAMPLE: &str = "\
Example: iscsi reserve register --key 0xa1
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
const UNREGISTER_EXAMPLE: &str = "\
Example: iscsi reserve unregister --key 0xa1
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
const RESERVE_EXAMPLE: &str = "\
Example: iscsi reserve reserve --key 0xa1 --type write-exclusive
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
const RELEASE_EXAMPLE: &str = "\
Example: iscsi reserve release --key 0xa1
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
const PREEMPT_EXAMPLE: &str = "\
Example: iscsi reserve preempt --key 0xa1 --victim 0xb2
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
const CLEAR_EXAMPLE: &str = "\
Example: iscsi reserve clear --key 0xa1
  iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";

const LIST: &str = "\
The unit names the initiator port of each registration if it supports READ FULL
STATUS; otherwise only the keys are listed. Remarks name what is missing.";
const REGISTER: &str = "\
A registration belongs to an initiator port: the initiator name together with
the ISID. Commands that do not run at the same time have the same ISID, which is
kept beside the initiator name. Without --new-key and --ignore-existing the port
must not be registered yet. Keys are 0x and up to 16 hexadecimal digits, or all
16 of them.";
const UNREGISTER: &str = "A reservation that only this initiator port holds ends with its registration.";
const RESERVE: &str = "\
Types: write-exclusive, exclusive-access, and each of both with
-registrants-only or -all-registrants. The initiator port must be registered
with the key.";
const RELEASE: &str = "Without --type, the unit is asked for the type of the reservation first.";
const PREEMPT: &str = "\
If the registrations removed include the holder of the reservation, this
initiator port holds one of --type from then on. Without --type, the unit is
asked for the type of the reservation first. Types are those of `iscsi reserve
reserve`. --victim 0x0 stands for all other registrants of a reservation that
all registrants hold.";
const CLEAR: &str = "All initiators lose their registrations, and get a unit attention.";

impl Reserve {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(output).await,
            Self::Register(command) => command.run(output).await,
            Self::Unregister(command) => command.run(output).await,
            Self::Make(command) => command.run(output).await,
            Self::Release(command) => command.run(output).await,
            Self::Preempt(command) => command.run(output).await,
            Self::Clear(command) => command.run(output).await,
        }
    }
}

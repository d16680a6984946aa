//! `iscsi reserve register`, `unregister`, `reserve`, `release`, `preempt` and `clear`: one service action of PERSISTENT
//! RESERVE OUT each (SPC-4, 6.15).

use clap::Args;
use iscsi_initiator::scsi::{PersistentReserveOut, ReservationType};
use iscsi_initiator::{Error, Lun, Session};

use super::change::{Place, present_type};
use super::key::{parse_any_key, parse_key, parse_type};
use crate::arguments::values::Output;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct Register {
    /// The key; with --new-key the one so far
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    /// Replace the key by this one
    #[arg(long, value_name = "KEY", value_parser = parse_key, conflicts_with = "ignore_existing")]
    new_key: Option<u64>,
    /// Replace whatever key is registered so far
    #[arg(long)]
    ignore_existing: bool,
    /// Have registrations and reservation survive power loss
    #[arg(long)]
    aptpl: bool,
    #[command(flatten)]
    place: Place,
}

impl Register {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        self.place.change(output, async |_, _| Ok(self.service_action())).await
    }

    fn service_action(&self) -> PersistentReserveOut {
        let (survives_power_loss, all_target_ports) = (self.aptpl, false);
        if self.ignore_existing {
            let new_key = self.key;
            return PersistentReserveOut::RegisterAndIgnoreExistingKey {
                new_key,
                survives_power_loss,
                all_target_ports,
            };
        }
        let (key, new_key) = self.new_key.map_or((0, self.key), |new_key| (self.key, new_key));
        let initiators = Vec::new();
        PersistentReserveOut::Register { key, new_key, survives_power_loss, all_target_ports, initiators }
    }
}

#[derive(Args)]
pub(crate) struct Unregister {
    /// The key registered
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    #[command(flatten)]
    place: Place,
}

impl Unregister {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let command = PersistentReserveOut::Register {
            key: self.key,
            new_key: 0,
            survives_power_loss: false,
            all_target_ports: false,
            initiators: Vec::new(),
        };
        self.place.change(output, async |_, _| Ok(command)).await
    }
}

#[derive(Args)]
pub(crate) struct MakeReservation {
    /// The key registered
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    /// The type of the reservation
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    kind: ReservationType,
    #[command(flatten)]
    place: Place,
}

impl MakeReservation {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let command = PersistentReserveOut::Reserve { key: self.key, reservation_type: self.kind };
        self.place.change(output, async |_, _| Ok(command)).await
    }
}

#[derive(Args)]
pub(crate) struct Release {
    /// The key registered
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    /// The type of the reservation [default: the present one]
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    kind: Option<ReservationType>,
    #[command(flatten)]
    place: Place,
}

impl Release {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let command = async |session: &Session, lun| {
            let reservation_type = type_or_present(self.kind, session, lun).await?;
            Ok(PersistentReserveOut::Release { key: self.key, reservation_type })
        };
        self.place.change(output, command).await
    }
}

#[derive(Args)]
pub(crate) struct Preempt {
    /// The key registered
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    /// The key whose registrations are removed
    #[arg(long, value_name = "KEY", value_parser = parse_any_key)]
    victim: u64,
    /// Abort the commands of those initiators too
    #[arg(long)]
    abort: bool,
    /// The type of the reservation [default: the present one]
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    kind: Option<ReservationType>,
    #[command(flatten)]
    place: Place,
}

impl Preempt {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let command = async |session: &Session, lun| {
            let reservation_type = type_or_present(self.kind, session, lun).await?;
            let (key, preempted_key) = (self.key, self.victim);
            Ok(if self.abort {
                PersistentReserveOut::PreemptAndAbort { key, preempted_key, reservation_type }
            } else {
                PersistentReserveOut::Preempt { key, preempted_key, reservation_type }
            })
        };
        self.place.change(output, command).await
    }
}

/// The type that was given, or that of the present reservation.
///
/// # Cancel safety
/// When the future is dropped, nothing has changed.
async fn type_or_present(
    given: Option<ReservationType>,
    session: &Session,
    lun: Lun,
) -> Result<ReservationType, Error> {
    match given {
        Some(kind) => Ok(kind),
        None => present_type(session, lun).await,
    }
}

#[derive(Args)]
pub(crate) struct Clear {
    /// The key registered
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: u64,
    #[command(flatten)]
    place: Place,
}

impl Clear {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let command = PersistentReserveOut::Clear { key: self.key };
        self.place.change(output, async |_, _| Ok(command)).await
    }
}

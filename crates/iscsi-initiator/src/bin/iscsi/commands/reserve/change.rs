//! A change of the persistent reservations of a logical unit: one PERSISTENT RESERVE OUT, and its result.

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::scsi::{PersistentReserveOut, ReadReservation, ReservationType};
use iscsi_initiator::{Error, Lun, Session};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::messages::warn;
use crate::output::remarks::UnauthenticatedReason;
use crate::output::sections::Sections;
use crate::output::{self, reservation};
use crate::session;

/// The logical unit whose reservations are changed, and the session for that.
#[derive(Args)]
pub(super) struct Place {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A change of persistent reservations that was carried out.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The name of the target.
    target: String,
    /// The logical unit number.
    lun: String,
    /// The service action by its name in SPC, such as `PREEMPT AND ABORT`.
    service_action: &'static str,
    /// The key with which the initiator port was registered before; null if that did not matter.
    key: Option<String>,
    /// The key with which it is registered from now on; null if the service action does not register.
    new_key: Option<String>,
    /// The key whose registrations were removed; null if the service action removes none of others.
    removed_key: Option<String>,
    /// The type of the reservation, such as `write-exclusive`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The iSCSI name of the initiator.
    initiator: String,
    /// The ISID, which makes an initiator port of the name.
    isid: String,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

impl Place {
    /// Carries a change out. `service_action` makes it in the session, and may ask the unit for what it needs.
    pub(super) async fn change(
        &self,
        output: Output,
        service_action: impl AsyncFnOnce(&Session, Lun) -> Result<PersistentReserveOut, Error>,
    ) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let report = session::with_units(&self.unit, url, async |session| {
            let command = service_action(session, lun).await?;
            session.send(lun, &command).await?;
            Ok(Report::new(session, lun, &command))
        });
        let report = report.await?;
        if report.new_key.is_some() && !session::keeps_isid(&self.unit.session) {
            warn(&format!(
                "the ISID {} of this session is random and cannot be kept: other commands are another initiator port, \
                 without this registration",
                report.isid
            ));
        }
        output::show(output, &report, table)
    }
}

/// The type of the present reservation, or without one WRITE EXCLUSIVE, which is ignored then.
///
/// # Cancel safety
/// When the future is dropped, nothing has changed.
pub(super) async fn present_type(session: &Session, lun: Lun) -> Result<ReservationType, Error> {
    let status = session.send(lun, &ReadReservation).await?;
    let held = status.reservation.map(|held| held.reservation_type);
    Ok(held.unwrap_or(ReservationType::WRITE_EXCLUSIVE))
}

impl Report {
    fn new(session: &Session, lun: Lun, command: &PersistentReserveOut) -> Self {
        let details = session.details();
        Self {
            target: details.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            lun: lun.to_string(),
            initiator: details.initiator_name.to_string(),
            isid: format!("0x{}", details.isid),
            unauthenticated: UnauthenticatedReason::of(details),
            ..Self::of(command)
        }
    }

    /// The part that is the service action's. A key of 0 stands for none, but is a key to remove.
    fn of(command: &PersistentReserveOut) -> Self {
        use PersistentReserveOut as Out;
        let removed = match *command {
            Out::Preempt { preempted_key, .. } | Out::PreemptAndAbort { preempted_key, .. } => {
                Some(preempted_key)
            }
            _ => None,
        };
        let (service_action, keys, kind) = match *command {
            Out::Register { key, new_key, .. } => ("REGISTER", [key, new_key], None),
            Out::RegisterAndIgnoreExistingKey { new_key, .. } => {
                ("REGISTER AND IGNORE EXISTING KEY", [0, new_key], None)
            }
            Out::Reserve { key, reservation_type } => ("RESERVE", [key, 0], Some(reservation_type)),
            Out::Release { key, reservation_type } => ("RELEASE", [key, 0], Some(reservation_type)),
            Out::Clear { key } => ("CLEAR", [key, 0], None),
            Out::Preempt { key, reservation_type, .. } => ("PREEMPT", [key, 0], Some(reservation_type)),
            Out::PreemptAndAbort { key, reservation_type, .. } => {
                ("PREEMPT AND ABORT", [key, 0], Some(reservation_type))
            }
            Out::RegisterAndMove { key, new_key, .. } => ("REGISTER AND MOVE", [key, new_key], None),
            Out::ReplaceLostReservation { new_key, reservation_type, .. } => {
                ("REPLACE LOST RESERVATION", [0, new_key], Some(reservation_type))
            }
        };
        let [key, new_key] = keys.map(|key| Some(key).filter(|key| *key != 0).map(reservation::key));
        let (removed_key, kind) = (removed.map(reservation::key), kind.map(reservation::type_name));
        Self { service_action, key, new_key, removed_key, kind, ..Self::default() }
    }
}

fn table(report: &Report) -> Table {
    let mut sections = Sections::new();
    sections.row("target", &report.target);
    sections.row("LUN", &report.lun);
    sections.row("service action", report.service_action);
    sections.row_of("type", report.kind.as_ref());
    sections.row_of("key", report.key.as_ref());
    sections.row_of("new key", report.new_key.as_ref());
    sections.row_of("removed key", report.removed_key.as_ref());
    sections.row("initiator port", format!("{}, ISID {}", report.initiator, report.isid));
    sections.into_table()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_changes() {
        let file = expect_test::expect_file!["../../../../../schemas/reserve-change.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }

    #[test]
    fn a_report_has_the_keys_that_the_service_action_has() {
        let register = PersistentReserveOut::Register {
            key: 0,
            new_key: 0xa,
            survives_power_loss: false,
            all_target_ports: false,
            initiators: Vec::new(),
        };
        let report = Report::of(&register);
        assert_eq!((report.key, report.new_key), (None, Some("0x000000000000000a".to_owned())));
        let preempt = PersistentReserveOut::PreemptAndAbort {
            key: 0xa,
            preempted_key: 0xb,
            reservation_type: ReservationType::EXCLUSIVE_ACCESS,
        };
        let report = Report::of(&preempt);
        assert_eq!((report.service_action, report.new_key), ("PREEMPT AND ABORT", None));
        assert_eq!(report.removed_key.as_deref(), Some("0x000000000000000b"));
        assert_eq!(report.kind.as_deref(), Some("exclusive-access"));
    }
}

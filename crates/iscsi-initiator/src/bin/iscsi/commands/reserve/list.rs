//! `iscsi reserve list`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::scsi::{
    FullReservationStatus, ReadFullStatus, ReadKeys, ReadReservation, Registration,
    ReportReservationCapabilities, ReservationCapabilities, ReservationKeys, TransportId,
};
use iscsi_initiator::{Error, Lun, Session};
use serde::Serialize;

use super::ReservationReport;
use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, values};
use crate::failure::Failure;
use crate::output::remarks::{Remarks, UnauthenticatedReason};
use crate::output::sections::Sections;
use crate::output::{self, hex_dump, reservation};
use crate::session;

#[derive(Args)]
pub(crate) struct List {
    #[arg(help = "iscsi://host[:port]/target/lun")]
    url: String,
    #[command(flatten)]
    unit: UnitOptions,
}

/// The persistent reservations of a logical unit. What it does not report is null or empty, and the remarks say why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The logical unit number.
    lun: String,
    /// A counter of the changes of the registrations (PRGENERATION).
    generation: u32,
    /// The keys in the target's order, one for each registration.
    keys: Vec<String>,
    /// The reservation; null if there is none.
    reservation: Option<ReservationReport>,
    /// The registrations with their initiator ports.
    registrations: Vec<RegistrationReport>,
    /// The reservations that the unit supports.
    capabilities: Option<CapabilitiesReport>,
    /// What is missing, and why.
    remarks: Remarks,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

/// A registration.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RegistrationReport {
    /// The key.
    key: String,
    /// Whether it holds the reservation.
    holds_reservation: bool,
    /// Whether its initiator port is the one of this session.
    is_own: bool,
    /// The iSCSI name of the initiator; null if it is not an iSCSI initiator.
    initiator: Option<String>,
    /// The ISID, which makes an initiator port of the name; null if the registration is for all ports.
    isid: Option<String>,
    /// The `TransportID` in hexadecimal digits.
    transport_id: String,
    /// The relative identifier of the target port; null if the registration is for all of them.
    target_port: Option<u16>,
}

/// The reservations that a unit supports.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CapabilitiesReport {
    /// The types; null if the unit does not tell.
    types: Option<Vec<&'static str>>,
    /// Reservations can survive a loss of power (`PTPL_C`).
    can_survive_power_loss: bool,
    /// Reservations survive a loss of power at present (`PTPL_A`).
    survives_power_loss: bool,
    /// A registration can be made for all ports of the target (`ATP_C`).
    all_target_ports: bool,
    /// A registration can be made for other initiators as well (`SIP_C`).
    specify_initiator_ports: bool,
    /// RESERVE (6) and RELEASE (6) succeed for registered initiators (CRH).
    compatible_reservation_handling: bool,
    /// REPLACE LOST RESERVATION is supported (`RLR_C`).
    replace_lost_reservation: bool,
}

impl List {
    /// Shows the answers, also when the session ends before everything is asked.
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let (url, lun) = values::logical_unit_url(&self.url)?;
        let mut report = None;
        let outcome = session::with_units(&self.unit, url, async |session| {
            let keys = session.send(lun, &ReadKeys::default()).await?;
            let report = report.insert(Report::new(lun, keys, UnauthenticatedReason::of(session.details())));
            Ok(report.complete(session, lun).await?)
        });
        let outcome = outcome.await;
        if let Some(report) = &report {
            output::show(output, report, table)?;
        }
        outcome
    }
}

impl Report {
    fn new(lun: Lun, keys: ReservationKeys, unauthenticated: Option<UnauthenticatedReason>) -> Self {
        let mut remarks = Remarks::default();
        let listed = keys.keys.len();
        if u64::from(keys.total) > listed as u64 {
            remarks.add(format!("keys: the unit has {} registrations, and listed {listed}", keys.total));
        }
        Self {
            lun: lun.to_string(),
            generation: keys.generation,
            keys: keys.keys.into_iter().map(reservation::key).collect(),
            reservation: None,
            registrations: Vec::new(),
            capabilities: None,
            remarks,
            unauthenticated,
        }
    }

    /// Asks for everything but the keys. Only the end of the session is an error.
    async fn complete(&mut self, session: &Session, lun: Lun) -> Result<(), Error> {
        let reservation = session.send(lun, &ReadReservation).await;
        let reservation = self.remarks.keep("reservation", reservation)?;
        self.reservation = reservation.and_then(|status| status.reservation).map(ReservationReport::from);
        let status = session.send(lun, &ReadFullStatus::default()).await;
        if let Some(status) = self.remarks.keep("initiators", status)? {
            let details = session.details();
            self.take_registrations(status, |initiator| {
                reservation::is_port(initiator, &details.initiator_name, details.isid)
            });
        }
        let capabilities = session.send(lun, &ReportReservationCapabilities).await;
        self.capabilities = self.remarks.keep("capabilities", capabilities)?.map(CapabilitiesReport::from);
        Ok(())
    }

    fn take_registrations(&mut self, status: FullReservationStatus, is_own: impl Fn(&TransportId) -> bool) {
        if !status.is_complete {
            self.remarks.add("initiators: the list was cut off");
        }
        let registrations = status.registrations.into_iter();
        self.registrations = registrations
            .map(|registration| {
                let is_own = is_own(&registration.initiator);
                RegistrationReport::new(&registration, is_own)
            })
            .collect();
    }
}

impl RegistrationReport {
    fn new(registration: &Registration, is_own: bool) -> Self {
        let (initiator, isid) = match &registration.initiator {
            TransportId::IscsiInitiator(name) => (Some(name.to_string()), None),
            TransportId::IscsiPort { name, isid } => (Some(name.to_string()), Some(format!("0x{isid}"))),
            TransportId::Other(_) => (None, None),
        };
        Self {
            key: reservation::key(registration.key),
            holds_reservation: registration.held.is_some(),
            is_own,
            initiator,
            isid,
            transport_id: hex_dump::digits(&registration.initiator.to_bytes()),
            target_port: (!registration.all_target_ports).then_some(registration.target_port),
        }
    }

    /// Formats the initiator port, and what is special about it.
    fn words(&self) -> String {
        let port = match (&self.initiator, &self.isid) {
            (Some(name), Some(isid)) => format!("{name}, ISID {isid}"),
            (Some(name), None) => name.clone(),
            (None, _) => format!("TransportID {}", self.transport_id),
        };
        let marks = [(self.holds_reservation, "holds the reservation"), (self.is_own, "this initiator port")];
        let marks: Vec<&str> = marks.iter().filter(|mark| mark.0).map(|mark| mark.1).collect();
        if marks.is_empty() { port } else { format!("{port} ({})", marks.join(", ")) }
    }
}

impl From<ReservationCapabilities> for CapabilitiesReport {
    fn from(capabilities: ReservationCapabilities) -> Self {
        let names = capabilities.types.map(|types| {
            let supported = reservation::TYPES.iter().filter(|(kind, _)| types.contains(*kind));
            supported.map(|(_, name)| *name).collect()
        });
        Self {
            types: names,
            can_survive_power_loss: capabilities.can_survive_power_loss,
            survives_power_loss: capabilities.survives_power_loss,
            all_target_ports: capabilities.all_target_ports,
            specify_initiator_ports: capabilities.specify_initiator_ports,
            compatible_reservation_handling: capabilities.compatible_reservation_handling,
            replace_lost_reservation: capabilities.replace_lost_reservation,
        }
    }
}

impl CapabilitiesReport {
    fn rows(&self, sections: &mut Sections) {
        sections.heading("Capabilities");
        for name in self.types.iter().flatten() {
            sections.row("type", *name);
        }
        sections.flag("can survive power loss", self.can_survive_power_loss);
        sections.flag("survives power loss now", self.survives_power_loss);
        sections.flag("all target ports", self.all_target_ports);
        sections.flag("specify initiator ports", self.specify_initiator_ports);
        sections.flag("RESERVE (6) compatible", self.compatible_reservation_handling);
        sections.flag("replace lost reservation", self.replace_lost_reservation);
    }
}

fn table(report: &Report) -> Table {
    let mut sections = Sections::new();
    sections.row("LUN", &report.lun);
    sections.row("generation", report.generation.to_string());
    let reservation = report.reservation.as_ref().map(ReservationReport::words);
    sections.row("reservation", reservation.unwrap_or_else(|| "none".to_owned()));
    sections.heading("Registrations");
    if report.registrations.is_empty() {
        // A unit without READ FULL STATUS tells the keys alone.
        report.keys.iter().for_each(|key| sections.row(key, "-"));
    }
    for registration in &report.registrations {
        sections.row(&registration.key, registration.words());
    }
    if report.keys.is_empty() && report.registrations.is_empty() {
        sections.row("none", "");
    }
    if let Some(capabilities) = &report.capabilities {
        capabilities.rows(&mut sections);
    }
    sections.end_sections();
    report.remarks.iter().for_each(|remark| sections.row("remark", remark));
    sections.into_table()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_reserve_list() {
        let file = expect_test::expect_file!["../../../../../schemas/reserve-list.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}

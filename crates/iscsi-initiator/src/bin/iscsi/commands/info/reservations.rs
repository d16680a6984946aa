//! The persistent reservation of a logical unit, in short; `iscsi reserve list` shows all of it.

use iscsi_initiator::scsi::{ReservationKeys, ReservationStatus};
use serde::Serialize;

use crate::commands::reserve::ReservationReport;
use crate::output::sections::Sections;

/// The persistent reservation of a unit.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ReservationsReport {
    /// The reservation; null if there is none.
    reservation: Option<ReservationReport>,
    /// The number of registrations; null if the unit does not tell.
    registrations: Option<u32>,
}

impl ReservationsReport {
    pub(super) fn new(status: ReservationStatus, keys: Option<&ReservationKeys>) -> Self {
        Self {
            reservation: status.reservation.map(ReservationReport::from),
            registrations: keys.map(|keys| keys.total),
        }
    }

    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Persistent reservations");
        let reservation = self.reservation.as_ref().map(ReservationReport::words);
        sections.row("reservation", reservation.unwrap_or_else(|| "none".to_owned()));
        sections.row_of("registrations", self.registrations);
    }
}

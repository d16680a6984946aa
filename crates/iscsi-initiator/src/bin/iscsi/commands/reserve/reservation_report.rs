//! The persistent reservation of a logical unit, in results.

use iscsi_initiator::scsi::Reservation;
use serde::Serialize;

use crate::output::reservation;

/// A persistent reservation.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::commands) struct ReservationReport {
    /// The type, such as `write-exclusive`; one that the standard does not define is a number.
    #[serde(rename = "type")]
    kind: String,
    /// The type as a number (SPC-4, table 219).
    type_code: u8,
    /// The scope; 0 is the logical unit.
    scope: u8,
    /// The key of the holder; null if all registrants hold the reservation.
    key: Option<String>,
}

impl From<Reservation> for ReservationReport {
    fn from(held: Reservation) -> Self {
        Self {
            kind: reservation::type_name(held.reservation_type),
            type_code: held.reservation_type.0,
            scope: held.scope,
            key: (held.key != 0).then(|| reservation::key(held.key)),
        }
    }
}

impl ReservationReport {
    /// Formats the type and the key.
    pub(in crate::commands) fn words(&self) -> String {
        let holder =
            self.key.as_ref().map_or_else(|| "all registrants".to_owned(), |key| format!("key {key}"));
        format!("{}, held by {holder}", self.kind)
    }
}

//! Reservations of a logical unit: persistent ones (SPC-4, 5.12) and those of SPC-2 that end with the session.

mod persistent_reserve_in;
mod persistent_reserve_out;
mod read_full_status;
mod read_keys;
mod read_reservation;
mod release_6;
mod report_capabilities;
mod reservation_type;
mod reserve_6;
mod transport_id;

pub use persistent_reserve_out::PersistentReserveOut;
pub use read_full_status::{FullReservationStatus, ReadFullStatus, Registration};
pub use read_keys::{ReadKeys, ReservationKeys};
pub use read_reservation::{ReadReservation, Reservation, ReservationStatus};
pub use release_6::Release6;
pub use report_capabilities::{ReportReservationCapabilities, ReservationCapabilities};
pub use reservation_type::{ReservationType, ReservationTypes};
pub use reserve_6::Reserve6;
pub use transport_id::TransportId;

//! Reservations of a logical unit: persistent ones (SPC-4, 5.12) and those of SPC-2 that end with the session.
//!
//! ```no_run
//! # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
//! use iscsi_initiator::{Lun, scsi::{PersistentReserveOut, ReadReservation, ReservationType}};
//! let (key, reservation_type) = (0x1122_3344, ReservationType::WRITE_EXCLUSIVE);
//! let register = PersistentReserveOut::RegisterAndIgnoreExistingKey {
//!     new_key: key,
//!     survives_power_loss: false,
//!     all_target_ports: false,
//! };
//! session.send(Lun::ZERO, &register).await?;
//! session.send(Lun::ZERO, &PersistentReserveOut::Reserve { key, reservation_type }).await?;
//! let status = session.send(Lun::ZERO, &ReadReservation).await?;
//! assert_eq!(status.reservation.map(|reservation| reservation.key), Some(key));
//! # Ok(()) }
//! ```

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

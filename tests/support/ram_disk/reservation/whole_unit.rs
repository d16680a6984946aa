//! RESERVE (6) and RELEASE (6): a reservation that ends with its session (SPC-2, 7.21 and 7.16; SPC-4, 5.12.3).

use super::{InitiatorPort, Reservations};
use crate::ram_disk::cdb::operation;

impl Reservations {
    /// Checks whether a reservation of the whole unit, or a registration, keeps a command of this port out.
    pub(super) fn is_taken_for(&self, port: &InitiatorPort, operation: u8) -> bool {
        match operation {
            operation::RESERVE_6 | operation::RELEASE_6 if !self.registrations.is_empty() => true,
            operation::INQUIRY | operation::REPORT_LUNS | operation::REQUEST_SENSE | operation::RELEASE_6 => {
                false
            }
            operation::PERSISTENT_RESERVE_IN | operation::PERSISTENT_RESERVE_OUT => {
                self.unit_holder.is_some()
            }
            _ => self.unit_holder.as_ref().is_some_and(|holder| holder != port),
        }
    }

    /// RESERVE (6).
    pub(in crate::ram_disk) fn reserve_unit(&mut self, port: &InitiatorPort) {
        self.unit_holder = Some(port.clone());
    }

    /// RELEASE (6), or the end of a session: without an effect if the port holds nothing.
    pub(in crate::ram_disk) fn release_unit(&mut self, port: &InitiatorPort) {
        self.unit_holder.take_if(|holder| holder == port);
    }

    /// A reset ends the reservation of any port.
    pub(in crate::ram_disk) fn reset(&mut self) {
        self.unit_holder = None;
    }
}

//! Registrations of initiator ports (SPC-4, 5.12.7 and 5.12.8).

use super::parameters::Parameters;
use super::{
    CONFLICT, Consequences, InitiatorPort, MOST_REGISTRATIONS, Registration, Reservation, Reservations,
};
use crate::ram_disk::Sense;
use crate::ram_disk::scsi::Rejection;

const INVALID: Rejection = Rejection::Check(Sense::INVALID_FIELD_IN_LIST);
/// The relative identifier of the target's only port.
const TARGET_PORT: u16 = 1;

impl Reservations {
    pub(super) fn register(
        &mut self,
        port: &InitiatorPort,
        list: &Parameters,
        ignore_key: bool,
    ) -> Result<Consequences, Rejection> {
        let registered = self.key_of(port);
        // Only a port that is new registers others.
        if list.ports.is_some() && (ignore_key || registered.is_some()) {
            return Err(INVALID);
        }
        if !ignore_key && registered.unwrap_or_default() != list.key {
            return Err(CONFLICT);
        }
        let ports = || list.ports.iter().flatten().chain([port]);
        if list.service_action_key != 0 && self.registrations.len() + ports().count() > MOST_REGISTRATIONS {
            return Err(Rejection::Check(Sense::INSUFFICIENT_REGISTRATIONS));
        }
        self.generation = self.generation.wrapping_add(1);
        self.persists = list.persists;
        if list.service_action_key == 0 {
            return Ok(self.unregister(port));
        }
        ports().for_each(|port| self.set_key(port, list.service_action_key, list.all_ports));
        Ok(Consequences::default())
    }

    /// Registers another port, and moves the reservation to it.
    pub(super) fn register_and_move(
        &mut self,
        port: &InitiatorPort,
        list: &Parameters,
    ) -> Result<Consequences, Rejection> {
        let Some(held) = &self.reservation else { return Err(Rejection::Check(Sense::INVALID_FIELD)) };
        if !self.is_holder(held, port) || held.kind.is_held_by_all() {
            return Err(CONFLICT);
        }
        let Some([to]) = list.ports.as_deref() else { return Err(INVALID) };
        if to == port || list.service_action_key == 0 || list.target_port != TARGET_PORT {
            return Err(INVALID);
        }
        if self.key_of(to).is_none() && self.registrations.len() >= MOST_REGISTRATIONS {
            return Err(Rejection::Check(Sense::INSUFFICIENT_REGISTRATIONS));
        }
        self.reservation = Some(Reservation { holder: to.clone(), kind: held.kind });
        self.generation = self.generation.wrapping_add(1);
        self.persists = list.persists;
        self.set_key(to, list.service_action_key, false);
        if list.unregisters {
            self.registrations.retain(|known| known.port != *port);
        }
        Ok(Consequences::default())
    }

    fn set_key(&mut self, port: &InitiatorPort, key: u64, all_ports: bool) {
        match self.registrations.iter_mut().find(|known| known.port == *port) {
            Some(known) => (known.key, known.all_ports) = (key, all_ports),
            None => self.registrations.push(Registration { port: port.clone(), key, all_ports }),
        }
    }

    /// Removes a registration; a reservation that nobody holds any more is released.
    fn unregister(&mut self, port: &InitiatorPort) -> Consequences {
        self.registrations.retain(|known| known.port != *port);
        let Some(held) = &self.reservation else { return Consequences::default() };
        let is_last =
            if held.kind.is_held_by_all() { self.registrations.is_empty() } else { held.holder == *port };
        if is_last { self.drop_reservation(port) } else { Consequences::default() }
    }
}

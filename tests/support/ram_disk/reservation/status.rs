//! PERSISTENT RESERVE IN (SPC-4, 6.14).

use super::{Registration, Reservation, Reservations};

const KEYS: u8 = 0;
const RESERVATION: u8 = 1;
const CAPABILITIES: u8 = 2;
const FULL_STATUS: u8 = 3;

impl Reservations {
    /// The answer to a service action; `None` if there is no such action.
    pub(in crate::ram_disk) fn report(&self, service_action: u8) -> Option<Vec<u8>> {
        let list = match service_action {
            KEYS => self.registrations.iter().flat_map(|known| known.key.to_be_bytes()).collect(),
            RESERVATION => self.reservation.as_ref().map(|held| self.descriptor(held)).unwrap_or_default(),
            FULL_STATUS => self.registrations.iter().flat_map(|known| self.full_status(known)).collect(),
            // Other initiators, all ports, survives a loss of power if asked to; every type.
            CAPABILITIES => return Some(vec![0, 8, 0x0d, 0x80 | u8::from(self.persists), 0xea, 0x01, 0, 0]),
            _ => return None,
        };
        let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
        Some([&self.generation.to_be_bytes()[..], &length.to_be_bytes(), &list].concat())
    }

    fn descriptor(&self, held: &Reservation) -> Vec<u8> {
        let key = if held.kind.is_held_by_all() { 0 } else { self.key_of(&held.holder).unwrap_or_default() };
        [&key.to_be_bytes()[..], &[0, 0, 0, 0, 0, held.kind.0, 0, 0]].concat()
    }

    /// A full status descriptor (SPC-4, 6.14.5); the target has one port, number 1.
    fn full_status(&self, known: &Registration) -> Vec<u8> {
        const ALL_TG_PT: u8 = 0x02;
        let held = self.reservation.as_ref().filter(|held| self.is_holder(held, &known.port));
        let (is_holder, kind) = held.map_or((0, 0), |held| (1, held.kind.0));
        let flags = is_holder | if known.all_ports { ALL_TG_PT } else { 0 };
        let transport_id = known.port.transport_id();
        let length = u32::try_from(transport_id.len()).unwrap_or(u32::MAX);
        let fields = [&known.key.to_be_bytes()[..], &[0, 0, 0, 0, flags, kind, 0, 0, 0, 0, 0, 1]].concat();
        [&fields[..], &length.to_be_bytes(), &transport_id].concat()
    }
}

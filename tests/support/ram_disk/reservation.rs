//! Persistent reservations of one unit (SPC-4, 5.12): registrations, and at most one reservation.

use iscsi_pdu::{IscsiName, Isid, ScsiStatus};

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::Rejection;

/// Registrations kept of a unit.
const MOST_REGISTRATIONS: usize = 64;
/// Bytes of the parameter list of PERSISTENT RESERVE OUT.
pub(super) const LIST_LENGTH: u32 = 24;

/// An initiator port: the initiator's end of an `I_T` nexus.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InitiatorPort {
    initiator: IscsiName,
    isid: [u8; 6],
}

impl InitiatorPort {
    pub(super) const fn new(initiator: IscsiName, isid: Isid) -> Self {
        Self { initiator, isid: isid.0 }
    }

    /// The `TransportID` of the port, name and ISID in text padded with NULs (SPC-4, 7.6.4.6).
    fn transport_id(&self) -> Vec<u8> {
        const ISCSI_PORT: u8 = 0x45;
        let isid = self.isid.map(|byte| format!("{byte:02x}")).concat();
        let mut name = format!("{},i,0x{isid}", self.initiator.identity()).into_bytes();
        name.resize((name.len() + 1).next_multiple_of(4), 0);
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        [&[ISCSI_PORT, 0][..], &length.to_be_bytes(), &name].concat()
    }
}

/// Type of a reservation (SPC-4, 6.15.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    /// Write exclusive and exclusive access, for the holder alone, for registrants, and held by all registrants.
    const ALL: [u8; 6] = [1, 3, 5, 6, 7, 8];

    /// The type of a CDB; `None` if it is unknown, or not for the whole unit.
    fn of(cdb: &Cdb) -> Option<Self> {
        Self::ALL.contains(&cdb.byte(2)).then_some(Self(cdb.byte(2)))
    }

    const fn forbids_reads(self) -> bool {
        matches!(self.0, 3 | 6 | 8)
    }

    const fn admits_registrants(self) -> bool {
        matches!(self.0, 5..=8)
    }

    const fn is_held_by_all(self) -> bool {
        matches!(self.0, 7 | 8)
    }
}

#[derive(Clone, Debug)]
struct Registration {
    port: InitiatorPort,
    key: u64,
}

#[derive(Clone, Debug)]
struct Reservation {
    holder: InitiatorPort,
    kind: Kind,
}

/// The registrations and the reservation of a unit.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservations {
    registrations: Vec<Registration>,
    reservation: Option<Reservation>,
    generation: u32,
    /// True if all of it survives a loss of power (`APTPL`).
    persists: bool,
}

/// The consequences of a PERSISTENT RESERVE OUT for other initiator ports.
#[derive(Default)]
pub(super) struct Consequences {
    pub(super) attentions: Vec<(InitiatorPort, Sense)>,
    /// Ports whose tasks are aborted.
    pub(super) aborted: Vec<InitiatorPort>,
}

/// The parameter list of a PERSISTENT RESERVE OUT.
struct Parameters {
    key: u64,
    service_action_key: u64,
    flags: u8,
}

impl Parameters {
    fn parse(data: &[u8]) -> Option<Self> {
        let (key, rest) = data.split_first_chunk()?;
        let (service_action_key, rest) = rest.split_first_chunk()?;
        let flags = *rest.get(4)?;
        Some(Self {
            key: u64::from_be_bytes(*key),
            service_action_key: u64::from_be_bytes(*service_action_key),
            flags,
        })
    }
}

const CONFLICT: Rejection = Rejection::Status(ScsiStatus::RESERVATION_CONFLICT);

impl Reservations {
    /// Checks whether a reservation keeps a command of this port out (SPC-4, tables 52 and 53; SBC-3, table 13).
    pub(super) fn conflicts(&self, port: &InitiatorPort, operation: u8) -> bool {
        let Some(reservation) = &self.reservation else { return false };
        let is_kept_out = match operation {
            operation::READ_6
            | operation::READ_10
            | operation::READ_12
            | operation::READ_16
            | operation::VERIFY_10
            | operation::VERIFY_12
            | operation::VERIFY_16
            | operation::PRE_FETCH_10
            | operation::PRE_FETCH_16
            | operation::READ_DEFECT_DATA_10
            | operation::READ_DEFECT_DATA_12
            | operation::MODE_SENSE_6
            | operation::MODE_SENSE_10 => reservation.kind.forbids_reads(),
            operation::WRITE_6
            | operation::WRITE_10
            | operation::WRITE_12
            | operation::WRITE_16
            | operation::WRITE_ATOMIC_16
            | operation::WRITE_AND_VERIFY_10
            | operation::WRITE_AND_VERIFY_12
            | operation::WRITE_AND_VERIFY_16
            | operation::WRITE_SAME_10
            | operation::WRITE_SAME_16
            | operation::COMPARE_AND_WRITE
            | operation::OR_WRITE_16
            | operation::UNMAP
            | operation::SANITIZE
            | operation::SYNCHRONIZE_CACHE_10
            | operation::SYNCHRONIZE_CACHE_16
            | operation::MODE_SELECT_6
            | operation::MODE_SELECT_10
            | operation::WRITE_BUFFER
            | operation::START_STOP_UNIT => true,
            _ => false,
        };
        is_kept_out && !self.admits(reservation, port)
    }

    fn admits(&self, reservation: &Reservation, port: &InitiatorPort) -> bool {
        let is_registered = reservation.kind.admits_registrants() && self.key_of(port).is_some();
        is_registered || self.is_holder(reservation, port)
    }

    fn is_holder(&self, reservation: &Reservation, port: &InitiatorPort) -> bool {
        if reservation.kind.is_held_by_all() {
            return self.key_of(port).is_some();
        }
        reservation.holder == *port
    }

    fn key_of(&self, port: &InitiatorPort) -> Option<u64> {
        self.registrations.iter().find(|known| known.port == *port).map(|known| known.key)
    }

    /// Another initiator port registers, and reserves the unit for its own writes.
    pub(super) fn take(&mut self, port: InitiatorPort) {
        const WRITE_EXCLUSIVE: Kind = Kind(1);
        self.registrations.push(Registration { port: port.clone(), key: 1 });
        self.reservation = Some(Reservation { holder: port, kind: WRITE_EXCLUSIVE });
    }

    pub(super) fn lose_power(&mut self) {
        if !self.persists {
            *self = Self::default();
        }
    }

    /// PERSISTENT RESERVE IN (SPC-4, 6.14).
    pub(super) fn report(&self, service_action: u8) -> Option<Vec<u8>> {
        const KEYS: u8 = 0;
        const RESERVATION: u8 = 1;
        const CAPABILITIES: u8 = 2;
        const FULL_STATUS: u8 = 3;
        let list = match service_action {
            KEYS => self.registrations.iter().flat_map(|known| known.key.to_be_bytes()).collect(),
            RESERVATION => self.reservation.as_ref().map(|held| self.descriptor(held)).unwrap_or_default(),
            FULL_STATUS => self.registrations.iter().flat_map(|known| self.full_status(known)).collect(),
            // Survives a loss of power if asked to; every type.
            CAPABILITIES => return Some(vec![0, 8, 0x01, 0x80 | u8::from(self.persists), 0xea, 0x01, 0, 0]),
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
        let held = self.reservation.as_ref().filter(|held| self.is_holder(held, &known.port));
        let (is_holder, kind) = held.map_or((0, 0), |held| (1, held.kind.0));
        let transport_id = known.port.transport_id();
        let length = u32::try_from(transport_id.len()).unwrap_or(u32::MAX);
        let fields =
            [&known.key.to_be_bytes()[..], &[0, 0, 0, 0, is_holder, kind, 0, 0, 0, 0, 0, 1]].concat();
        [&fields[..], &length.to_be_bytes(), &transport_id].concat()
    }

    /// PERSISTENT RESERVE OUT (SPC-4, 6.15).
    pub(super) fn change(
        &mut self,
        port: &InitiatorPort,
        cdb: &Cdb,
        data: &[u8],
    ) -> Result<Consequences, Rejection> {
        const REGISTER: u8 = 0;
        const RESERVE: u8 = 1;
        const RELEASE: u8 = 2;
        const CLEAR: u8 = 3;
        const PREEMPT: u8 = 4;
        const PREEMPT_AND_ABORT: u8 = 5;
        const REGISTER_AND_IGNORE: u8 = 6;
        let list = Parameters::parse(data).ok_or(Rejection::Check(Sense::PARAMETER_LIST_LENGTH))?;
        let action = cdb.service_action();
        if matches!(action, REGISTER | REGISTER_AND_IGNORE) {
            return self.register(port, &list, action == REGISTER_AND_IGNORE);
        }
        if self.key_of(port).is_none_or(|key| key != list.key) {
            return Err(CONFLICT);
        }
        let kind = || Kind::of(cdb).ok_or(Rejection::Check(Sense::INVALID_FIELD));
        match action {
            RESERVE => self.reserve(port, kind()?),
            RELEASE => self.release(port, kind()?),
            CLEAR => Ok(self.clear(port)),
            PREEMPT | PREEMPT_AND_ABORT => {
                self.preempt(port, kind()?, list.service_action_key, action == PREEMPT_AND_ABORT)
            }
            _ => Err(Rejection::Check(Sense::INVALID_FIELD)),
        }
    }

    fn register(
        &mut self,
        port: &InitiatorPort,
        list: &Parameters,
        ignore_key: bool,
    ) -> Result<Consequences, Rejection> {
        const SPEC_I_PT: u8 = 0x08;
        const APTPL: u8 = 0x01;
        if list.flags & SPEC_I_PT != 0 {
            return Err(Rejection::Check(Sense::INVALID_FIELD_IN_LIST));
        }
        if !ignore_key && self.key_of(port).unwrap_or_default() != list.key {
            return Err(CONFLICT);
        }
        if list.service_action_key != 0 && self.registrations.len() >= MOST_REGISTRATIONS {
            return Err(Rejection::Check(Sense::INSUFFICIENT_REGISTRATIONS));
        }
        self.generation = self.generation.wrapping_add(1);
        self.persists = list.flags & APTPL != 0;
        let known = self.registrations.iter_mut().find(|known| known.port == *port);
        match (known, list.service_action_key) {
            (_, 0) => return Ok(self.unregister(port)),
            (Some(known), key) => known.key = key,
            (None, key) => self.registrations.push(Registration { port: port.clone(), key }),
        }
        Ok(Consequences::default())
    }

    /// Removes a registration; a reservation that nobody holds any more is released.
    fn unregister(&mut self, port: &InitiatorPort) -> Consequences {
        self.registrations.retain(|known| known.port != *port);
        let Some(held) = &self.reservation else { return Consequences::default() };
        let is_last =
            if held.kind.is_held_by_all() { self.registrations.is_empty() } else { held.holder == *port };
        if is_last { self.drop_reservation(port) } else { Consequences::default() }
    }

    fn reserve(&mut self, port: &InitiatorPort, kind: Kind) -> Result<Consequences, Rejection> {
        match &self.reservation {
            Some(held) if self.is_holder(held, port) && held.kind == kind => {}
            Some(_) => return Err(CONFLICT),
            None => self.reservation = Some(Reservation { holder: port.clone(), kind }),
        }
        Ok(Consequences::default())
    }

    fn release(&mut self, port: &InitiatorPort, kind: Kind) -> Result<Consequences, Rejection> {
        match &self.reservation {
            Some(held) if self.is_holder(held, port) && held.kind == kind => Ok(self.drop_reservation(port)),
            Some(held) if self.is_holder(held, port) => Err(Rejection::Check(Sense::INVALID_RELEASE)),
            _ => Ok(Consequences::default()),
        }
    }

    /// The other registrants learn that a reservation that admitted them is gone (SPC-4, 5.12.11.2).
    fn drop_reservation(&mut self, port: &InitiatorPort) -> Consequences {
        let held = self.reservation.take();
        if held.is_some_and(|held| held.kind.admits_registrants()) {
            return self.tell_others(port, Sense::RESERVATIONS_RELEASED);
        }
        Consequences::default()
    }

    fn tell_others(&self, port: &InitiatorPort, sense: Sense) -> Consequences {
        let others = self.registrations.iter().filter(|known| known.port != *port);
        let attentions = others.map(|known| (known.port.clone(), sense)).collect();
        Consequences { attentions, aborted: Vec::new() }
    }

    fn clear(&mut self, port: &InitiatorPort) -> Consequences {
        let consequences = self.tell_others(port, Sense::RESERVATIONS_PREEMPTED);
        self.reservation = None;
        self.registrations.clear();
        self.generation = self.generation.wrapping_add(1);
        consequences
    }

    /// Removes the registrations with a key, and takes the reservation over if one of them holds it (SPC-4, 5.12.11.4).
    fn preempt(
        &mut self,
        port: &InitiatorPort,
        kind: Kind,
        victim: u64,
        abort: bool,
    ) -> Result<Consequences, Rejection> {
        let is_everybody = self.reservation.as_ref().is_some_and(|held| held.kind.is_held_by_all());
        let takes_over = match &self.reservation {
            Some(_) if is_everybody => victim == 0,
            Some(held) => self.key_of(&held.holder) == Some(victim),
            None => false,
        };
        if victim == 0 && !is_everybody {
            return Err(Rejection::Check(Sense::INVALID_FIELD_IN_LIST));
        }
        let is_victim = |known: &Registration| victim == 0 || known.key == victim;
        if !takes_over && !self.registrations.iter().any(is_victim) {
            return Err(CONFLICT);
        }
        let removed = self.registrations.extract_if(.., |known| is_victim(known) && known.port != *port);
        let removed: Vec<_> = removed.map(|known| known.port).collect();
        self.generation = self.generation.wrapping_add(1);
        if takes_over {
            self.reservation = Some(Reservation { holder: port.clone(), kind });
        }
        let attentions = removed.iter().cloned().map(|port| (port, Sense::REGISTRATIONS_PREEMPTED)).collect();
        Ok(Consequences { attentions, aborted: if abort { removed } else { Vec::new() } })
    }
}

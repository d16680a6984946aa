//! Persistent reservations of one unit (SPC-4, 5.12): registrations, and at most one reservation.

mod action;
mod parameters;
mod registration;
mod status;
mod transport_id;
mod whole_unit;

use iscsi_pdu::{IscsiName, Isid, ScsiStatus};

use action::{
    CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER, REGISTER_AND_IGNORE, REGISTER_AND_MOVE, RELEASE, RESERVE,
};
use parameters::Parameters;
pub(super) use parameters::plan;

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::Rejection;

/// Registrations kept of a unit.
const MOST_REGISTRATIONS: usize = 64;

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
    all_ports: bool,
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
    /// The port that has reserved the unit with RESERVE (6).
    unit_holder: Option<InitiatorPort>,
}

/// The consequences of a command for other initiator ports.
#[derive(Default)]
pub(super) struct Consequences {
    pub(super) attentions: Vec<(InitiatorPort, Sense)>,
    /// Ports whose tasks are aborted.
    pub(super) aborted: Vec<InitiatorPort>,
    /// The condition that all other sessions meet.
    pub(super) others_meet: Option<Sense>,
}

const CONFLICT: Rejection = Rejection::Status(ScsiStatus::RESERVATION_CONFLICT);

impl Reservations {
    /// Checks whether a reservation keeps a command of this port out (SPC-4, tables 52 and 53; SBC-3, table 13).
    pub(super) fn conflicts(&self, port: &InitiatorPort, operation: u8) -> bool {
        if self.is_taken_for(port, operation) {
            return true;
        }
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
            | operation::XD_WRITE_READ_10
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
        self.registrations.push(Registration { port: port.clone(), key: 1, all_ports: false });
        self.reservation = Some(Reservation { holder: port, kind: WRITE_EXCLUSIVE });
    }

    pub(super) fn lose_power(&mut self) {
        if !self.persists {
            *self = Self::default();
        }
        self.reset();
    }

    /// PERSISTENT RESERVE OUT (SPC-4, 6.15).
    pub(super) fn change(
        &mut self,
        port: &InitiatorPort,
        cdb: &Cdb,
        data: &[u8],
    ) -> Result<Consequences, Rejection> {
        let action = cdb.service_action();
        if action > REGISTER_AND_MOVE {
            return Err(Rejection::Check(Sense::INVALID_FIELD));
        }
        let list = Parameters::parse(action, data)?;
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
            REGISTER_AND_MOVE => self.register_and_move(port, &list),
            PREEMPT | PREEMPT_AND_ABORT => {
                self.preempt(port, kind()?, list.service_action_key, action == PREEMPT_AND_ABORT)
            }
            _ => Err(Rejection::Check(Sense::INVALID_FIELD)),
        }
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
        Consequences { attentions, ..Consequences::default() }
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
        let aborted = if abort { removed } else { Vec::new() };
        Ok(Consequences { attentions, aborted, others_meet: None })
    }
}

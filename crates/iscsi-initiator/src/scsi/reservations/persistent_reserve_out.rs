//! PERSISTENT RESERVE OUT (SPC-4, 6.15).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{ReservationType, TransportId};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// PERSISTENT RESERVE OUT: changes registrations or the reservation of a logical unit, one variant for each service action.
///
/// The unit answers with status RESERVATION CONFLICT if the initiator is not registered with the `key` given.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::{PersistentReserveOut, ReadReservation, ReservationType}};
/// let (key, reservation_type) = (0x1122_3344, ReservationType::WRITE_EXCLUSIVE);
/// let register = PersistentReserveOut::RegisterAndIgnoreExistingKey {
///     new_key: key,
///     survives_power_loss: false,
///     all_target_ports: false,
/// };
/// session.send(Lun::ZERO, &register).await?;
/// session.send(Lun::ZERO, &PersistentReserveOut::Reserve { key, reservation_type }).await?;
/// let status = session.send(Lun::ZERO, &ReadReservation).await?;
/// assert_eq!(status.reservation.map(|reservation| reservation.key), Some(key));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersistentReserveOut {
    /// REGISTER: registers a key, replaces it, or unregisters.
    Register {
        /// The key registered so far; 0 if the initiator is not registered.
        key: u64,
        /// The key to register; 0 to unregister.
        new_key: u64,
        /// Registrations and the reservation survive a loss of power (APTPL).
        survives_power_loss: bool,
        /// The registration holds for all ports of the target (`ALL_TG_PT`).
        all_target_ports: bool,
        /// Other initiators that are registered with the same key (`SPEC_I_PT`); empty for none.
        initiators: Vec<TransportId>,
    },
    /// RESERVE: reserves the unit.
    Reserve {
        /// The key registered.
        key: u64,
        /// The type of the reservation.
        reservation_type: ReservationType,
    },
    /// RELEASE: ends the reservation that the initiator holds; without an effect if it holds none.
    Release {
        /// The key registered.
        key: u64,
        /// The type of the reservation.
        reservation_type: ReservationType,
    },
    /// CLEAR: ends the reservation and removes all registrations.
    Clear {
        /// The key registered.
        key: u64,
    },
    /// PREEMPT: removes the registrations of a key, and takes the reservation over if one of them holds it.
    Preempt {
        /// The key registered.
        key: u64,
        /// The key whose registrations are removed.
        preempted_key: u64,
        /// The type of the reservation that is made.
        reservation_type: ReservationType,
    },
    /// PREEMPT AND ABORT: as PREEMPT, and aborts the commands of the initiators whose registrations are removed.
    PreemptAndAbort {
        /// The key registered.
        key: u64,
        /// The key whose registrations are removed.
        preempted_key: u64,
        /// The type of the reservation that is made.
        reservation_type: ReservationType,
    },
    /// REGISTER AND IGNORE EXISTING KEY: as REGISTER, whatever key is registered so far.
    RegisterAndIgnoreExistingKey {
        /// The key to register; 0 to unregister.
        new_key: u64,
        /// Registrations and the reservation survive a loss of power (APTPL).
        survives_power_loss: bool,
        /// The registration holds for all ports of the target (`ALL_TG_PT`).
        all_target_ports: bool,
    },
    /// REGISTER AND MOVE: registers another initiator, and moves the reservation to it.
    RegisterAndMove {
        /// The key registered.
        key: u64,
        /// The key to register for the other initiator, not 0.
        new_key: u64,
        /// Registrations and the reservation survive a loss of power (APTPL).
        survives_power_loss: bool,
        /// The own registration is removed (UNREG).
        unregister: bool,
        /// The relative identifier of the target's port that the other initiator uses.
        target_port: u16,
        /// The other initiator.
        initiator: TransportId,
    },
    /// REPLACE LOST RESERVATION: registers and reserves on a unit that has lost its reservations.
    ReplaceLostReservation {
        /// The key to register, not 0.
        new_key: u64,
        /// The type of the reservation.
        reservation_type: ReservationType,
        /// Registrations and the reservation survive a loss of power (APTPL).
        survives_power_loss: bool,
    },
}

impl PersistentReserveOut {
    /// The scope of a reservation: the logical unit. SPC-4 has no other one.
    const LOGICAL_UNIT_SCOPE: u8 = 0x00;
    const APTPL: u8 = 0x01;
    const ALL_TG_PT: u8 = 0x04;
    const SPEC_I_PT: u8 = 0x08;
    const UNREG: u8 = 0x02;

    const fn service_action(&self) -> u8 {
        match self {
            Self::Register { .. } => 0x00,
            Self::Reserve { .. } => 0x01,
            Self::Release { .. } => 0x02,
            Self::Clear { .. } => 0x03,
            Self::Preempt { .. } => 0x04,
            Self::PreemptAndAbort { .. } => 0x05,
            Self::RegisterAndIgnoreExistingKey { .. } => 0x06,
            Self::RegisterAndMove { .. } => 0x07,
            Self::ReplaceLostReservation { .. } => 0x08,
        }
    }

    /// The type of a service action that makes or ends a reservation.
    const fn reservation_type(&self) -> ReservationType {
        match self {
            Self::Reserve { reservation_type, .. }
            | Self::Release { reservation_type, .. }
            | Self::Preempt { reservation_type, .. }
            | Self::PreemptAndAbort { reservation_type, .. }
            | Self::ReplaceLostReservation { reservation_type, .. } => *reservation_type,
            _ => ReservationType(0),
        }
    }

    /// The parameter list.
    fn parameters(&self) -> Bytes {
        match self {
            Self::Register { key, new_key, survives_power_loss, all_target_ports, initiators } => {
                let flags =
                    flags(&[(Self::APTPL, *survives_power_loss), (Self::ALL_TG_PT, *all_target_ports)]);
                register(*key, *new_key, flags, initiators)
            }
            Self::Reserve { key, .. } | Self::Release { key, .. } | Self::Clear { key } => list(*key, 0, 0),
            Self::Preempt { key, preempted_key, .. } | Self::PreemptAndAbort { key, preempted_key, .. } => {
                list(*key, *preempted_key, 0)
            }
            Self::RegisterAndIgnoreExistingKey { new_key, survives_power_loss, all_target_ports } => {
                let flags =
                    flags(&[(Self::APTPL, *survives_power_loss), (Self::ALL_TG_PT, *all_target_ports)]);
                list(0, *new_key, flags)
            }
            Self::RegisterAndMove {
                key,
                new_key,
                survives_power_loss,
                unregister,
                target_port,
                initiator,
            } => {
                let flags = flags(&[(Self::APTPL, *survives_power_loss), (Self::UNREG, *unregister)]);
                register_and_move([*key, *new_key], flags, *target_port, &initiator.to_bytes())
            }
            Self::ReplaceLostReservation { new_key, survives_power_loss, .. } => {
                list(0, *new_key, flags(&[(Self::APTPL, *survives_power_loss)]))
            }
        }
    }
}

impl Command for PersistentReserveOut {
    type Answer = ();
    const NAME: &'static str = "PERSISTENT RESERVE OUT";
    /// Twice is something else than once: a key that was replaced is no longer the one registered.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let scope_and_type = Self::LOGICAL_UNIT_SCOPE << 4 | self.reservation_type().0 & 0x0f;
        let length = u32::try_from(self.parameters().len()).unwrap_or(u32::MAX);
        Cdb::new(0x5f).with(1, &[self.service_action(), scope_and_type]).with(5, &length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.parameters().into())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

fn flags(bits: &[(u8, bool)]) -> u8 {
    bits.iter().filter(|bit| bit.1).map(|bit| bit.0).sum()
}

/// The parameter list of 24 bytes.
fn list(key: u64, service_action_key: u64, flags: u8) -> Bytes {
    let fields = [&key.to_be_bytes()[..], &service_action_key.to_be_bytes(), &[0, 0, 0, 0, flags, 0, 0, 0]];
    fields.concat().into()
}

/// The parameter list of REGISTER, with the other initiators behind it.
fn register(key: u64, new_key: u64, flags: u8, initiators: &[TransportId]) -> Bytes {
    if initiators.is_empty() {
        return list(key, new_key, flags);
    }
    let ids = initiators.iter().map(TransportId::to_bytes).collect::<Vec<_>>().concat();
    let mut data = BytesMut::from(list(key, new_key, flags | PersistentReserveOut::SPEC_I_PT));
    data.put_u32(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    data.put_slice(&ids);
    data.freeze()
}

/// The parameter list of REGISTER AND MOVE.
fn register_and_move([key, new_key]: [u64; 2], flags: u8, target_port: u16, initiator: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(24 + initiator.len());
    data.put_u64(key);
    data.put_u64(new_key);
    data.put_slice(&[0, flags]);
    data.put_u16(target_port);
    data.put_u32(u32::try_from(initiator.len()).unwrap_or(u32::MAX));
    data.put_slice(initiator);
    data.freeze()
}

#[cfg(test)]
mod tests;

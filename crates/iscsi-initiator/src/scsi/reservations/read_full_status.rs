//! PERSISTENT RESERVE IN with READ FULL STATUS (SPC-4, 6.14.5).

use bytes::Bytes;

use super::persistent_reserve_in::{self, List};
use super::{ReservationType, TransportId};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// PERSISTENT RESERVE IN with READ FULL STATUS: lists the registrations with the initiators that made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFullStatus {
    /// The most bytes that the unit sends: 8, and for each registration 24 and the length of its `TransportID`. The default
    /// is 8192.
    pub allocation_length: u16,
}

impl Default for ReadFullStatus {
    fn default() -> Self {
        Self { allocation_length: persistent_reserve_in::ALLOCATION_LENGTH }
    }
}

/// The registrations of a unit, with their initiators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FullReservationStatus {
    /// A counter of the changes of the registrations.
    pub generation: u32,
    /// The registrations in the target's order; those that have come complete.
    pub registrations: Vec<Registration>,
    /// Whether these are all: `false` if the answer was cut off.
    pub is_complete: bool,
}

/// A registration of an initiator port with a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registration {
    /// The key.
    pub key: u64,
    /// It holds for all ports of the target, not only for `target_port`.
    pub all_target_ports: bool,
    /// The type of the reservation that it holds; `None` if it holds none.
    pub held: Option<ReservationType>,
    /// The scope of that reservation: 0 for the whole logical unit.
    pub scope: u8,
    /// The relative identifier of the target's port.
    pub target_port: u16,
    /// The initiator port.
    pub initiator: TransportId,
}

impl Command for ReadFullStatus {
    type Answer = FullReservationStatus;
    const NAME: &'static str = "PERSISTENT RESERVE IN (READ FULL STATUS)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        persistent_reserve_in::cdb(0x03, self.allocation_length)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    /// A registration that is cut off ends the list.
    fn parse(&self, data: Bytes) -> Result<FullReservationStatus, CommandError> {
        let list = List::split(Self::NAME, &data)?;
        let mut rest = data.slice_ref(list.content);
        let registrations = std::iter::from_fn(|| Registration::take(&mut rest)).collect();
        let is_complete = list.is_complete() && rest.is_empty();
        Ok(FullReservationStatus { generation: list.generation, registrations, is_complete })
    }
}

impl Registration {
    /// Length of a descriptor without its `TransportID` in bytes.
    const FIXED_LENGTH: usize = 24;

    /// Takes the next descriptor off a list; `None`, and nothing taken, if it is cut off.
    fn take(rest: &mut Bytes) -> Option<Self> {
        let (key, fields) = rest.first_chunk::<{ Self::FIXED_LENGTH }>()?.split_first_chunk()?;
        let &[_, _, _, _, flags, scope_and_type, _, _, _, _, port_high, port_low, ref length @ ..] =
            fields.first_chunk::<16>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let end = Self::FIXED_LENGTH.checked_add(length).filter(|end| *end <= rest.len())?;
        let (is_holder, reservation_type) = (flags & 0x01 != 0, ReservationType(scope_and_type & 0x0f));
        let registration = Self {
            key: u64::from_be_bytes(*key),
            all_target_ports: flags & 0x02 != 0,
            held: is_holder.then_some(reservation_type),
            scope: if is_holder { scope_and_type >> 4 } else { 0 },
            target_port: u16::from_be_bytes([port_high, port_low]),
            initiator: TransportId::parse(rest.slice(Self::FIXED_LENGTH..end)),
        };
        *rest = rest.split_off(end);
        Some(registration)
    }
}

#[cfg(test)]
mod tests {
    use iscsi_pdu::Isid;

    use super::*;

    const PORT: &[u8] = b"\x45\0\0\x24iqn.2001-04.a:b,i,0x80123456789a\0\0\0\0";

    fn descriptor(flags: u8, scope_and_type: u8, id: &[u8]) -> Vec<u8> {
        let length = u32::try_from(id.len()).unwrap();
        let fixed = [1, 2, 3, 4, 5, 6, 7, 8, 0xee, 0xee, 0xee, 0xee, flags, scope_and_type];
        [&fixed[..], &[0xee, 0xee, 0xee, 0xee, 0x12, 0x34], &length.to_be_bytes(), id].concat()
    }

    fn answer() -> Vec<u8> {
        let list = [descriptor(0x01, 0x08, PORT), descriptor(0x02, 0x35, b"\0\0\0\0abcd")].concat();
        let length = u32::try_from(list.len()).unwrap();
        [&[0, 0, 0, 7][..], &length.to_be_bytes(), &list].concat()
    }

    fn registrations() -> [Registration; 2] {
        let first = Registration {
            key: 0x0102_0304_0506_0708,
            all_target_ports: false,
            held: Some(ReservationType::EXCLUSIVE_ACCESS_ALL_REGISTRANTS),
            scope: 0,
            target_port: 0x1234,
            initiator: TransportId::IscsiPort {
                name: "iqn.2001-04.a:b".parse().unwrap(),
                isid: Isid([0x80, 0x12, 0x34, 0x56, 0x78, 0x9a]),
            },
        };
        let initiator = TransportId::Other(Bytes::from_static(b"\0\0\0\0abcd"));
        let second = Registration { all_target_ports: true, held: None, initiator, ..first.clone() };
        [first, second]
    }

    #[test]
    fn the_block_has_the_allocation_length() {
        let command = ReadFullStatus { allocation_length: 0x1234 };
        assert_eq!(command.cdb()[..10], [0x5e, 0x03, 0, 0, 0, 0, 0, 0x12, 0x34, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x1234));
        assert_eq!(Replay::of(&command.cdb()), ReadFullStatus::REPLAY);
    }

    #[test]
    fn registrations_at_every_length_of_the_answer() {
        let (whole, first_end) = (answer(), 8 + 24 + PORT.len());
        for length in 0..=whole.len() {
            let status = ReadFullStatus::default().parse(Bytes::copy_from_slice(&whole[..length]));
            if length < 8 {
                assert!(status.is_err(), "{length}");
                continue;
            }
            let count = usize::from(length >= first_end) + usize::from(length == whole.len());
            let expected = FullReservationStatus {
                generation: 7,
                registrations: registrations()[..count].to_vec(),
                is_complete: count == 2,
            };
            assert_eq!(status, Ok(expected), "{length}");
        }
    }

    #[test]
    fn lengths_that_lie() {
        let mut data = answer();
        data[8 + 20..8 + 24].copy_from_slice(&[0xff; 4]);
        let status = ReadFullStatus::default().parse(data.into()).unwrap();
        assert_eq!((status.registrations.len(), status.is_complete), (0, false));
        let empty =
            ReadFullStatus::default().parse(Bytes::from_static(&[0, 0, 0, 7, 0, 0, 0, 0, 9])).unwrap();
        assert_eq!((empty.registrations.len(), empty.is_complete), (0, true));
    }
}

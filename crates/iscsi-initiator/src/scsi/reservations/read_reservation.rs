//! PERSISTENT RESERVE IN with READ RESERVATION (SPC-4, 6.14.3).

use bytes::Bytes;

use super::ReservationType;
use super::persistent_reserve_in::{self, HEADER_LENGTH, List};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// Length of the header and of one descriptor in bytes.
const LENGTH: u16 = HEADER_LENGTH + 16;

/// PERSISTENT RESERVE IN with READ RESERVATION: returns the reservation of the unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadReservation;

/// The persistent reservation of a unit, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReservationStatus {
    /// A counter of the changes of the registrations.
    pub generation: u32,
    /// The reservation; `None` if nobody has reserved the unit.
    pub reservation: Option<Reservation>,
}

/// A persistent reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// The key of the holder; 0 if all registered initiators hold it.
    pub key: u64,
    /// Its scope: 0 for the whole logical unit.
    pub scope: u8,
    /// Its type.
    pub reservation_type: ReservationType,
}

impl Command for ReadReservation {
    type Answer = ReservationStatus;
    const NAME: &'static str = "PERSISTENT RESERVE IN (READ RESERVATION)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        persistent_reserve_in::cdb(0x01, LENGTH)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH.into())
    }

    /// A descriptor that is cut off is an error: it would look like no reservation.
    fn parse(&self, data: Bytes) -> Result<ReservationStatus, CommandError> {
        let List { generation, length, content } = List::split(Self::NAME, &data)?;
        if length == 0 {
            return Ok(ReservationStatus { generation, reservation: None });
        }
        let reservation = Reservation::parse(content);
        let cut_off = || CommandError::invalid(Self::NAME, format!("descriptor of {} bytes", content.len()));
        Ok(ReservationStatus { generation, reservation: Some(reservation.ok_or_else(cut_off)?) })
    }
}

impl Reservation {
    /// Parses a descriptor: key, a field that is obsolete, scope and type, and an obsolete one again.
    fn parse(content: &[u8]) -> Option<Self> {
        let (key, rest) = content.first_chunk::<16>()?.split_first_chunk()?;
        let scope_and_type = *rest.get(5)?;
        let reservation_type = ReservationType(scope_and_type & 0x0f);
        Some(Self { key: u64::from_be_bytes(*key), scope: scope_and_type >> 4, reservation_type })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: [u8; 24] =
        [0, 0, 0, 9, 0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 0xee, 0xee, 0xee, 0xee, 0, 0x25, 0xee, 0xee];

    #[test]
    fn the_block_has_space_for_one_reservation() {
        assert_eq!(ReadReservation.cdb()[..10], [0x5e, 0x01, 0, 0, 0, 0, 0, 0, 24, 0]);
        assert_eq!(ReadReservation.transfer(), Transfer::Read(24));
        assert_eq!(Replay::of(&ReadReservation.cdb()), ReadReservation::REPLAY);
    }

    #[test]
    fn a_reservation_at_every_length_of_the_answer() {
        let reservation = Reservation {
            key: 0x0102_0304_0506_0708,
            scope: 2,
            reservation_type: ReservationType::WRITE_EXCLUSIVE_REGISTRANTS_ONLY,
        };
        let expected = ReservationStatus { generation: 9, reservation: Some(reservation) };
        assert_eq!(ReadReservation.parse(Bytes::from_static(&HELD)), Ok(expected));
        for length in 0..HELD.len() {
            assert!(ReadReservation.parse(Bytes::copy_from_slice(&HELD[..length])).is_err(), "{length}");
        }
    }

    #[test]
    fn no_reservation_and_a_descriptor_that_is_none() {
        let free = ReservationStatus { generation: 9, reservation: None };
        assert_eq!(ReadReservation.parse(Bytes::from_static(&[0, 0, 0, 9, 0, 0, 0, 0])), Ok(free));
        for length in [1, 15, 16, 17, 0xff] {
            let data = [&HELD[..7], &[length], &HELD[8..]].concat();
            assert_eq!(ReadReservation.parse(data.into()).is_ok(), length >= 16, "{length}");
        }
    }
}

//! PERSISTENT RESERVE IN with REPORT CAPABILITIES (SPC-4, 6.14.4).

use bytes::Bytes;

use super::{ReservationTypes, persistent_reserve_in};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const LENGTH: u16 = 8;

/// PERSISTENT RESERVE IN with REPORT CAPABILITIES: tells which reservations the unit supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportReservationCapabilities;

/// The persistent reservations that a unit supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReservationCapabilities {
    /// REPLACE LOST RESERVATION is supported (`RLR_C`).
    pub replace_lost_reservation: bool,
    /// RESERVE (6) and RELEASE (6) of a registered initiator succeed without an effect (CRH).
    pub compatible_reservation_handling: bool,
    /// REGISTER registers other initiators as well (`SIP_C`).
    pub specify_initiator_ports: bool,
    /// A registration can be made for all ports of the target (`ATP_C`).
    pub all_target_ports: bool,
    /// Reservations can survive a loss of power (`PTPL_C`).
    pub can_survive_power_loss: bool,
    /// Reservations survive a loss of power as things are (`PTPL_A`).
    pub survives_power_loss: bool,
    /// Code of the commands that go through in spite of a reservation (SPC-4, table 216); 0 if the unit does not tell.
    pub allow_commands: u8,
    /// The types supported; `None` if the unit does not tell.
    pub types: Option<ReservationTypes>,
}

impl Command for ReportReservationCapabilities {
    type Answer = ReservationCapabilities;
    const NAME: &'static str = "PERSISTENT RESERVE IN (REPORT CAPABILITIES)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        persistent_reserve_in::cdb(0x02, LENGTH)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH.into())
    }

    /// Fewer than 8 bytes are an error.
    fn parse(&self, data: Bytes) -> Result<ReservationCapabilities, CommandError> {
        let Some(&[_, _, flags, more, types_low, types_high, _, _]) = data.first_chunk() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 8", data.len())));
        };
        let types = ReservationTypes(u16::from_le_bytes([types_low, types_high]));
        Ok(ReservationCapabilities {
            replace_lost_reservation: flags & 0x80 != 0,
            compatible_reservation_handling: flags & 0x10 != 0,
            specify_initiator_ports: flags & 0x08 != 0,
            all_target_ports: flags & 0x04 != 0,
            can_survive_power_loss: flags & 0x01 != 0,
            survives_power_loss: more & 0x01 != 0,
            allow_commands: more >> 4 & 0x07,
            types: (more & 0x80 != 0).then_some(types),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::ReservationType;

    fn parse(data: &[u8]) -> Result<ReservationCapabilities, CommandError> {
        ReportReservationCapabilities.parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_space_for_eight_bytes() {
        let command = ReportReservationCapabilities;
        assert_eq!(command.cdb()[..10], [0x5e, 0x02, 0, 0, 0, 0, 0, 0, 8, 0]);
        assert_eq!(command.transfer(), Transfer::Read(8));
        assert_eq!(Replay::of(&command.cdb()), ReportReservationCapabilities::REPLAY);
    }

    #[test]
    fn each_flag_is_a_bit_of_its_own() {
        let none = ReservationCapabilities::default();
        let cases = [
            ([0x80, 0], ReservationCapabilities { replace_lost_reservation: true, ..none }),
            ([0x10, 0], ReservationCapabilities { compatible_reservation_handling: true, ..none }),
            ([0x08, 0], ReservationCapabilities { specify_initiator_ports: true, ..none }),
            ([0x04, 0], ReservationCapabilities { all_target_ports: true, ..none }),
            ([0x01, 0], ReservationCapabilities { can_survive_power_loss: true, ..none }),
            ([0x62, 0x0e], none),
            ([0, 0x01], ReservationCapabilities { survives_power_loss: true, ..none }),
            ([0, 0x50], ReservationCapabilities { allow_commands: 5, ..none }),
        ];
        for ([flags, more], expected) in cases {
            assert_eq!(parse(&[0, 8, flags, more, 0xea, 0x01, 0, 0]), Ok(expected), "{flags:#x} {more:#x}");
        }
    }

    #[test]
    fn types_are_valid_only_where_the_unit_says_so() {
        let types = parse(&[0, 8, 0, 0x80, 0xea, 0x01, 0, 0]).unwrap().types.unwrap();
        let contained: Vec<u8> =
            (0..=u8::MAX).filter(|code| types.contains(ReservationType(*code))).collect();
        assert_eq!(contained, [1, 3, 5, 6, 7, 8]);
        assert_eq!(parse(&[0, 8, 0, 0x7f, 0xea, 0x01, 0, 0]).unwrap().types, None);
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error() {
        for length in 0..8 {
            assert!(parse(&[0xff; 8][..length]).is_err(), "{length}");
        }
        assert!(parse(&[0xff; 9]).is_ok());
    }
}

//! The address in a LUN (SAM-5, 4.7).

use iscsi_pdu::Lun;

/// The address in the first level of a LUN: two bytes, or up to eight of an extended address.
///
/// ```
/// use iscsi_initiator::{Lun, scsi::LunAddress};
/// let lun = Lun::from_number(300).unwrap();
/// assert_eq!(LunAddress::of(lun), LunAddress::Flat { number: 300 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LunAddress {
    /// Peripheral device addressing: on bus 0 a logical unit, on any other a target behind the device.
    Peripheral {
        /// The bus, 0 to 63.
        bus: u8,
        /// The number of the unit or of the target.
        number: u8,
    },
    /// Flat space addressing.
    Flat {
        /// The number of the unit, up to 16383.
        number: u16,
    },
    /// Logical unit addressing: a unit of a target behind the device.
    LogicalUnit {
        /// The target, 0 to 63.
        target: u8,
        /// The bus, 0 to 7.
        bus: u8,
        /// The unit, 0 to 31.
        number: u8,
    },
    /// A well known logical unit: 1 REPORT LUNS, 2 ACCESS CONTROLS, 3 TARGET LOG PAGES, 4 SECURITY PROTOCOL, 5 MANAGEMENT
    /// PROTOCOL, 6 TARGET COMMANDS.
    WellKnown {
        /// Its number.
        number: u8,
    },
    /// Extended flat space addressing, of 24 or 40 bits.
    ExtendedFlat {
        /// The number of the unit.
        number: u64,
    },
    /// A unit that is not specified: all bytes are 0xff.
    NotSpecified,
    /// An extended address of another kind.
    OtherExtended {
        /// The kind (EXTENDED ADDRESS METHOD).
        method: u8,
        /// The code of its length: 0 for two bytes, 1 for four, 2 for six, 3 for eight.
        length: u8,
    },
}

impl LunAddress {
    /// Returns the address in the first level of the LUN.
    #[must_use]
    pub fn of(lun: Lun) -> Self {
        let [first, second, c, d, e, f, ..] = lun.0;
        let low = first & 0x3f;
        match first >> 6 {
            0b00 => Self::Peripheral { bus: low, number: second },
            0b01 => Self::Flat { number: u16::from_be_bytes([low, second]) },
            0b10 => Self::LogicalUnit { target: low, bus: second >> 5, number: second & 0x1f },
            _ => match (first & 0x0f, first >> 4 & 0x03) {
                (0x1, 0) => Self::WellKnown { number: second },
                (0x2, 1) => Self::ExtendedFlat { number: number([0, 0, second, c, d]) },
                (0x2, 2) => Self::ExtendedFlat { number: number([second, c, d, e, f]) },
                (0xf, 3) if lun.0 == [0xff; 8] => Self::NotSpecified,
                (method, length) => Self::OtherExtended { method, length },
            },
        }
    }
}

fn number(bytes: [u8; 5]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_addressing_method() {
        use LunAddress as A;
        let cases = [
            ([0, 0, 0, 0, 0, 0, 0, 0], A::Peripheral { bus: 0, number: 0 }),
            ([0x3f, 0xff, 1, 0, 0, 0, 0, 0], A::Peripheral { bus: 63, number: 255 }),
            ([0x40, 0, 0, 0, 0, 0, 0, 0], A::Flat { number: 0 }),
            ([0x7f, 0xff, 0, 0, 0, 0, 0, 0], A::Flat { number: 16383 }),
            ([0x80, 0, 0, 0, 0, 0, 0, 0], A::LogicalUnit { target: 0, bus: 0, number: 0 }),
            ([0xbf, 0xdf, 0, 0, 0, 0, 0, 0], A::LogicalUnit { target: 63, bus: 6, number: 31 }),
            ([0xc1, 0x01, 0, 0, 0, 0, 0, 0], A::WellKnown { number: 1 }),
            ([0xd2, 0x12, 0x34, 0x56, 0, 0, 0, 0], A::ExtendedFlat { number: 0x12_3456 }),
            ([0xe2, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 0], A::ExtendedFlat { number: 0x12_3456_789a }),
            ([0xff; 8], A::NotSpecified),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], A::OtherExtended { method: 15, length: 3 }),
            ([0xd1, 0, 0, 0, 0, 0, 0, 0], A::OtherExtended { method: 1, length: 1 }),
            ([0xc2, 0, 0, 0, 0, 0, 0, 0], A::OtherExtended { method: 2, length: 0 }),
            ([0xf2, 0, 0, 0, 0, 0, 0, 0], A::OtherExtended { method: 2, length: 3 }),
        ];
        for (bytes, expected) in cases {
            assert_eq!(LunAddress::of(Lun(bytes)), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn numbers_of_single_level_luns_are_those_of_the_lun() {
        for first in 0..=u8::MAX {
            let lun = Lun([first, 7, 0, 0, 0, 0, 0, 0]);
            let expected = match LunAddress::of(lun) {
                LunAddress::Peripheral { bus: 0, number } => Some(number.into()),
                LunAddress::Flat { number } => Some(number),
                _ => None,
            };
            assert_eq!(lun.number(), expected, "{lun:?}");
        }
    }
}

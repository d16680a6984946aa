//! Type of a persistent reservation (SPC-4, 6.15.3.4).

/// The accesses that a persistent reservation denies, and to whom. Unknown values are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReservationType(pub u8);

impl ReservationType {
    /// Only the holder writes; everybody reads.
    pub const WRITE_EXCLUSIVE: Self = Self(1);
    /// Only the holder reads and writes.
    pub const EXCLUSIVE_ACCESS: Self = Self(3);
    /// Only registered initiators write; everybody reads. One of them holds the reservation.
    pub const WRITE_EXCLUSIVE_REGISTRANTS_ONLY: Self = Self(5);
    /// Only registered initiators read and write. One of them holds the reservation.
    pub const EXCLUSIVE_ACCESS_REGISTRANTS_ONLY: Self = Self(6);
    /// Only registered initiators write; everybody reads. All of them hold the reservation.
    pub const WRITE_EXCLUSIVE_ALL_REGISTRANTS: Self = Self(7);
    /// Only registered initiators read and write. All of them hold the reservation.
    pub const EXCLUSIVE_ACCESS_ALL_REGISTRANTS: Self = Self(8);

    /// Returns the name in SPC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WRITE_EXCLUSIVE => "Write Exclusive",
            Self::EXCLUSIVE_ACCESS => "Exclusive Access",
            Self::WRITE_EXCLUSIVE_REGISTRANTS_ONLY => "Write Exclusive - Registrants Only",
            Self::EXCLUSIVE_ACCESS_REGISTRANTS_ONLY => "Exclusive Access - Registrants Only",
            Self::WRITE_EXCLUSIVE_ALL_REGISTRANTS => "Write Exclusive - All Registrants",
            Self::EXCLUSIVE_ACCESS_ALL_REGISTRANTS => "Exclusive Access - All Registrants",
            _ => "reserved type",
        }
    }
}

/// A set of types, as a unit reports it: type `t` is bit `t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReservationTypes(pub u16);

impl ReservationTypes {
    /// Returns whether a type is in the set.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{ReservationType, ReservationTypes};
    /// assert!(ReservationTypes(0x0002).contains(ReservationType::WRITE_EXCLUSIVE));
    /// ```
    #[must_use]
    pub const fn contains(self, reservation_type: ReservationType) -> bool {
        reservation_type.0 < 16 && self.0 >> reservation_type.0 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_standard_has_a_name_and_no_other_has() {
        let named: Vec<u8> =
            (0..=u8::MAX).filter(|code| ReservationType(*code).name() != "reserved type").collect();
        assert_eq!(named, [1, 3, 5, 6, 7, 8]);
    }

    #[test]
    fn sets_contain_the_types_of_their_bits() {
        for code in 0..=u8::MAX {
            let expected = code < 16;
            assert_eq!(ReservationTypes(u16::MAX).contains(ReservationType(code)), expected);
            let alone = ReservationTypes(1_u16.checked_shl(code.into()).unwrap_or(0));
            assert_eq!(alone.contains(ReservationType(code)), expected);
            assert!(!ReservationTypes(!alone.0).contains(ReservationType(code)) || !expected);
        }
    }
}

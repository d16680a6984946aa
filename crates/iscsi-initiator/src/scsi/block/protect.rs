//! The fields RDPROTECT, WRPROTECT, VRPROTECT and ORPROTECT (SBC-3, tables 60, 78, 93 and 116).

use std::fmt;

/// What a command does with the protection information of a unit that has some: whether it is transferred with the blocks, and
/// what the unit checks. The field has three bits; further ones are not sent.
///
/// Values other than [`NONE`](Self::NONE) add the protection information to the data: 8 bytes for each protection information
/// interval, behind the bytes that they protect.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Protect(pub u8);

impl Protect {
    /// Blocks are transferred without protection information.
    pub const NONE: Self = Self(0);
    /// With protection information: guard, application tag and reference tag are checked.
    pub const CHECKED: Self = Self(1);
    /// With protection information: the guard is not checked, the tags are.
    pub const WITHOUT_GUARD: Self = Self(2);
    /// With protection information, of which nothing is checked.
    pub const UNCHECKED: Self = Self(3);
    /// With protection information: only the guard is checked.
    pub const GUARD_ONLY: Self = Self(4);

    /// The bits of byte 1.
    pub(super) const fn bits(self) -> u8 {
        (self.0 & 0x07) << 5
    }
}

impl fmt::Debug for Protect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Protect({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Protect;

    #[test]
    fn three_bits_are_sent() {
        for value in 0..=u8::MAX {
            assert_eq!(Protect(value).bits(), value << 5);
            assert_eq!(Protect(value).bits() & 0x1f, 0);
        }
        assert_eq!((Protect::default(), Protect::GUARD_ONLY.bits()), (Protect::NONE, 0x80));
    }
}

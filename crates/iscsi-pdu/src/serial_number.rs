//! Serial numbers of 32 bits that wrap (RFC 1982, RFC 7143 4.2.2.1).

/// A `CmdSN`, `ExpCmdSN`, `MaxCmdSN`, `StatSN` or `ExpStatSN`.
///
/// Deliberately without `Ord`: serial order is not transitive, and two numbers exactly 2^31 apart have none.
///
/// ```
/// use iscsi_pdu::SerialNumber;
/// assert!(SerialNumber(0xffff_ffff).precedes(SerialNumber(0)));
/// assert!(!SerialNumber(0).precedes(SerialNumber(0x8000_0000)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SerialNumber(pub u32);

impl SerialNumber {
    const HALF: u32 = 1 << 31;

    /// The number after this one, modulo 2^32.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The number `count` steps on, modulo 2^32.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// The number `count` steps back, modulo 2^32.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }

    /// How many steps lead from this number to `other`, modulo 2^32.
    #[must_use]
    pub const fn distance_to(self, other: Self) -> u32 {
        other.0.wrapping_sub(self.0)
    }

    /// Is this number before `other`? False when equal, and false when they are exactly 2^31 apart.
    #[must_use]
    pub const fn precedes(self, other: Self) -> bool {
        let distance = self.distance_to(other);
        distance != 0 && distance < Self::HALF
    }

    /// Is this number after `other`?
    #[must_use]
    pub const fn follows(self, other: Self) -> bool {
        other.precedes(self)
    }
}

//! Transmission flags: the properties of an export, as a client is told of them.

use std::fmt;
use std::ops::BitOr;

/// The properties of an export, sent with its size.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransmissionFlags(pub u16);

impl TransmissionFlags {
    /// The other flags have a meaning; always set.
    pub const HAS_FLAGS: Self = Self(1);
    /// Writes are refused.
    pub const READ_ONLY: Self = Self(1 << 1);
    /// [`FLUSH`](super::CommandType::FLUSH) is supported.
    pub const FLUSH: Self = Self(1 << 2);
    /// [`FUA`](super::CommandFlags::FUA) is supported.
    pub const FUA: Self = Self(1 << 3);
    /// The medium rotates.
    pub const ROTATIONAL: Self = Self(1 << 4);
    /// [`TRIM`](super::CommandType::TRIM) is supported.
    pub const TRIM: Self = Self(1 << 5);
    /// [`WRITE_ZEROES`](super::CommandType::WRITE_ZEROES) is supported.
    pub const WRITE_ZEROES: Self = Self(1 << 6);
    /// [`DONT_FRAGMENT`](super::CommandFlags::DONT_FRAGMENT) is supported; only with structured replies.
    pub const DONT_FRAGMENT: Self = Self(1 << 7);
    /// A flush on one connection covers the writes of all of them.
    pub const MULTI_CONN: Self = Self(1 << 8);
    /// [`CACHE`](super::CommandType::CACHE) is supported.
    pub const CACHE: Self = Self(1 << 10);
    /// [`FAST_ZERO`](super::CommandFlags::FAST_ZERO) is supported.
    pub const FAST_ZERO: Self = Self(1 << 11);

    /// Returns whether all of these flags are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Returns these flags, and others if `condition` is true.
    #[must_use]
    pub const fn with_if(self, condition: bool, flags: Self) -> Self {
        if condition { Self(self.0 | flags.0) } else { self }
    }
}

impl BitOr for TransmissionFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for TransmissionFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:04x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_joined_and_all_of_them_are_asked_for() {
        let both = TransmissionFlags::FLUSH | TransmissionFlags::FUA;
        assert_eq!(both, TransmissionFlags(0b1100));
        assert_eq!(both | TransmissionFlags::FUA, both);
        assert!(both.contains(TransmissionFlags::FUA) && both.contains(both));
        assert!(!TransmissionFlags::FUA.contains(both) && !both.contains(TransmissionFlags::TRIM));
    }

    #[test]
    fn flags_are_added_under_a_condition() {
        let both = TransmissionFlags::FLUSH | TransmissionFlags::FUA;
        assert_eq!(TransmissionFlags::FLUSH.with_if(true, TransmissionFlags::FUA), both);
        assert_eq!(both.with_if(true, TransmissionFlags::FUA), both);
        assert_eq!(TransmissionFlags::FLUSH.with_if(false, TransmissionFlags::FUA), TransmissionFlags::FLUSH);
    }
}

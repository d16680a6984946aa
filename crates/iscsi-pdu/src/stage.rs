//! Login stages (RFC 7143, 11.12.3).

use core::fmt;

/// Current or next stage of a login, two bits. 2 is reserved and kept as it came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stage(pub u8);

impl Stage {
    /// Security negotiation.
    pub const SECURITY: Self = Self(0);
    /// Login operational negotiation.
    pub const OPERATIONAL: Self = Self(1);
    /// Full feature phase.
    pub const FULL_FEATURE: Self = Self(3);
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SECURITY => formatter.write_str("security negotiation"),
            Self::OPERATIONAL => formatter.write_str("operational negotiation"),
            Self::FULL_FEATURE => formatter.write_str("full feature phase"),
            Self(other) => write!(formatter, "reserved stage {other}"),
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Stage({})", self.0)
    }
}

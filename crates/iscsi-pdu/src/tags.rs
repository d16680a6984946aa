//! Task and transfer tags (RFC 7143, 11.2.1.8 and 11.7.4).

use core::fmt;

/// Initiator Task Tag: names a task for as long as it lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InitiatorTaskTag(pub u32);

impl InitiatorTaskTag {
    /// 0xffffffff: no task.
    pub const RESERVED: Self = Self(u32::MAX);

    /// Does the tag name a task?
    #[must_use]
    pub fn is_valid(self) -> bool {
        self != Self::RESERVED
    }
}

impl fmt::Debug for InitiatorTaskTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ITT(0x{:08x})", self.0)
    }
}

/// Target Transfer Tag: chosen by the target, opaque to the initiator, copied back.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TargetTransferTag(pub u32);

impl TargetTransferTag {
    /// 0xffffffff: no transfer. Every other value is valid, 0 included.
    pub const RESERVED: Self = Self(u32::MAX);

    /// Does the tag name a transfer?
    #[must_use]
    pub fn is_valid(self) -> bool {
        self != Self::RESERVED
    }
}

impl fmt::Debug for TargetTransferTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TTT(0x{:08x})", self.0)
    }
}

//! Initiator task tag and target transfer tag (RFC 7143, 11.2.1.8 and 11.7.4).

use core::fmt;

/// Initiator Task Tag (ITT): identifies a task until the task ends
/// ([RFC 7143, section 11.2.1.8](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1.8)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InitiatorTaskTag(pub u32);

impl InitiatorTaskTag {
    /// 0xffffffff: the tag identifies no task.
    pub const RESERVED: Self = Self(u32::MAX);

    /// Returns `true` if the tag identifies a task.
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

/// Target Transfer Tag (TTT): chosen by the target, opaque to the initiator, which copies it into its answer
/// ([RFC 7143, section 11.7.4](https://www.rfc-editor.org/rfc/rfc7143#section-11.7.4)).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TargetTransferTag(pub u32);

impl TargetTransferTag {
    /// 0xffffffff: the tag identifies no transfer. Every other value is valid, including 0.
    pub const RESERVED: Self = Self(u32::MAX);

    /// Returns `true` if the tag identifies a transfer.
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

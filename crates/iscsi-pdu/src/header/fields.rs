//! Task tags, transfer tags and sequence numbers (RFC 7143, 4.2.2 and 11.2.1.8).

use core::fmt;

use super::bhs::Bhs;

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

/// `StatSN`, `ExpCmdSN` and `MaxCmdSN`, at bytes 24, 28 and 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceNumbers {
    /// Status sequence number. Counts only in PDUs that consume one; R2T and unsolicited NOP-In show the next.
    pub stat_sn: SerialNumber,
    /// The next command number the target expects.
    pub exp_cmd_sn: SerialNumber,
    /// The last command number the target accepts.
    pub max_cmd_sn: SerialNumber,
}

impl SequenceNumbers {
    pub(crate) fn decode(bhs: &Bhs) -> Self {
        Self {
            stat_sn: SerialNumber(bhs.u32::<24>()),
            exp_cmd_sn: SerialNumber(bhs.u32::<28>()),
            max_cmd_sn: SerialNumber(bhs.u32::<32>()),
        }
    }

    pub(crate) fn encode(self, bhs: &mut Bhs) {
        bhs.set_u32::<24>(self.stat_sn.0);
        bhs.set_u32::<28>(self.exp_cmd_sn.0);
        bhs.set_u32::<32>(self.max_cmd_sn.0);
    }
}

//! Sequence numbers and their arithmetic (RFC 7143, 4.2.2).

use super::bhs::Bhs;

/// A 32-bit sequence number that wraps around: `CmdSN`, `ExpCmdSN`, `MaxCmdSN`, `StatSN`, `ExpStatSN`.
///
/// Compared by serial number arithmetic (RFC 1982;
/// [RFC 7143, section 4.2.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.2.1)). It does not implement `Ord`,
/// because serial order is not transitive and is undefined for two numbers exactly 2^31 apart.
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

    /// Returns the next number, modulo 2^32.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// Returns the number plus `count`, modulo 2^32.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// Returns the number minus `count`, modulo 2^32.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }

    /// Returns the number of increments from this number to `other`, modulo 2^32.
    #[must_use]
    pub const fn distance_to(self, other: Self) -> u32 {
        other.0.wrapping_sub(self.0)
    }

    /// Returns `true` if this number is before `other`; `false` if they are equal or exactly 2^31 apart.
    #[must_use]
    pub const fn precedes(self, other: Self) -> bool {
        let distance = self.distance_to(other);
        distance != 0 && distance < Self::HALF
    }

    /// Returns `true` if this number is after `other`.
    #[must_use]
    pub const fn follows(self, other: Self) -> bool {
        other.precedes(self)
    }
}

/// The sequence numbers of every PDU that a target sends: `StatSN`, `ExpCmdSN` and `MaxCmdSN`, at bytes 24, 28 and 32
/// ([RFC 7143, section 4.2.2](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceNumbers {
    /// `StatSN`: the status sequence number of the PDU. R2T and unsolicited NOP-In carry the next number without using
    /// it.
    pub stat_sn: SerialNumber,
    /// `ExpCmdSN`: the next command sequence number that the target expects.
    pub exp_cmd_sn: SerialNumber,
    /// `MaxCmdSN`: the last command sequence number that the target accepts.
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

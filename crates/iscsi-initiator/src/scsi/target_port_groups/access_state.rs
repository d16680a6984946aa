//! Asymmetric access state of a target port group (SPC-4, 5.15.2).

/// How well the ports of a group reach the logical unit. Unknown values are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccessState(pub u8);

impl AccessState {
    /// All commands are carried out, as fast as the unit can.
    pub const ACTIVE_OPTIMIZED: Self = Self(0x0);
    /// All commands are carried out, perhaps more slowly.
    pub const ACTIVE_NON_OPTIMIZED: Self = Self(0x1);
    /// Only commands without access to the medium are carried out, such as INQUIRY.
    pub const STANDBY: Self = Self(0x2);
    /// Only a few commands are carried out, for a limited time.
    pub const UNAVAILABLE: Self = Self(0x3);
    /// The state depends on the logical block.
    pub const LOGICAL_BLOCK_DEPENDENT: Self = Self(0x4);
    /// The ports of the group cannot be reached.
    pub const OFFLINE: Self = Self(0xe);
    /// The group changes from one state to another one.
    pub const TRANSITIONING: Self = Self(0xf);

    /// Returns the name in SPC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ACTIVE_OPTIMIZED => "active/optimized",
            Self::ACTIVE_NON_OPTIMIZED => "active/non-optimized",
            Self::STANDBY => "standby",
            Self::UNAVAILABLE => "unavailable",
            Self::LOGICAL_BLOCK_DEPENDENT => "logical block dependent",
            Self::OFFLINE => "offline",
            Self::TRANSITIONING => "transitioning",
            _ => "reserved state",
        }
    }
}

/// A set of states, as a target reports it (byte 1 of a descriptor).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccessStates(pub u8);

impl AccessStates {
    /// Returns whether a state is in the set.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{AccessState, AccessStates};
    /// assert!(AccessStates(0x80).contains(AccessState::TRANSITIONING));
    /// ```
    #[must_use]
    pub const fn contains(self, state: AccessState) -> bool {
        let bit = match state {
            AccessState::ACTIVE_OPTIMIZED => 0x01,
            AccessState::ACTIVE_NON_OPTIMIZED => 0x02,
            AccessState::STANDBY => 0x04,
            AccessState::UNAVAILABLE => 0x08,
            AccessState::LOGICAL_BLOCK_DEPENDENT => 0x10,
            AccessState::OFFLINE => 0x40,
            AccessState::TRANSITIONING => 0x80,
            _ => 0,
        };
        self.0 & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_name_and_a_bit_of_its_own() {
        let known: Vec<u8> =
            (0..=u8::MAX).filter(|code| AccessState(*code).name() != "reserved state").collect();
        assert_eq!(known, [0, 1, 2, 3, 4, 0xe, 0xf]);
        for bit in 0..8 {
            let set = AccessStates(1 << bit);
            let contained: Vec<u8> = (0..=u8::MAX).filter(|code| set.contains(AccessState(*code))).collect();
            assert_eq!(
                contained,
                [vec![0], vec![1], vec![2], vec![3], vec![4], vec![], vec![0xe], vec![0xf]][bit]
            );
        }
    }
}

//! START STOP UNIT (SBC-3, 5.25).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// START STOP UNIT: changes the power condition of the logical unit, or loads or ejects its medium. Without any field set it
/// stops the unit, which then is not ready for any initiator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartStopUnit {
    /// The command ends as soon as it has been accepted (IMMED).
    pub immediate: bool,
    /// The power condition; the other fields mean nothing unless it is [`PowerCondition::START_VALID`].
    pub power_condition: PowerCondition,
    /// A variant of the power condition, up to 15: 1 for `idle_b`, 2 for `idle_c`, 1 for `standby_y`.
    pub power_condition_modifier: u8,
    /// The cache need not be written to the medium before (`NO_FLUSH`).
    pub no_flush: bool,
    /// The medium is loaded with `start`, otherwise ejected (LOEJ).
    pub load_eject: bool,
    /// The unit becomes ready, otherwise it stops (START).
    pub start: bool,
}

/// A power condition (POWER CONDITION).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PowerCondition(pub u8);

impl PowerCondition {
    /// The fields for starting and ejecting hold.
    pub const START_VALID: Self = Self(0x0);
    /// Ready at once.
    pub const ACTIVE: Self = Self(0x1);
    /// Less power, ready soon.
    pub const IDLE: Self = Self(0x2);
    /// Little power.
    pub const STANDBY: Self = Self(0x3);
    /// The unit controls its power condition itself again.
    pub const LU_CONTROL: Self = Self(0x7);
    /// Idle, as if its timer had expired.
    pub const FORCE_IDLE_0: Self = Self(0xa);
    /// Standby, as if its timer had expired.
    pub const FORCE_STANDBY_0: Self = Self(0xb);
}

impl Command for StartStopUnit {
    type Answer = ();
    const NAME: &'static str = "START STOP UNIT";
    /// A medium may have been changed in between, and would be ejected.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let flags = u8::from(self.no_flush) << 2 | u8::from(self.load_eject) << 1 | u8::from(self.start);
        Cdb::new(0x1b).with(
            1,
            &[
                self.immediate.into(),
                0,
                self.power_condition_modifier & 0x0f,
                self.power_condition.0 << 4 | flags,
            ],
        )
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_all_fields() {
        let command = StartStopUnit {
            immediate: true,
            power_condition: PowerCondition::FORCE_STANDBY_0,
            power_condition_modifier: 0xff,
            no_flush: true,
            load_eject: true,
            start: true,
        };
        assert_eq!(command.cdb()[..6], [0x1b, 0x01, 0, 0x0f, 0xb7, 0]);
        assert_eq!((command.transfer(), command.parse(Bytes::new())), (Transfer::None, Ok(())));
    }

    #[test]
    fn flags_are_told_from_each_other() {
        let byte = |command: StartStopUnit| command.cdb()[4];
        let stop = StartStopUnit::default();
        assert_eq!(byte(stop), 0);
        assert_eq!(byte(StartStopUnit { start: true, ..stop }), 0x01);
        assert_eq!(byte(StartStopUnit { load_eject: true, ..stop }), 0x02);
        assert_eq!(byte(StartStopUnit { no_flush: true, ..stop }), 0x04);
        assert_eq!(byte(StartStopUnit { power_condition: PowerCondition::IDLE, ..stop }), 0x20);
    }
}

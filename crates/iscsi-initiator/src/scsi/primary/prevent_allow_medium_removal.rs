//! PREVENT ALLOW MEDIUM REMOVAL (SBC-3, 5.10).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// PREVENT ALLOW MEDIUM REMOVAL: whether a user can take the medium out. A prevention holds for this `I_T` nexus, and ends with
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreventAllowMediumRemoval {
    /// What is prevented.
    pub prevent: MediumRemoval,
}

/// What is prevented (PREVENT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MediumRemoval(pub u8);

impl MediumRemoval {
    /// Nothing: the medium can be removed.
    pub const ALLOWED: Self = Self(0);
    /// The removal of the medium.
    pub const PREVENTED: Self = Self(1);
}

impl Command for PreventAllowMediumRemoval {
    type Answer = ();
    const NAME: &'static str = "PREVENT ALLOW MEDIUM REMOVAL";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x1e).with(4, &[self.prevent.0 & 0x03])
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
    fn the_block_says_what_is_prevented() {
        let byte = |prevent| PreventAllowMediumRemoval { prevent }.cdb()[..6].to_vec();
        assert_eq!(byte(MediumRemoval::PREVENTED), [0x1e, 0, 0, 0, 1, 0]);
        assert_eq!(byte(MediumRemoval::ALLOWED), [0x1e, 0, 0, 0, 0, 0]);
        assert_eq!(byte(MediumRemoval(0xff)), [0x1e, 0, 0, 0, 3, 0]);
        let command = PreventAllowMediumRemoval::default();
        assert_eq!((command.transfer(), command.parse(Bytes::new())), (Transfer::None, Ok(())));
    }
}

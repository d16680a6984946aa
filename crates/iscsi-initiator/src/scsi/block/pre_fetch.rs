//! PRE-FETCH (10), (16) (SBC-3, 5.8 and 5.9).

use bytes::Bytes;

use super::layout::{bit, cdb_10, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const IMMED: u8 = 1 << 1;

/// PRE-FETCH (10): the unit reads blocks into its cache. It ends in CONDITION MET if all of them fit, and in GOOD otherwise; both
/// are successes, and [`Session::send`](crate::Session::send) does not tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreFetch10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks; 0 stands for all blocks up to the end of the unit.
    pub blocks: u16,
    /// IMMED: the command ends when the unit has checked it.
    pub immediate: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// PRE-FETCH (16): as [`PreFetch10`], for a unit of any size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreFetch16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks; 0 stands for all blocks up to the end of the unit.
    pub blocks: u32,
    /// IMMED: the command ends when the unit has checked it.
    pub immediate: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Command for PreFetch10 {
    type Answer = ();
    const NAME: &'static str = "PRE-FETCH (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_10(0x34, bit(self.immediate, IMMED), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for PreFetch16 {
    type Answer = ();
    const NAME: &'static str = "PRE-FETCH (16)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_16(0x90, bit(self.immediate, IMMED), self.lba, self.group, self.blocks)
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
    fn every_field_has_its_place_in_both_forms() {
        let immediate = true;
        let ten = PreFetch10 { lba: 0x0102_0304, blocks: 0x0506, immediate, group: 0x2a };
        assert_eq!(ten.cdb()[..10], [0x34, 2, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let (lba, blocks) = (0x0102_0304_0506_0708, 0x090a_0b0c);
        let sixteen = PreFetch16 { lba, blocks, immediate, group: 0x2a };
        let expected = [0x90, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(sixteen.cdb().head(), expected);
        assert_eq!((ten.transfer(), sixteen.transfer()), (Transfer::None, Transfer::None));
        assert_eq!((ten.parse(Bytes::new()), sixteen.parse(Bytes::new())), (Ok(()), Ok(())));
        assert_eq!(PreFetch10 { immediate: false, ..ten }.cdb()[1], 0);
    }
}

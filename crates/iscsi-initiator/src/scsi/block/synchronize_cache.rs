//! SYNCHRONIZE CACHE (10), (16) (SBC-3, 5.26 and 5.27).

use bytes::Bytes;

use super::layout::{bit, cdb_10, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const IMMED: u8 = 1 << 1;

/// SYNCHRONIZE CACHE (10): what was written to a range of blocks is on the medium when it ends. The default is the whole unit.
///
/// A session counts on written data to be stable only after a command for the whole unit without
/// [`immediate`](Self::immediate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SynchronizeCache10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks; 0 stands for all blocks up to the end of the unit.
    pub blocks: u16,
    /// IMMED: the command ends when the unit has checked it, and says nothing about the data.
    pub immediate: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// SYNCHRONIZE CACHE (16): as [`SynchronizeCache10`], for a unit of any size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SynchronizeCache16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks; 0 stands for all blocks up to the end of the unit.
    pub blocks: u32,
    /// IMMED: the command ends when the unit has checked it, and says nothing about the data.
    pub immediate: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Command for SynchronizeCache10 {
    type Answer = ();
    const NAME: &'static str = "SYNCHRONIZE CACHE (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_10(0x35, bit(self.immediate, IMMED), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for SynchronizeCache16 {
    type Answer = ();
    const NAME: &'static str = "SYNCHRONIZE CACHE (16)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_16(0x91, bit(self.immediate, IMMED), self.lba, self.group, self.blocks)
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
        let ten = SynchronizeCache10 { lba: 0x0102_0304, blocks: 0x0506, immediate, group: 0x2a };
        assert_eq!(ten.cdb()[..10], [0x35, 2, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let (lba, blocks) = (0x0102_0304_0506_0708, 0x090a_0b0c);
        let sixteen = SynchronizeCache16 { lba, blocks, immediate, group: 0x2a };
        let expected = [0x91, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(sixteen.cdb().head(), expected);
        assert_eq!((ten.transfer(), sixteen.transfer()), (Transfer::None, Transfer::None));
    }

    #[test]
    fn the_default_is_the_whole_unit() {
        assert_eq!(SynchronizeCache10::default().cdb(), Cdb::new(0x35));
        assert_eq!(SynchronizeCache16::default().cdb(), Cdb::new(0x91));
        assert_eq!(SynchronizeCache16::default().parse(Bytes::new()), Ok(()));
    }
}

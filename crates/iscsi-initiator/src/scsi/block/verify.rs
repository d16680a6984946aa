//! VERIFY (10), (12), (16) (SBC-3, 5.29 to 5.31).

use bytes::Bytes;

use super::Protect;
use super::layout::{access, cdb_10, cdb_12, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// The data with which VERIFY compares the blocks (BYTCHK; SBC-3, table 114).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VerifyData {
    /// No data: the unit checks that it can read the blocks (BYTCHK 0).
    #[default]
    None,
    /// Each block is compared with its own data, of as many bytes as all blocks (BYTCHK 1); fewer than 4 GiB.
    Blocks(WriteData),
    /// Each block is compared with the same one, which is sent once (BYTCHK 3).
    SameBlock(WriteData),
}

/// VERIFY (10): checks up to 65535 blocks on the medium. Blocks that differ end the command in CHECK CONDITION with sense key
/// MISCOMPARE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u16,
    /// What the blocks are compared with.
    pub data: VerifyData,
    /// VRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// VERIFY (12): as [`Verify10`], for up to 2^32 - 1 blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify12 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// What the blocks are compared with.
    pub data: VerifyData,
    /// VRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// VERIFY (16): as [`Verify12`], for a unit of any size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// What the blocks are compared with.
    pub data: VerifyData,
    /// VRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl VerifyData {
    /// Byte 1 with BYTCHK.
    const fn flags(&self, protect: Protect, dpo: bool) -> u8 {
        let byte_check = match self {
            Self::None => 0,
            Self::Blocks(_) => 1,
            Self::SameBlock(_) => 3,
        };
        access(protect, dpo, false) | byte_check << 1
    }

    fn transfer(&self) -> Transfer {
        match self {
            Self::None => Transfer::None,
            Self::Blocks(data) | Self::SameBlock(data) => Transfer::Write(data.clone()),
        }
    }
}

impl Command for Verify10 {
    type Answer = ();
    const NAME: &'static str = "VERIFY (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_10(0x2f, self.data.flags(self.protect, self.dpo), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        self.data.transfer()
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for Verify12 {
    type Answer = ();
    const NAME: &'static str = "VERIFY (12)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_12(0xaf, self.data.flags(self.protect, self.dpo), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        self.data.transfer()
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for Verify16 {
    type Answer = ();
    const NAME: &'static str = "VERIFY (16)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_16(0x8f, self.data.flags(self.protect, self.dpo), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        self.data.transfer()
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_place_in_the_three_forms() {
        let (protect, dpo, group) = (Protect(5), true, 0x2a);
        let data = VerifyData::Blocks(vec![1; 4].into());
        let ten = Verify10 { lba: 0x0102_0304, blocks: 0x0506, data: data.clone(), protect, dpo, group };
        assert_eq!(ten.cdb()[..10], [0x2f, 0xb2, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let blocks = 0x0506_0708;
        let twelve = Verify12 { lba: 0x0102_0304, blocks, data: data.clone(), protect, dpo: false, group };
        assert_eq!(twelve.cdb()[..12], [0xaf, 0xa2, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 0]);
        let lba = 0x0102_0304_0506_0708;
        let sixteen = Verify16 { lba, blocks: 0x090a_0b0c, data, protect: Protect::NONE, dpo, group };
        let expected = [0x8f, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(sixteen.cdb().head(), expected);
    }

    #[test]
    fn the_data_determine_the_byte_check() {
        let data = WriteData::from(vec![1; 4]);
        let sent = Transfer::Write(data.clone());
        for (data, byte_check, transfer) in [
            (VerifyData::None, 0x00, Transfer::None),
            (VerifyData::Blocks(data.clone()), 0x02, sent.clone()),
            (VerifyData::SameBlock(data), 0x06, sent),
        ] {
            let ten = Verify10 { blocks: 4, data: data.clone(), ..Verify10::default() };
            assert_eq!((ten.cdb()[1], ten.transfer()), (byte_check, transfer.clone()));
            let twelve = Verify12 { blocks: 4, data: data.clone(), ..Verify12::default() };
            assert_eq!((twelve.cdb()[1], twelve.transfer()), (byte_check, transfer.clone()));
            let sixteen = Verify16 { blocks: 4, data, ..Verify16::default() };
            assert_eq!((sixteen.cdb()[1], sixteen.transfer()), (byte_check, transfer));
            assert_eq!(sixteen.parse(Bytes::new()), Ok(()));
        }
    }
}

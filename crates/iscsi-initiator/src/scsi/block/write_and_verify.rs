//! WRITE AND VERIFY (10), (12), (16) (SBC-3, 5.37 to 5.39).

use bytes::Bytes;

use super::Protect;
use super::layout::{access, bit, cdb_10, cdb_12, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// BYTCHK in byte 1.
const BYTE_CHECK: u8 = 1 << 1;

/// WRITE AND VERIFY (10): writes up to 65535 blocks to the medium, then checks that they can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteAndVerify10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u16,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// BYTCHK: what was written is compared with the data.
    pub byte_check: bool,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// WRITE AND VERIFY (12): as [`WriteAndVerify10`], for fewer than 4 GiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteAndVerify12 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// BYTCHK: what was written is compared with the data.
    pub byte_check: bool,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// WRITE AND VERIFY (16): as [`WriteAndVerify12`], for a unit of any size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteAndVerify16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// BYTCHK: what was written is compared with the data.
    pub byte_check: bool,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// Group number, six bits.
    pub group: u8,
}

const fn flags(protect: Protect, dpo: bool, byte_check: bool) -> u8 {
    access(protect, dpo, false) | bit(byte_check, BYTE_CHECK)
}

impl Command for WriteAndVerify10 {
    type Answer = ();
    const NAME: &'static str = "WRITE AND VERIFY (10)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_10(0x2e, flags(self.protect, self.dpo, self.byte_check), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for WriteAndVerify12 {
    type Answer = ();
    const NAME: &'static str = "WRITE AND VERIFY (12)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_12(0xae, flags(self.protect, self.dpo, self.byte_check), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for WriteAndVerify16 {
    type Answer = ();
    const NAME: &'static str = "WRITE AND VERIFY (16)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_16(0x8e, flags(self.protect, self.dpo, self.byte_check), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
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
        let (data, protect, group) = (WriteData::from(vec![7; 16]), Protect::CHECKED, 0x2a);
        let (lba, dpo, byte_check) = (0x0102_0304, true, true);
        let ten =
            WriteAndVerify10 { lba, blocks: 0x0506, data: data.clone(), byte_check, protect, dpo, group };
        assert_eq!(ten.cdb()[..10], [0x2e, 0x32, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let blocks = 0x0506_0708;
        let twelve =
            WriteAndVerify12 { lba, blocks, data: data.clone(), byte_check, protect, dpo: false, group };
        assert_eq!(twelve.cdb()[..12], [0xae, 0x22, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 0]);
        let lba = 0x0102_0304_0506_0708;
        let sixteen =
            WriteAndVerify16 { lba, blocks: 9, data: data.clone(), byte_check: false, protect, dpo, group };
        assert_eq!(sixteen.cdb().head(), [0x8e, 0x30, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0x2a, 0]);
        let sent = Transfer::Write(data);
        assert_eq!(
            [ten.transfer(), twelve.transfer(), sixteen.transfer()],
            [sent.clone(), sent.clone(), sent]
        );
        assert_eq!(sixteen.parse(Bytes::new()), Ok(()));
    }
}

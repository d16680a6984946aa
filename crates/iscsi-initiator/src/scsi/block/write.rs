//! WRITE (6) (SBC-2), WRITE (10), (12), (16) (SBC-3, 5.33 to 5.35).

use bytes::Bytes;

use super::layout::{access, cdb_6, cdb_10, cdb_12, cdb_16};
use super::{Protect, ShortLba};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// WRITE (6): writes up to 256 of the first 2^21 blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write6 {
    /// First block.
    pub lba: ShortLba,
    /// Number of blocks; 0 stands for 256.
    pub blocks: u8,
    /// The blocks, of as many bytes as the unit has per block.
    pub data: WriteData,
}

/// WRITE (10): writes up to 65535 blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u16,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data are on the medium when the command ends.
    pub fua: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// WRITE (12): writes to the first 2^32 blocks; fewer than 4 GiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write12 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data are on the medium when the command ends.
    pub fua: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// WRITE (16): writes to a unit of any size; fewer than 4 GiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// The blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub data: WriteData,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data are on the medium when the command ends.
    pub fua: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Command for Write6 {
    type Answer = ();
    const NAME: &'static str = "WRITE (6)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_6(0x0a, self.lba, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for Write10 {
    type Answer = ();
    const NAME: &'static str = "WRITE (10)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_10(0x2a, access(self.protect, self.dpo, self.fua), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for Write12 {
    type Answer = ();
    const NAME: &'static str = "WRITE (12)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_12(0xaa, access(self.protect, self.dpo, self.fua), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for Write16 {
    type Answer = ();
    const NAME: &'static str = "WRITE (16)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_16(0x8a, access(self.protect, self.dpo, self.fua), self.lba, self.group, self.blocks)
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

    fn data() -> WriteData {
        vec![7; 32].into()
    }

    #[test]
    fn every_field_has_its_place_in_the_four_forms() {
        let lba = ShortLba::new(0x01_0203).unwrap();
        let six = Write6 { lba, blocks: 2, data: data() };
        assert_eq!(six.cdb()[..6], [0x0a, 1, 2, 3, 2, 0]);
        let (protect, dpo, fua) = (Protect(6), true, true);
        let ten =
            Write10 { lba: 0x0102_0304, blocks: 0x0506, data: data(), protect, dpo, fua: false, group: 0x2a };
        assert_eq!(ten.cdb()[..10], [0x2a, 0xd0, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let twelve = Write12 {
            lba: 0x0102_0304,
            blocks: 0x0506_0708,
            data: data(),
            protect,
            dpo: false,
            fua,
            group: 0x15,
        };
        assert_eq!(twelve.cdb()[..12], [0xaa, 0xc8, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 0]);
        let (lba, blocks) = (0x0102_0304_0506_0708, 0x090a_0b0c);
        let sixteen = Write16 { lba, blocks, data: data(), protect, dpo, fua, group: 0x3f };
        let expected = [0x8a, 0xd8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x3f, 0];
        assert_eq!(sixteen.cdb().head(), expected);
    }

    #[test]
    fn the_data_are_sent_as_they_are() {
        let sent = Transfer::Write(data());
        assert_eq!(Write6 { blocks: 2, data: data(), ..Write6::default() }.transfer(), sent);
        assert_eq!(Write10 { blocks: 2, data: data(), ..Write10::default() }.transfer(), sent);
        assert_eq!(Write12 { blocks: 2, data: data(), ..Write12::default() }.transfer(), sent);
        let write = Write16 { blocks: 2, data: data(), ..Write16::default() };
        assert_eq!((write.transfer(), write.parse(Bytes::new())), (sent, Ok(())));
    }
}

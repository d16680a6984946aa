//! WRITE SAME (10), (16) (SBC-3, 5.43 and 5.44).

use bytes::Bytes;

use super::Protect;
use super::layout::{access, bit, cdb_10, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

const ANCHOR: u8 = 1 << 4;
const UNMAP: u8 = 1 << 3;
/// No data-out buffer; only in the form of 16 bytes.
const NDOB: u8 = 1 << 0;

/// WRITE SAME (10): writes one block to each block of a range, or unmaps the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSame10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks. 0 stands for all blocks up to the end of the unit, where the unit permits that (WSNZ in the block limits
    /// page).
    pub blocks: u16,
    /// The block, of as many bytes as the unit has per block, with the protection information that [`protect`](Self::protect)
    /// announces.
    pub data: WriteData,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// The blocks are unmapped if they read as the data then, and written otherwise.
    pub unmap: bool,
    /// With [`unmap`](Self::unmap): the blocks keep their place on the medium reserved.
    pub anchor: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// WRITE SAME (16): as [`WriteSame10`], for a unit of any size, and also without data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSame16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks. 0 stands for all blocks up to the end of the unit, where the unit permits that (WSNZ in the block limits
    /// page).
    pub blocks: u32,
    /// The block, of as many bytes as the unit has per block, with the protection information that [`protect`](Self::protect)
    /// announces. With `None` nothing is sent, and the block is one of zeros (NDOB, since SBC-3).
    pub data: Option<WriteData>,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// The blocks are unmapped if they read as the data then, and written otherwise.
    pub unmap: bool,
    /// With [`unmap`](Self::unmap): the blocks keep their place on the medium reserved.
    pub anchor: bool,
    /// Group number, six bits.
    pub group: u8,
}

const fn flags(protect: Protect, unmap: bool, anchor: bool) -> u8 {
    access(protect, false, false) | bit(unmap, UNMAP) | bit(anchor, ANCHOR)
}

impl Command for WriteSame10 {
    type Answer = ();
    const NAME: &'static str = "WRITE SAME (10)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_10(0x41, flags(self.protect, self.unmap, self.anchor), self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.data.clone())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

impl Command for WriteSame16 {
    type Answer = ();
    const NAME: &'static str = "WRITE SAME (16)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        let flags = flags(self.protect, self.unmap, self.anchor) | bit(self.data.is_none(), NDOB);
        cdb_16(0x93, flags, self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        self.data.clone().map_or(Transfer::None, Transfer::Write)
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
        let (data, protect, group) = (WriteData::from(vec![7; 16]), Protect::CHECKED, 0x2a);
        let (unmap, anchor) = (true, true);
        let lba = 0x0102_0304;
        let ten = WriteSame10 { lba, blocks: 0x0506, data: data.clone(), protect, unmap, anchor, group };
        assert_eq!(ten.cdb()[..10], [0x41, 0x38, 1, 2, 3, 4, 0x2a, 5, 6, 0]);
        let (lba, blocks) = (0x0102_0304_0506_0708, 0x090a_0b0c);
        let sixteen = WriteSame16 { lba, blocks, data: Some(data.clone()), protect, unmap, anchor, group };
        let expected = [0x93, 0x38, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(sixteen.cdb().head(), expected);
        let sent = Transfer::Write(data);
        assert_eq!([ten.transfer(), sixteen.transfer()], [sent.clone(), sent]);
        assert_eq!((ten.parse(Bytes::new()), sixteen.parse(Bytes::new())), (Ok(()), Ok(())));
    }

    #[test]
    fn without_data_there_is_no_buffer() {
        for (unmap, anchor, flags) in
            [(false, false, 0x01), (true, false, 0x09), (false, true, 0x11), (true, true, 0x19)]
        {
            let command = WriteSame16 { lba: 8, blocks: 16, unmap, anchor, ..WriteSame16::default() };
            assert_eq!((command.cdb()[1], command.transfer()), (flags, Transfer::None));
            let with_data = WriteSame16 { data: Some(WriteData::from(vec![0; 16])), ..command };
            assert_eq!(with_data.cdb()[1], flags & !0x01);
        }
    }
}

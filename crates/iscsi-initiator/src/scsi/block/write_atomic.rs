//! WRITE ATOMIC (16) (SBC-4).

use bytes::Bytes;

use super::Protect;
use super::layout::{access, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// WRITE ATOMIC (16): writes all blocks or none, even if power fails; other commands see the blocks as before or as after it.
/// The block limits page states the lengths and boundaries that a unit supports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteAtomic16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u16,
    /// Number of blocks of the parts that are each written as a whole; 0 if all blocks are one part.
    pub atomic_boundary: u16,
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

impl Command for WriteAtomic16 {
    type Answer = ();
    const NAME: &'static str = "WRITE ATOMIC (16)";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        let flags = access(self.protect, self.dpo, self.fua);
        cdb_16(0x9c, flags, self.lba, self.group, self.blocks.into())
            .with(10, &self.atomic_boundary.to_be_bytes())
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
    fn boundary_and_count_share_the_bytes_of_the_count() {
        let write = WriteAtomic16 {
            lba: 0x0102_0304_0506_0708,
            blocks: 0x0b0c,
            atomic_boundary: 0x090a,
            data: vec![7; 16].into(),
            protect: Protect::CHECKED,
            dpo: true,
            fua: true,
            group: 0x2a,
        };
        let expected = [0x9c, 0x38, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(write.cdb().head(), expected);
        assert_eq!(write.transfer(), Transfer::Write(vec![7; 16].into()));
        assert_eq!(write.parse(Bytes::new()), Ok(()));
    }

    #[test]
    fn one_part_has_no_boundary() {
        let write = WriteAtomic16 { lba: u64::MAX, blocks: u16::MAX, ..WriteAtomic16::default() };
        assert_eq!(write.cdb()[8..], [0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]);
    }
}

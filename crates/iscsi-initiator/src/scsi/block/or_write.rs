//! ORWRITE (16) (SBC-3, 5.5).

use bytes::Bytes;

use super::Protect;
use super::layout::{access, cdb_16};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// ORWRITE (16): sets those bits of the blocks that are set in the data, as a bitwise OR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrWrite16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// The bits to set, of as many bytes as the blocks, with the protection information that [`protect`](Self::protect)
    /// announces; fewer than 4 GiB.
    pub data: WriteData,
    /// ORPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data are on the medium when the command ends.
    pub fua: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Command for OrWrite16 {
    type Answer = ();
    const NAME: &'static str = "ORWRITE (16)";
    /// Bits that are set already stay set, but another initiator may have cleared them.
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        cdb_16(0x8b, access(self.protect, self.dpo, self.fua), self.lba, self.group, self.blocks)
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
    fn every_field_has_its_place() {
        let command = OrWrite16 {
            lba: 0x0102_0304_0506_0708,
            blocks: 0x090a_0b0c,
            data: vec![0x55; 16].into(),
            protect: Protect::WITHOUT_GUARD,
            dpo: true,
            fua: true,
            group: 0x2a,
        };
        let expected = [0x8b, 0x58, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x2a, 0];
        assert_eq!(command.cdb().head(), expected);
        assert_eq!(command.transfer(), Transfer::Write(vec![0x55; 16].into()));
        assert_eq!(command.parse(Bytes::new()), Ok(()));
    }
}

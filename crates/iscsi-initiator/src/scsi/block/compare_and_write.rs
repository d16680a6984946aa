//! COMPARE AND WRITE (SBC-3, 5.2).

use bytes::Bytes;

use super::Protect;
use super::layout::access;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// COMPARE AND WRITE: writes blocks if those on the medium are the expected ones, and lets no other command in between.
///
/// If they differ, the command ends in CHECK CONDITION with sense key MISCOMPARE and the offset of the first byte that differs
/// in the INFORMATION field, and nothing is written. It is not sent again when its session is lost: the blocks that it wrote
/// would be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompareAndWrite {
    /// First block.
    pub lba: u64,
    /// Number of blocks that are compared, and of those that are written. The block limits page states the most.
    pub blocks: u8,
    /// The expected blocks, of as many bytes as the unit has per block, with the protection information that
    /// [`protect`](Self::protect) announces.
    pub expected: WriteData,
    /// The blocks to write, of as many bytes as the expected ones.
    pub data: WriteData,
    /// WRPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data are compared with those on the medium, and are on the medium when the command ends.
    pub fua: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Command for CompareAndWrite {
    type Answer = ();
    const NAME: &'static str = "COMPARE AND WRITE";
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x89)
            .with(1, &[access(self.protect, self.dpo, self.fua)])
            .with(2, &self.lba.to_be_bytes())
            .with(13, &[self.blocks, self.group & 0x3f])
    }

    fn transfer(&self) -> Transfer {
        let pieces = [self.expected.pieces(), self.data.pieces()].concat();
        Transfer::Write(pieces.into())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_has_one_byte_and_every_field_its_place() {
        let command = CompareAndWrite {
            lba: 0x0102_0304_0506_0708,
            blocks: 9,
            expected: vec![1; 9].into(),
            data: vec![2; 9].into(),
            protect: Protect::GUARD_ONLY,
            dpo: true,
            fua: true,
            group: 0xea,
        };
        let expected = [0x89, 0x98, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0x2a, 0];
        assert_eq!(command.cdb().head(), expected);
        assert_eq!(command.parse(Bytes::new()), Ok(()));
    }

    #[test]
    fn the_expected_blocks_are_sent_ahead_of_those_to_write() {
        let (one, two) = (Bytes::from_static(b"ex"), Bytes::from_static(b"pected"));
        let expected = WriteData::from(vec![one.clone(), two.clone()]);
        let data = Bytes::from_static(b"to write");
        let command =
            CompareAndWrite { blocks: 1, expected, data: data.clone().into(), ..Default::default() };
        assert_eq!(command.transfer(), Transfer::Write(vec![one, two, data].into()));
        let Transfer::Write(sent) = command.transfer() else { panic!() };
        assert_eq!(sent.pieces().concat(), b"expectedto write");
    }
}

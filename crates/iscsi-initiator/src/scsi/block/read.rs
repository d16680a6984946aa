//! READ (6) (SBC-2), READ (10), (12), (16) (SBC-3, 5.11 to 5.13).

use bytes::Bytes;

use super::layout::{access, bit, cdb_6, cdb_10, cdb_12, cdb_16, whole};
use super::{Protect, ShortLba};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// RARC in byte 1.
const RARC: u8 = 1 << 2;

/// READ (6): reads up to 256 blocks from the first 2^21. The answer is the data, all of them: fewer bytes are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read6 {
    /// First block.
    pub lba: ShortLba,
    /// Number of blocks; 0 stands for 256.
    pub blocks: u8,
    /// Bytes per block.
    pub block_size: u32,
}

/// READ (10): reads up to 65535 blocks. The answer is the data, all of them: fewer bytes are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read10 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u16,
    /// Bytes per block, with those of its protection information if [`protect`](Self::protect) asks for them.
    pub block_size: u32,
    /// RDPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data come from the medium, after what the cache has newer has been written to it.
    pub fua: bool,
    /// RARC: an error is reported at once, without attempts to recover the data, where others have a copy (SBC-3, 4.20).
    pub rarc: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// READ (12): reads from the first 2^32 blocks; fewer than 4 GiB. The answer is the data, all of them: fewer bytes are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read12 {
    /// First block.
    pub lba: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// Bytes per block, with those of its protection information if [`protect`](Self::protect) asks for them.
    pub block_size: u32,
    /// RDPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data come from the medium, after what the cache has newer has been written to it.
    pub fua: bool,
    /// RARC: an error is reported at once, without attempts to recover the data, where others have a copy (SBC-3, 4.20).
    pub rarc: bool,
    /// Group number, six bits.
    pub group: u8,
}

/// READ (16): reads from a unit of any size; fewer than 4 GiB. The answer is the data, all of them: fewer bytes are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read16 {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// Bytes per block, with those of its protection information if [`protect`](Self::protect) asks for them.
    pub block_size: u32,
    /// RDPROTECT: protection information.
    pub protect: Protect,
    /// DPO: the blocks need not stay in the cache.
    pub dpo: bool,
    /// FUA: the data come from the medium, after what the cache has newer has been written to it.
    pub fua: bool,
    /// RARC: an error is reported at once, without attempts to recover the data, where others have a copy (SBC-3, 4.20).
    pub rarc: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl Read6 {
    fn length(&self) -> u32 {
        let blocks = if self.blocks == 0 { 256 } else { self.blocks.into() };
        self.block_size.saturating_mul(blocks)
    }
}

impl Command for Read6 {
    type Answer = Bytes;
    const NAME: &'static str = "READ (6)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        cdb_6(0x08, self.lba, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.length())
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        whole(Self::NAME, data, self.length())
    }
}

impl Read10 {
    fn length(&self) -> u32 {
        self.block_size.saturating_mul(self.blocks.into())
    }
}

impl Command for Read10 {
    type Answer = Bytes;
    const NAME: &'static str = "READ (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let flags = access(self.protect, self.dpo, self.fua) | bit(self.rarc, RARC);
        cdb_10(0x28, flags, self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.length())
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        whole(Self::NAME, data, self.length())
    }
}

impl Read12 {
    const fn length(&self) -> u32 {
        self.block_size.saturating_mul(self.blocks)
    }
}

impl Command for Read12 {
    type Answer = Bytes;
    const NAME: &'static str = "READ (12)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let flags = access(self.protect, self.dpo, self.fua) | bit(self.rarc, RARC);
        cdb_12(0xa8, flags, self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.length())
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        whole(Self::NAME, data, self.length())
    }
}

impl Read16 {
    const fn length(&self) -> u32 {
        self.block_size.saturating_mul(self.blocks)
    }
}

impl Command for Read16 {
    type Answer = Bytes;
    const NAME: &'static str = "READ (16)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let flags = access(self.protect, self.dpo, self.fua) | bit(self.rarc, RARC);
        cdb_16(0x88, flags, self.lba, self.group, self.blocks)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.length())
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        whole(Self::NAME, data, self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: Read6 = Read6 { lba: ShortLba::MAX, blocks: 2, block_size: 16 };
    const TEN: Read10 = Read10 {
        lba: 0x0102_0304,
        blocks: 2,
        block_size: 16,
        protect: Protect(5),
        dpo: true,
        fua: false,
        rarc: true,
        group: 0x2a,
    };

    #[test]
    fn every_field_has_its_place_in_the_four_forms() {
        assert_eq!(SIX.cdb()[..6], [0x08, 0x1f, 0xff, 0xff, 2, 0]);
        assert_eq!(TEN.cdb()[..10], [0x28, 0xb4, 1, 2, 3, 4, 0x2a, 0, 2, 0]);
        let twelve = Read12 {
            lba: 0x0102_0304,
            blocks: 0x0506_0708,
            fua: true,
            group: 0x15,
            protect: Protect::UNCHECKED,
            ..Read12::default()
        };
        assert_eq!(twelve.cdb()[..12], [0xa8, 0x68, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 0]);
        let sixteen = Read16 {
            lba: 0x0102_0304_0506_0708,
            blocks: 0x090a_0b0c,
            block_size: 1,
            protect: Protect(7),
            dpo: true,
            fua: true,
            rarc: true,
            group: 0x3f,
        };
        let expected = [0x88, 0xfc, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x3f, 0];
        assert_eq!(sixteen.cdb().head(), expected);
    }

    #[test]
    fn the_transfer_is_the_blocks_at_their_size() {
        assert_eq!(Read6 { blocks: 0, ..SIX }.transfer(), Transfer::Read(4096));
        assert_eq!(Read6 { blocks: 255, ..SIX }.transfer(), Transfer::Read(4080));
        assert_eq!(TEN.transfer(), Transfer::Read(32));
        assert_eq!(
            Read10 { blocks: u16::MAX, block_size: 1 << 16, ..TEN }.transfer(),
            Transfer::Read(0xffff_0000)
        );
        let long = |blocks| Read16 { blocks, block_size: 512, ..Read16::default() }.transfer();
        assert_eq!(
            (long(0x7f_ffff), long(0x80_0000)),
            (Transfer::Read(0xffff_fe00), Transfer::Read(u32::MAX))
        );
        assert_eq!(
            Read12 { blocks: 3, block_size: 520, ..Read12::default() }.transfer(),
            Transfer::Read(1560)
        );
    }

    #[test]
    fn data_of_another_length_are_refused_and_the_error_has_the_numbers() {
        let all = Bytes::from_static(&[7; 40]);
        let twelve = Read12 { blocks: 2, block_size: 16, ..Read12::default() };
        let sixteen = Read16 { blocks: 2, block_size: 16, ..Read16::default() };
        for length in 0..=all.len() {
            let data = all.slice(..length);
            let error = |name| CommandError::invalid(name, format!("{length} bytes instead of 32"));
            let expected = |name| if length == 32 { Ok(data.clone()) } else { Err(error(name)) };
            assert_eq!(SIX.parse(data.clone()), expected("READ (6)"));
            assert_eq!(TEN.parse(data.clone()), expected("READ (10)"));
            assert_eq!(twelve.parse(data.clone()), expected("READ (12)"));
            assert_eq!(sixteen.parse(data.clone()), expected("READ (16)"));
        }
    }
}

//! Contents of a block that say who wrote it.

use bytes::{BufMut, BytesMut};
use iscsi_pdu::Crc32c;

const MAGIC: [u8; 4] = *b"BLK1";
/// Magic, operation and logical block address.
const HEADER: usize = 16;
const CHECKSUM: usize = 4;

/// The origin of a block's contents: the operation that wrote it, and its place. On the medium both stand at the beginning
/// of the block; bytes that depend on them, and a checksum over all, fill the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockStamp {
    /// The number of the operation.
    pub operation: u32,
    /// The logical block address.
    pub lba: u64,
}

/// The reason why the contents of a block have no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The block was not written by an operation, and it is not zero.
    #[error("no stamp, the block begins with {0:02x?}")]
    Missing([u8; 4]),
    /// Bytes of the block changed, or come from several writes.
    #[error("checksum {stored:#010x} instead of {calculated:#010x}")]
    Checksum {
        /// The checksum in the block.
        stored: u32,
        /// The checksum of its other bytes.
        calculated: u32,
    },
    /// The block is too short for a stamp.
    #[error("a block of {0} bytes")]
    Short(usize),
}

impl BlockStamp {
    /// The length of the shortest block with a stamp.
    pub const SHORTEST_BLOCK: usize = HEADER + CHECKSUM;

    /// Appends a block of `block_size` bytes, at least [`Self::SHORTEST_BLOCK`].
    pub fn put(self, block_size: usize, blocks: &mut BytesMut) {
        let start = blocks.len();
        blocks.put_slice(&MAGIC);
        blocks.put_u32(self.operation);
        blocks.put_u64(self.lba);
        let seed = u64::from(self.operation) ^ self.lba << 32;
        let filler = fastrand::Rng::with_seed(seed).u64(..).to_be_bytes();
        let length = block_size.saturating_sub(Self::SHORTEST_BLOCK);
        blocks.extend(filler.into_iter().cycle().take(length));
        let checksum = Crc32c::new().update(&blocks[start..]).value();
        blocks.put_u32(checksum);
    }

    /// The operation in the first bytes of a block, if there is one.
    pub(super) fn operation_of(first: &[u8; HEADER]) -> Option<u32> {
        let [magic, operation, ..] = first.as_chunks::<4>().0 else { return None };
        (*magic == MAGIC).then(|| u32::from_be_bytes(*operation))
    }

    /// The stamp of a block; `None` if it is zero, as it is before the first write.
    ///
    /// # Errors
    /// The block is neither zero nor a whole block of one write.
    pub fn read(block: &[u8]) -> Result<Option<Self>, StampError> {
        let short = StampError::Short(block.len());
        let (body, stored) = block.split_last_chunk::<CHECKSUM>().ok_or(short)?;
        let (&[magic, operation, lba_high, lba_low], _) =
            body.as_chunks::<4>().0.split_first_chunk().ok_or(short)?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if magic != MAGIC {
            return Err(StampError::Missing(magic));
        }
        let (stored, calculated) = (u32::from_be_bytes(*stored), Crc32c::new().update(body).value());
        if stored != calculated {
            return Err(StampError::Checksum { stored, calculated });
        }
        let lba = u64::from(u32::from_be_bytes(lba_high)) << 32 | u64::from(u32::from_be_bytes(lba_low));
        Ok(Some(Self { operation: u32::from_be_bytes(operation), lba }))
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{BlockStamp, StampError};

    const STAMP: BlockStamp = BlockStamp { operation: 0x0102_0304, lba: 0x0506_0708_090a_0b0c };

    fn block(stamp: BlockStamp, size: usize) -> BytesMut {
        let mut block = BytesMut::new();
        stamp.put(size, &mut block);
        block
    }

    #[test]
    fn a_block_names_its_writer() {
        for size in [BlockStamp::SHORTEST_BLOCK, 512, 4096] {
            let block = block(STAMP, size);
            assert_eq!((block.len(), BlockStamp::read(&block)), (size, Ok(Some(STAMP))));
        }
    }

    #[test]
    fn blocks_of_a_write_follow_each_other() {
        let mut blocks = block(STAMP, 512);
        let next = BlockStamp { lba: STAMP.lba + 1, ..STAMP };
        next.put(512, &mut blocks);
        assert_eq!(blocks.len(), 1024);
        assert_eq!(BlockStamp::read(&blocks[512..]), Ok(Some(next)));
        assert_ne!(blocks[16..508], blocks[528..1020], "the filler differs too");
    }

    #[test]
    fn a_zero_block_has_no_writer() {
        assert_eq!(BlockStamp::read(&[0; 512]), Ok(None));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let block = block(STAMP, 64);
        for at in 0..64 {
            let mut changed = block.clone();
            changed[at] ^= 0x10;
            assert!(BlockStamp::read(&changed).is_err(), "byte {at}");
        }
        let mut zeros = [0; 64];
        zeros[63] = 1;
        assert_eq!(BlockStamp::read(&zeros), Err(StampError::Missing([0; 4])));
    }

    #[test]
    fn halves_of_two_writes_are_noticed() {
        let (mut torn, other) = (block(STAMP, 512), block(BlockStamp { operation: 9, ..STAMP }, 512));
        torn[256..].copy_from_slice(&other[256..]);
        assert!(matches!(BlockStamp::read(&torn), Err(StampError::Checksum { .. })));
    }

    #[test]
    fn short_blocks_are_refused() {
        for length in 0..BlockStamp::SHORTEST_BLOCK {
            assert_eq!(BlockStamp::read(&vec![0; length]), Err(StampError::Short(length)));
        }
        assert_eq!(BlockStamp::read(&[0; BlockStamp::SHORTEST_BLOCK]), Ok(None));
    }
}

//! The blocks of a logical unit that a run reads and writes.

use iscsi_initiator::scsi::Capacity;

use super::stamp::SMALLEST;
use crate::failure::Failure;

/// The most blocks of a run whose data are verified: each takes eight bytes of memory.
const MOST_VERIFIED: u64 = 1 << 26;

/// A range of a logical unit, in blocks of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// Where it begins, in bytes.
    pub(super) offset: u64,
    /// Bytes of each operation.
    pub(super) block_size: usize,
    /// Bytes of a logical block of the unit.
    pub(super) logical_block: usize,
    /// Blocks of the benchmark.
    pub(super) blocks: u64,
}

impl Area {
    /// Checks that the range is on the unit, and of whole blocks.
    pub(super) fn new(
        unit: Capacity,
        offset: u64,
        length: Option<u64>,
        block_size: usize,
    ) -> Result<Self, Failure> {
        let (logical, block, size) = (u64::from(unit.block_size), block_size as u64, unit.bytes());
        let length = match length {
            Some(length) if !length.is_multiple_of(block) => {
                return Err(nonsense(format!("--length {length} is no multiple of the block size, {block}")));
            }
            Some(length) => length,
            None => size.saturating_sub(offset),
        };
        if !is_positive_multiple(block, logical) {
            let text = format!("--block-size {block} is no multiple of the unit's blocks of {logical} bytes");
            return Err(nonsense(text));
        }
        if !offset.is_multiple_of(logical) {
            let text = format!("--offset {offset} is no multiple of the unit's blocks of {logical} bytes");
            return Err(nonsense(text));
        }
        if offset.checked_add(length).is_none_or(|end| end > size) {
            let text =
                format!("{length} bytes from offset {offset} on reach beyond the unit of {size} bytes");
            return Err(nonsense(text));
        }
        if length < block {
            return Err(nonsense(format!("the range of {length} bytes is smaller than a block of {block}")));
        }
        let logical_block = usize::try_from(logical).unwrap_or(usize::MAX);
        Ok(Self { offset, block_size, logical_block, blocks: length / block })
    }

    /// Checks that blocks of the range can be verified while `in_flight` operations run at the same time.
    pub(super) fn check_verifiable(&self, in_flight: usize) -> Result<(), Failure> {
        let Self { logical_block, blocks, .. } = *self;
        if logical_block < SMALLEST as usize || !logical_block.is_multiple_of(8) {
            return Err(nonsense(format!(
                "--verify cannot stamp the unit's blocks of {logical_block} bytes"
            )));
        }
        if blocks < in_flight as u64 {
            return Err(nonsense(format!(
                "--verify needs as many blocks as operations in flight, {in_flight}; the range has {blocks}"
            )));
        }
        if blocks > MOST_VERIFIED {
            return Err(nonsense(format!(
                "--verify keeps track of at most {MOST_VERIFIED} blocks; the range has {blocks}"
            )));
        }
        Ok(())
    }

    /// The offset of a block on the unit.
    pub(super) const fn offset_of(&self, block: u64) -> u64 {
        self.offset + block * self.block_size as u64
    }

    /// The length of the blocks in bytes; what is left at the end of the range is not used.
    pub(super) const fn length(&self) -> u64 {
        self.blocks * self.block_size as u64
    }
}

const fn is_positive_multiple(number: u64, of: u64) -> bool {
    of > 0 && number > 0 && number.is_multiple_of(of)
}

fn nonsense(message: String) -> Failure {
    Failure::usage(
        message,
        "`iscsi info` shows the size and the blocks of the unit; see --block-size, --offset and --length",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Capacity = Capacity { blocks: 1000, block_size: 512 };

    #[track_caller]
    fn refused(area: Result<impl Sized, Failure>, text: &str) {
        let message = area.err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(message.contains(text), "{message}");
    }

    fn area(offset: u64, length: Option<u64>, block_size: usize) -> Result<Area, Failure> {
        Area::new(UNIT, offset, length, block_size)
    }

    #[test]
    fn a_range_ends_at_the_last_whole_block() {
        let whole = area(0, None, 4096).ok().unwrap();
        assert_eq!((whole.blocks, whole.length(), whole.offset_of(124)), (125, 512_000, 507_904));
        let part = area(512, None, 4096).ok().unwrap();
        assert_eq!((part.blocks, part.offset_of(0), part.offset_of(123)), (124, 512, 504_320));
        let one = area(507_904, Some(4096), 4096).ok().unwrap();
        assert_eq!((one.blocks, one.offset_of(0)), (1, 507_904));
        assert_eq!(area(511_488, None, 512).ok().unwrap().blocks, 1);
    }

    #[test]
    fn ranges_that_make_no_sense_are_refused_with_the_numbers() {
        refused(area(0, None, 1000), "--block-size 1000 is no multiple of the unit's blocks of 512 bytes");
        refused(area(0, None, 256), "--block-size 256 is no multiple");
        refused(area(100, None, 512), "--offset 100 is no multiple");
        refused(area(0, Some(5000), 4096), "--length 5000 is no multiple of the block size, 4096");
        refused(area(508_416, Some(4096), 4096), "4096 bytes from offset 508416 on reach beyond");
        refused(area(u64::MAX - 511, Some(1 << 20), 512), "reach beyond the unit of 512000 bytes");
        refused(area(508_416, None, 4096), "the range of 3584 bytes is smaller than a block of 4096");
        refused(area(512_000, None, 512), "the range of 0 bytes is smaller than a block of 512");
        refused(area(1_024_000, None, 512), "reach beyond");
        refused(area(0, Some(0), 512), "the range of 0 bytes is smaller");
    }

    #[test]
    fn blocks_are_verified_if_they_can_be_stamped_and_kept_track_of() {
        let eight = area(0, Some(32_768), 4096).ok().unwrap();
        assert!(eight.check_verifiable(8).is_ok());
        refused(eight.check_verifiable(9), "operations in flight, 9; the range has 8");
        let large = Area { blocks: MOST_VERIFIED, ..eight };
        assert!(large.check_verifiable(8).is_ok());
        refused(Area { blocks: MOST_VERIFIED + 1, ..eight }.check_verifiable(8), "the range has 67108865");
        for (bytes, fits) in [(40, true), (32, false), (44, false), (512, true)] {
            assert_eq!(Area { logical_block: bytes, ..eight }.check_verifiable(1).is_ok(), fits, "{bytes}");
        }
    }
}

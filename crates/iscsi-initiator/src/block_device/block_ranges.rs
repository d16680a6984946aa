//! The blocks of a range of bytes, and their division among commands.

use std::ops::Range;

use crate::scsi::BlockRange;

/// The whole blocks within a range of bytes, and what remains at its ends. All of it may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WholeBlocks {
    /// The bytes before the first whole block.
    pub(super) head: Range<u64>,
    /// The whole blocks.
    pub(super) blocks: Range<u64>,
    /// The bytes behind the last whole block.
    pub(super) tail: Range<u64>,
}

impl WholeBlocks {
    /// Divides a range of bytes of a unit with blocks of this many bytes.
    pub(super) fn of(range: &Range<u64>, block_size: u64) -> Self {
        let (first, last) = (range.start.div_ceil(block_size), range.end / block_size);
        if first >= last {
            return Self { head: range.clone(), blocks: first..first, tail: range.end..range.end };
        }
        Self {
            head: range.start..first * block_size,
            blocks: first..last,
            tail: last * block_size..range.end,
        }
    }
}

/// A multiple of blocks that a unit prefers for a command, and the first block at which such a multiple begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Granules {
    pub(super) length: u32,
    pub(super) first: u32,
}

impl Granules {
    /// Single blocks.
    pub(super) const BLOCKS: Self = Self { length: 1, first: 0 };

    /// The whole granules within a range of blocks.
    pub(super) fn within(self, blocks: &Range<u64>) -> Range<u64> {
        let length = u64::from(self.length.max(1));
        let shift = u64::from(self.first) % length;
        // The offset of a block within its granule.
        let offset = |block: u64| (block % length + length - shift) % length;
        let start = match offset(blocks.start) {
            0 => blocks.start,
            within => blocks.start.saturating_add(length - within),
        };
        let end = blocks.end.saturating_sub(offset(blocks.end));
        if start < end { start..end } else { blocks.start..blocks.start }
    }
}

/// Divides a range into commands of `most` blocks and a shorter last one. Commands of granules are divided between two
/// granules, if `most` holds one.
pub(super) fn divided(blocks: Range<u64>, most: u32, granules: Granules) -> impl Iterator<Item = BlockRange> {
    let length = granules.length.clamp(1, most.max(1));
    let most = most.max(1) / length * length;
    let mut next = blocks.start;
    std::iter::from_fn(move || {
        let left = blocks.end.checked_sub(next).filter(|left| *left > 0)?;
        let count = u32::try_from(left).unwrap_or(u32::MAX).min(most);
        let range = BlockRange { lba: next, blocks: count };
        next += u64::from(count);
        Some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Head, blocks and tail are one behind the other, and the edges are shorter than a block.
    #[test]
    fn ranges_of_bytes_are_divided_at_blocks() {
        let of = |start, end| {
            let WholeBlocks { head, blocks, tail } = WholeBlocks::of(&(start..end), 512);
            (head, blocks, tail)
        };
        assert_eq!(of(0, 1024), (0..0, 0..2, 1024..1024));
        assert_eq!(of(1, 1024), (1..512, 1..2, 1024..1024));
        assert_eq!(of(0, 1023), (0..0, 0..1, 512..1023));
        assert_eq!(of(511, 1025), (511..512, 1..2, 1024..1025));
        // No whole block.
        assert_eq!(of(1, 511), (1..511, 1..1, 511..511));
        assert_eq!(of(1, 1023), (1..1023, 1..1, 1023..1023));
        assert_eq!(of(512, 512), (512..512, 1..1, 512..512));
    }

    #[test]
    fn only_whole_granules_count() {
        let granules = Granules { length: 8, first: 0 };
        assert_eq!(granules.within(&(0..16)), 0..16);
        assert_eq!(granules.within(&(1..16)), 8..16);
        assert_eq!(granules.within(&(1..15)), 1..1);
        assert_eq!(granules.within(&(7..17)), 8..16);
        let shifted = Granules { length: 8, first: 3 };
        assert_eq!(shifted.within(&(0..16)), 3..11);
        assert_eq!(shifted.within(&(3..11)), 3..11);
        assert_eq!(shifted.within(&(4..19)), 11..19);
        // An alignment beyond a granule is one within it.
        assert_eq!(Granules { length: 8, first: 19 }.within(&(0..16)), 3..11);
        assert_eq!(Granules { length: 0, first: 0 }.within(&(1..3)), 1..3);
        assert_eq!(Granules { length: 8, first: 0 }.within(&(u64::MAX - 3..u64::MAX)).count(), 0);
    }

    #[test]
    fn commands_of_granules_end_between_granules() {
        let lengths = |blocks, most, length| -> Vec<u32> {
            divided(blocks, most, Granules { length, first: 0 }).map(|range| range.blocks).collect()
        };
        assert_eq!(lengths(8..40, 20, 8), [16, 16]);
        assert_eq!(lengths(8..40, 15, 8), [8, 8, 8, 8]);
        assert_eq!(lengths(8..25, 7, 8), [7, 7, 3]);
        assert_eq!(lengths(0..0, 7, 8), [0; 0]);
        assert_eq!(lengths(0..2, 0, 0), [1, 1]);
        let most: Vec<_> = divided(0..1 << 33, u32::MAX, Granules::BLOCKS).collect();
        assert_eq!(most.iter().map(|range| u64::from(range.blocks)).sum::<u64>(), 1 << 33);
        assert_eq!(most.len(), 3);
    }
}

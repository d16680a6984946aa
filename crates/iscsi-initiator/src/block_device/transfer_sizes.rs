//! The number of blocks of each command of a transfer.

use super::Overrides;
use crate::scsi::BlockLimits;

/// The most bytes of one command.
const MAX_TRANSFER_LENGTH: u32 = 1 << 20;
/// The most bytes of one command of a reader or a writer.
const PIECE_LENGTH: u32 = 256 << 10;
/// An optimal transfer length of fewer bytes is taken for a mistake of the unit.
const LEAST_OPTIMAL_LENGTH: u32 = 64 << 10;

/// How transfers are divided into commands. All numbers are of blocks, and at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransferSizes {
    /// The most blocks of one command.
    pub(super) per_command: u32,
    /// The most blocks of one command of a reader or a writer, which choose the length for speed.
    pub(super) per_piece: u32,
    /// Commands in the middle of a transfer end at a multiple of this.
    granularity: u32,
}

impl TransferSizes {
    /// The sizes for a unit with these limits, in a session with this `MaxBurstLength`.
    pub(super) fn new(
        block_size: u32,
        limits: Option<&BlockLimits>,
        max_burst_length: u32,
        overrides: &Overrides,
    ) -> Self {
        let limits = limits.copied().unwrap_or_default();
        let block_size = block_size.max(1);
        let fast = limits
            .optimal_transfer
            .filter(|most| u64::from(*most) * u64::from(block_size) >= LEAST_OPTIMAL_LENGTH.into());
        let asked = overrides.max_transfer_length.map(|bytes| bytes / block_size);
        let most = [limits.max_transfer, asked]
            .into_iter()
            .flatten()
            .fold(MAX_TRANSFER_LENGTH / block_size, u32::min)
            .max(1);
        let granularity = limits.optimal_granularity.map_or(1, u32::from).min(most);
        let per_command = most / granularity * granularity;
        // A command that ends within a burst costs another R2T for little data.
        let burst =
            if max_burst_length.is_multiple_of(block_size) { max_burst_length / block_size } else { 1 };
        let piece = (PIECE_LENGTH / block_size).min(fast.unwrap_or(u32::MAX)).clamp(1, per_command);
        let per_piece = [burst, granularity].into_iter().fold(piece, multiple_of);
        Self { per_command, per_piece, granularity }
    }

    /// The number of blocks of the next command of a transfer that has `left` blocks from `lba` on, at most `most`.
    pub(super) fn next(&self, lba: u64, left: u64, most: u32) -> u32 {
        let most = match u32::try_from(left) {
            Ok(left) if left <= most => return left,
            _ => most,
        };
        let end = lba.wrapping_add(most.into());
        let surplus = u32::try_from(end % u64::from(self.granularity)).unwrap_or(0);
        if surplus < most { most - surplus } else { most }
    }
}

/// The greatest multiple of `unit` up to `most`; `most` itself if there is none.
fn multiple_of(most: u32, unit: u32) -> u32 {
    match most.checked_div(unit) {
        None | Some(0) => most,
        Some(count) => count * unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: u32 = 262_144;

    fn sizes(block_size: u32, limits: BlockLimits, burst: u32, overrides: Overrides) -> (u32, u32, u32) {
        let sizes = TransferSizes::new(block_size, Some(&limits), burst, &overrides);
        (sizes.per_command, sizes.per_piece, sizes.granularity)
    }

    fn of_limits(limits: BlockLimits) -> (u32, u32, u32) {
        sizes(512, limits, BURST, Overrides::default())
    }

    #[test]
    fn a_unit_without_limits_takes_a_mebibyte_per_command() {
        let of = |block_size| {
            let sizes = TransferSizes::new(block_size, None, BURST, &Overrides::default());
            (sizes.per_command, sizes.per_piece)
        };
        assert_eq!(of(512), (2048, 512));
        assert_eq!(of(4096), (256, 64));
        // At least one block, however large.
        assert_eq!(of(1 << 20), (1, 1));
        assert_eq!(of((1 << 20) + 1), (1, 1));
    }

    #[test]
    fn the_least_limit_counts() {
        let max_transfer = |blocks| BlockLimits { max_transfer: Some(blocks), ..BlockLimits::default() };
        assert_eq!(of_limits(max_transfer(2049)), (2048, 512, 1));
        assert_eq!(of_limits(max_transfer(2047)), (2047, 512, 1));
        assert_eq!(of_limits(max_transfer(100)), (100, 100, 1));
        let optimal = |blocks| BlockLimits { optimal_transfer: Some(blocks), ..BlockLimits::default() };
        // Of optimal lengths, which only readers and writers observe, 64 KiB are believed, and less is not.
        assert_eq!(of_limits(optimal(128)), (2048, 128, 1));
        assert_eq!(of_limits(optimal(127)), (2048, 512, 1));
        let asked = |bytes| Overrides { max_transfer_length: Some(bytes), ..Overrides::default() };
        assert_eq!(sizes(512, max_transfer(100), BURST, asked(51_199)), (99, 99, 1));
        assert_eq!(sizes(512, max_transfer(100), BURST, asked(511)), (1, 1, 1));
    }

    #[test]
    fn commands_are_multiples_of_the_granularity_and_of_bursts() {
        let granularity = |blocks, most| BlockLimits {
            optimal_granularity: Some(blocks),
            max_transfer: Some(most),
            ..BlockLimits::default()
        };
        assert_eq!(of_limits(granularity(48, 1000)), (960, 480, 48));
        // A granularity beyond the limit is the limit.
        assert_eq!(of_limits(granularity(1000, 100)), (100, 100, 100));
        let none = BlockLimits::default();
        assert_eq!(sizes(512, none, 65_536 * 3, Overrides::default()), (2048, 384, 1));
        // Bursts that are longer than a piece, or do not consist of whole blocks, do not count.
        assert_eq!(sizes(512, none, BURST + 512, Overrides::default()), (2048, 512, 1));
        assert_eq!(sizes(512, none, 65_537, Overrides::default()), (2048, 512, 1));
        assert_eq!(sizes(4096, none, 512, Overrides::default()), (256, 64, 1));
    }

    #[test]
    fn commands_in_the_middle_end_at_the_granularity() {
        let sizes = TransferSizes { per_command: 64, per_piece: 64, granularity: 16 };
        let mut at = 5;
        let mut ends = Vec::new();
        while at < 200 {
            at += u64::from(sizes.next(at, 200 - at, 64));
            ends.push(at);
        }
        assert_eq!(ends, [64, 128, 192, 200]);
        // A transfer that fits one command is not divided.
        assert_eq!(sizes.next(5, 64, 64), 64);
        assert_eq!(sizes.next(5, 65, 64), 59);
        assert_eq!(sizes.next(5, 0, 64), 0);
        // No command is empty.
        assert_eq!(sizes.next(15, 100, 1), 1);
        assert_eq!(sizes.next(14, 100, 1), 1);
    }

    #[test]
    fn the_last_blocks_of_the_largest_unit_are_no_exception() {
        let sizes = TransferSizes { per_command: 64, per_piece: 64, granularity: 16 };
        assert_eq!(sizes.next(u64::MAX - 65, 65, 64), 50);
    }
}

//! The size of a logical unit (SBC-3, 5.15 and 5.16).

use crate::scsi::CommandError;

/// Size of a logical unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The number of blocks.
    pub blocks: u64,
    /// Bytes per block.
    pub block_size: u32,
}

impl Capacity {
    /// Returns the size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.blocks.saturating_mul(self.block_size as u64)
    }

    /// Checks that the size can be used for calculations.
    pub(super) fn checked(command: &'static str, last: u64, block_size: u32) -> Result<Self, CommandError> {
        let wrong = |reason: String| CommandError::invalid(command, reason);
        if !(block_size.is_power_of_two() && (256..=1 << 20).contains(&block_size)) {
            return Err(wrong(format!("block size of {block_size} bytes")));
        }
        let blocks = last.checked_add(1).filter(|blocks| blocks.checked_mul(block_size.into()).is_some());
        let blocks = blocks.ok_or_else(|| wrong(format!("last block {last} of {block_size} bytes")))?;
        Ok(Self { blocks, block_size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_blocks_are_powers_of_two_from_256_bytes_to_1_mib() {
        for shift in 0..32 {
            let is_usable = (8..=20).contains(&shift);
            assert_eq!(Capacity::checked("", 9, 1 << shift).is_ok(), is_usable, "2^{shift}");
            assert!(Capacity::checked("", 9, (1 << shift) + 1).is_err() || shift == 0, "2^{shift} + 1");
        }
        assert!(Capacity::checked("", 9, 0).is_err() && Capacity::checked("", 9, u32::MAX).is_err());
    }

    #[test]
    fn the_size_in_bytes_fits_64_bits() {
        let most = Capacity::checked("", (1 << 55) - 2, 512).unwrap();
        assert_eq!((most.blocks, most.bytes()), ((1 << 55) - 1, u64::MAX - 511));
        let error = Capacity::checked("READ", (1 << 55) - 1, 512).unwrap_err();
        assert_eq!(error, CommandError::invalid("READ", "last block 36028797018963967 of 512 bytes"));
        assert!(Capacity::checked("", u64::MAX, 512).is_err());
        let unchecked = Capacity { blocks: u64::MAX, block_size: 512 };
        assert_eq!(unchecked.bytes(), u64::MAX);
    }
}

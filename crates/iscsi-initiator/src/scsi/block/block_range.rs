//! Block device range descriptor (SBC-3, 5.7.3), and block descriptor of UNMAP (SBC-3, 5.28.2), which are the same.

/// Consecutive blocks of a logical unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockRange {
    /// The first block.
    pub lba: u64,
    /// The number of blocks.
    pub blocks: u32,
}

impl BlockRange {
    /// Length of a descriptor in bytes.
    pub(in crate::scsi) const LENGTH: usize = 16;

    /// Returns descriptors behind the length of their list.
    pub(in crate::scsi) fn list(ranges: &[Self]) -> Vec<u8> {
        let length = u16::try_from(ranges.len() * Self::LENGTH).unwrap_or(u16::MAX);
        let descriptors = ranges.iter().flat_map(|range| range.to_bytes());
        length.to_be_bytes().into_iter().chain(descriptors).collect()
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        (u128::from(self.lba) << 64 | u128::from(self.blocks) << 32).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stand_behind_the_length_of_their_list() {
        let range = BlockRange { lba: 0x0102_0304_0506_0708, blocks: 0x1112_1314 };
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0, 0, 0, 0];
        assert_eq!(BlockRange::list(&[]), [0, 0]);
        assert_eq!(BlockRange::list(&[range]), [&[0, 16][..], &bytes].concat());
        assert_eq!(BlockRange::list(&[range, range]), [&[0, 32][..], &bytes, &bytes].concat());
    }
}

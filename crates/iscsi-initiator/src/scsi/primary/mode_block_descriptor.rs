//! Mode parameter block descriptor of a block device (SBC-3, 6.4.2).

/// A mode parameter block descriptor of a block device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModeBlockDescriptor {
    /// The number of blocks. The short form has [`u32::MAX`] for any number that does not fit it.
    pub blocks: u64,
    /// Bytes per block, 24 bits in the short form.
    pub block_length: u32,
}

impl ModeBlockDescriptor {
    pub(super) const fn parse_short([a, b, c, d, _, high, middle, low]: [u8; 8]) -> Self {
        let block_length = u32::from_be_bytes([0, high, middle, low]);
        Self { blocks: u32::from_be_bytes([a, b, c, d]) as u64, block_length }
    }

    pub(super) const fn parse_long(bytes: [u8; 16]) -> Self {
        let [blocks @ .., _, _, _, _, a, b, c, d] = bytes;
        Self { blocks: u64::from_be_bytes(blocks), block_length: u32::from_be_bytes([a, b, c, d]) }
    }

    /// `None` if a number does not fit.
    pub(super) fn to_short(self) -> Option<[u8; 8]> {
        let [a, b, c, d] = u32::try_from(self.blocks).ok()?.to_be_bytes();
        match self.block_length.to_be_bytes() {
            [0, high, middle, low] => Some([a, b, c, d, 0, high, middle, low]),
            _ => None,
        }
    }

    pub(super) fn to_long(self) -> [u8; 16] {
        let both = u128::from(self.blocks) << 64 | u128::from(self.block_length);
        both.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::ModeBlockDescriptor as Descriptor;

    #[test]
    fn both_forms() {
        let short = [1, 2, 3, 4, 0, 5, 6, 7];
        let found = Descriptor::parse_short(short);
        assert_eq!(found, Descriptor { blocks: 0x0102_0304, block_length: 0x05_0607 });
        assert_eq!(found.to_short(), Some(short));
        let long = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 9, 10, 11, 12];
        let found = Descriptor::parse_long(long);
        assert_eq!(found, Descriptor { blocks: 0x0102_0304_0506_0708, block_length: 0x090a_0b0c });
        assert_eq!((found.to_long(), found.to_short()), (long, None));
    }

    #[test]
    fn numbers_that_do_not_fit_the_short_form() {
        let short = |blocks, block_length| Descriptor { blocks, block_length }.to_short();
        assert!(short(u32::MAX.into(), 0xff_ffff).is_some());
        assert_eq!((short(1 << 32, 512), short(1, 1 << 24)), (None, None));
        assert_eq!(Descriptor::parse_short([0xff; 8]).blocks, u32::MAX.into());
    }
}

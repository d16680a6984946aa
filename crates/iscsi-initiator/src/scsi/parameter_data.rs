//! The fields of parameter data, read by offset.

/// Parameter data from a target. A field that is not completely there reads as 0: the data of older standards are shorter, and a
/// target that leaves a field out states nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterData<'a>(pub(crate) &'a [u8]);

impl ParameterData<'_> {
    pub(crate) fn byte(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// True if any bit of `mask` is set in the byte at `at`.
    pub(crate) fn flag(self, at: usize, mask: u8) -> bool {
        self.byte(at) & mask != 0
    }

    pub(crate) fn u16(self, at: usize) -> u16 {
        u16::from_be_bytes(self.array(at))
    }

    pub(crate) fn u32(self, at: usize) -> u32 {
        u32::from_be_bytes(self.array(at))
    }

    pub(crate) fn u64(self, at: usize) -> u64 {
        u64::from_be_bytes(self.array(at))
    }

    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }
}

#[cfg(test)]
mod tests {
    use super::ParameterData;

    #[test]
    fn a_field_that_is_not_completely_there_is_0() {
        let data = ParameterData(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!((data.u16(7), data.u16(8), data.u16(9), data.u16(usize::MAX)), (0x0809, 0, 0, 0));
        assert_eq!((data.u32(5), data.u32(6)), (0x0607_0809, 0));
        assert_eq!((data.u64(1), data.u64(2)), (0x0203_0405_0607_0809, 0));
        assert_eq!((data.byte(8), data.byte(9)), (9, 0));
        assert!(data.flag(2, 0x02) && !data.flag(2, 0x04) && !data.flag(9, 0xff));
    }
}

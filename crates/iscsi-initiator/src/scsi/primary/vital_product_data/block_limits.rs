//! Page 0xb0: block limits (SBC-4, 6.6.4).

use super::VpdPage;
use crate::scsi::CommandError;
use crate::scsi::parameter_data::ParameterData;

/// The limits of block commands, in blocks unless stated otherwise. A limit that the unit does not state is `None`; a page of an
/// older standard ends early and states fewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockLimits {
    /// WRITE SAME of 0 blocks, which means all blocks up to the end of the medium, is refused (WSNZ).
    pub write_same_needs_count: bool,
    /// The most blocks of a COMPARE AND WRITE; 0 if the unit does not support the command.
    pub max_compare_and_write: u8,
    /// Transfers of a multiple of this are fast.
    pub optimal_granularity: Option<u16>,
    /// The most blocks of one command.
    pub max_transfer: Option<u32>,
    /// Transfers of more blocks than this may be slow.
    pub optimal_transfer: Option<u32>,
    /// The most blocks of a PRE-FETCH.
    pub max_prefetch: Option<u32>,
    /// The most blocks of an UNMAP in all; 0 if the unit does not support the command, [`u32::MAX`] for no limit.
    pub max_unmap_blocks: u32,
    /// The most descriptors of an UNMAP; 0 if the unit does not support the command, [`u32::MAX`] for no limit.
    pub max_unmap_descriptors: u32,
    /// UNMAP requests of a multiple of this are best.
    pub unmap_granularity: Option<u32>,
    /// The first block at which such requests begin (UGAVALID).
    pub unmap_alignment: Option<u32>,
    /// The most blocks of a WRITE SAME.
    pub max_write_same: Option<u64>,
    /// The most blocks of a WRITE ATOMIC; `None` if the unit does not state a limit, or does not support the command.
    pub max_atomic_transfer: Option<u32>,
    /// WRITE ATOMIC begins at a multiple of this.
    pub atomic_alignment: Option<u32>,
    /// WRITE ATOMIC writes a multiple of this.
    pub atomic_granularity: Option<u32>,
    /// The most blocks of a WRITE ATOMIC that states an atomic boundary.
    pub max_atomic_transfer_with_boundary: Option<u32>,
    /// The most blocks of an atomic boundary; `None` if WRITE ATOMIC can only write all of its blocks atomically.
    pub max_atomic_boundary: Option<u32>,
}

impl VpdPage for BlockLimits {
    const CODE: u8 = 0xb0;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let data = ParameterData(content);
        let limit = |at| Some(data.u32(at)).filter(|limit| *limit > 0);
        let alignment = data.u32(28);
        Ok(Self {
            write_same_needs_count: data.flag(0, 0x01),
            max_compare_and_write: data.byte(1),
            optimal_granularity: Some(data.u16(2)).filter(|granularity| *granularity > 0),
            max_transfer: limit(4),
            optimal_transfer: limit(8),
            max_prefetch: limit(12),
            max_unmap_blocks: data.u32(16),
            max_unmap_descriptors: data.u32(20),
            unmap_granularity: limit(24),
            unmap_alignment: (alignment >> 31 == 1).then_some(alignment & (u32::MAX >> 1)),
            max_write_same: Some(data.u64(32)).filter(|limit| *limit > 0),
            max_atomic_transfer: limit(40),
            atomic_alignment: limit(44),
            atomic_granularity: limit(48),
            max_atomic_transfer_with_boundary: limit(52),
            max_atomic_boundary: limit(56),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command as _, InquiryPage};

    fn parse(content: &[u8]) -> BlockLimits {
        BlockLimits::parse(content).unwrap()
    }

    #[test]
    fn all_fields_of_the_page() {
        let mut content = vec![0x01, 2, 0, 3];
        content.extend((4..=9_u32).flat_map(u32::to_be_bytes));
        content.extend(0x8000_000a_u32.to_be_bytes());
        content.extend(11_u64.to_be_bytes());
        content.extend((12..=16_u32).flat_map(u32::to_be_bytes));
        assert_eq!(content.len(), 60);
        let expected = BlockLimits {
            write_same_needs_count: true,
            max_compare_and_write: 2,
            optimal_granularity: Some(3),
            max_transfer: Some(4),
            optimal_transfer: Some(5),
            max_prefetch: Some(6),
            max_unmap_blocks: 7,
            max_unmap_descriptors: 8,
            unmap_granularity: Some(9),
            unmap_alignment: Some(10),
            max_write_same: Some(11),
            max_atomic_transfer: Some(12),
            atomic_alignment: Some(13),
            atomic_granularity: Some(14),
            max_atomic_transfer_with_boundary: Some(15),
            max_atomic_boundary: Some(16),
        };
        assert_eq!(parse(&content), expected);
        let page = [&[0, 0xb0, 0, 60], content.as_slice()].concat();
        assert_eq!(InquiryPage::new().parse(page.into()), Ok(expected));
    }

    #[test]
    fn limits_that_are_not_stated() {
        assert_eq!(parse(&[0; 60]), BlockLimits::default());
        let mut content = [0; 60];
        content[28..32].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
        assert_eq!(parse(&content).unmap_alignment, None, "not valid");
        content[28..32].copy_from_slice(&0x8000_0000_u32.to_be_bytes());
        assert_eq!(parse(&content).unmap_alignment, Some(0));
    }

    /// A limit whose last byte is missing is none, rather than another number.
    #[test]
    fn a_page_that_ends_early_states_less() {
        let all = [0xff; 60];
        for length in 0..=all.len() {
            let found = parse(&all[..length]);
            assert_eq!(found.optimal_granularity.is_some(), length >= 4, "{length}");
            assert_eq!(found.max_transfer, (length >= 8).then_some(u32::MAX), "{length}");
            assert_eq!(found.max_unmap_blocks, if length >= 20 { u32::MAX } else { 0 }, "{length}");
            assert_eq!(found.unmap_alignment.is_some(), length >= 32, "{length}");
            assert_eq!(found.max_write_same, (length >= 40).then_some(u64::MAX), "{length}");
            assert_eq!(found.max_atomic_boundary.is_some(), length == 60, "{length}");
        }
    }

    #[test]
    fn the_length_in_the_header_bounds_the_limits() {
        let page = |length: u8| {
            let data = [&[0, 0xb0, 0, length][..], &[9, 9, 9, 9, 0, 0, 1, 0]].concat();
            InquiryPage::<BlockLimits>::new().parse(data.into()).unwrap().max_transfer
        };
        assert_eq!([page(4), page(7), page(8), page(60)], [None, None, Some(256), Some(256)]);
    }
}

//! Properties that a logical unit reports about its blocks, and what follows from them.

use iscsi_pdu::Lun;

use super::Overrides;
use super::block_ranges::Granules;
use crate::error::Error;
use crate::handle::Session;
use crate::scsi::{
    BlockLimits, BlockProvisioning, Capacity, InquiryPage, ModeParameters, ModeSense6, ReadCapacity16,
    UnitCapacity,
};

/// What a logical unit reports about its blocks. A question that it does not answer is `None`.
///
/// ```no_run
/// # async fn example(disk: iscsi_initiator::BlockDevice) {
/// let properties = disk.properties();
/// println!("write-protected: {:?}", properties.write_protected);
/// println!("blocks per command: {:?}", properties.limits.and_then(|limits| limits.max_transfer));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockProperties {
    /// The limits of its commands.
    pub limits: Option<BlockLimits>,
    /// Size, physical blocks, and whether blocks can be unmapped.
    pub format: Option<UnitCapacity>,
    /// The ways in which blocks can be unmapped.
    pub provisioning: Option<BlockProvisioning>,
    /// Whether it is write-protected.
    pub write_protected: Option<bool>,
    /// Whether writes can be made to reach the medium before they end (FUA).
    pub force_unit_access: Option<bool>,
}

/// The ways in which a range of blocks is filled with zeros, the first of which that the unit supports is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZeroingWay {
    /// WRITE SAME (16) with the UNMAP bit.
    UnmapSame16,
    /// WRITE SAME (10) with the UNMAP bit.
    UnmapSame10,
    /// UNMAP; what is mapped afterwards is written.
    Unmap,
    /// WRITE SAME (16).
    Same16,
    /// WRITE SAME (10).
    Same10,
    /// WRITE with zeros.
    Zeros,
}

/// The most bytes of an UNMAP of a unit that states no limit: it may take some time for each.
const MOST_UNMAPPED: u64 = 4 << 30;
/// The most bytes of a WRITE SAME, which may take as long as to write them.
const MOST_WRITTEN_SAME: u64 = 64 << 20;

impl BlockProperties {
    /// Asks the unit. Units of any kind may lack any of the answers.
    ///
    /// # Errors
    /// The error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(super) async fn ask(session: &Session, lun: Lun) -> Result<Self, Error> {
        let limits = session.ask(lun, &InquiryPage::<BlockLimits>::new()).await?;
        let format = session.ask(lun, &ReadCapacity16).await?;
        let provisioning = match &format {
            Some(format) if format.is_provisioned => {
                session.ask(lun, &InquiryPage::<BlockProvisioning>::new()).await?
            }
            _ => None,
        };
        // The header alone: some units have trouble with long allocation lengths.
        let header = session.ask(lun, &ModeSense6 { allocation_length: 4, ..ModeSense6::default() }).await?;
        Ok(Self {
            limits,
            format,
            provisioning,
            write_protected: header.as_ref().map(ModeParameters::write_protected),
            force_unit_access: header.as_ref().map(ModeParameters::dpo_and_fua),
        })
    }

    /// Whether blocks can be unmapped, so that there is something to ask about them.
    pub(super) fn is_provisioned(&self) -> bool {
        self.format.is_some_and(|format| format.is_provisioned)
    }

    /// Whether unmapped blocks read as zeros.
    pub(super) fn reads_zeros(&self) -> bool {
        let stated = self.provisioning.as_ref().is_some_and(|page| page.unmapped_data.is_zero());
        stated || self.format.is_some_and(|format| format.reads_zeros)
    }

    /// The most blocks of a COMPARE AND WRITE; 0 if the command is not used.
    pub(super) fn max_compare_and_write(&self, overrides: &Overrides) -> u8 {
        let stated = self.limits.map_or(0, |limits| limits.max_compare_and_write);
        if overrides.no_compare_and_write { 0 } else { stated }
    }

    /// The most blocks of an UNMAP in one range; 0 if the command is not used.
    pub(super) fn max_unmap(&self, block_size: u32, overrides: &Overrides) -> u32 {
        let is_supported = self.provisioning.as_ref().is_some_and(|page| page.unmap);
        if overrides.no_unmap || !is_supported {
            return 0;
        }
        let bound = blocks_of(MOST_UNMAPPED, block_size);
        // A unit with the command and without the page states no limit.
        self.limits.map_or(bound, |limits| {
            if limits.max_unmap_descriptors == 0 { 0 } else { limits.max_unmap_blocks.min(bound) }
        })
    }

    /// The most blocks of a WRITE SAME.
    pub(super) fn max_write_same(&self, block_size: u32) -> u32 {
        let bound = blocks_of(MOST_WRITTEN_SAME, block_size);
        let stated = self.limits.and_then(|limits| limits.max_write_same).unwrap_or(u64::MAX);
        u32::try_from(stated).unwrap_or(u32::MAX).min(bound)
    }

    /// The multiples of blocks that the unit unmaps.
    pub(super) fn unmap_granules(&self) -> Granules {
        let limits = self.limits.unwrap_or_default();
        Granules { length: limits.unmap_granularity.unwrap_or(1), first: limits.unmap_alignment.unwrap_or(0) }
    }

    /// The ways of zeroing that the unit may support, the best one first. Only those that leave blocks unmapped if
    /// `may_unmap`, and only those that write them otherwise.
    pub(super) fn zeroing_ways(&self, may_unmap: bool, overrides: &Overrides) -> Vec<ZeroingWay> {
        let page = self.provisioning.as_ref().filter(|_| may_unmap && !overrides.no_unmap);
        let has = |way| match way {
            ZeroingWay::UnmapSame16 => page.is_some_and(|page| page.write_same_16),
            ZeroingWay::UnmapSame10 => page.is_some_and(|page| page.write_same_10),
            ZeroingWay::Unmap => page.is_some_and(|page| page.unmap) && self.reads_zeros(),
            _ => true,
        };
        let is_same = |way| !matches!(way, ZeroingWay::Unmap | ZeroingWay::Zeros);
        let allowed = |way: &ZeroingWay| has(*way) && !(overrides.no_write_same && is_same(*way));
        ZeroingWay::ALL.into_iter().filter(allowed).collect()
    }

    /// Returns the bytes of a physical block, as far as the unit states it.
    #[must_use]
    pub fn physical_block_size(&self, capacity: Capacity) -> u64 {
        let exponent = self.format.map_or(0, |format| format.physical_block_exponent);
        u64::from(capacity.block_size) << exponent.min(15)
    }
}

impl ZeroingWay {
    const ALL: [Self; 6] =
        [Self::UnmapSame16, Self::UnmapSame10, Self::Unmap, Self::Same16, Self::Same10, Self::Zeros];

    /// The same command without the UNMAP bit.
    pub(super) const fn without_unmap(self) -> Option<Self> {
        match self {
            Self::UnmapSame16 => Some(Self::Same16),
            Self::UnmapSame10 => Some(Self::Same10),
            _ => None,
        }
    }
}

/// The blocks of so many bytes, at least one.
fn blocks_of(bytes: u64, block_size: u32) -> u32 {
    u32::try_from(bytes / u64::from(block_size.max(1))).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::VpdPage as _;

    const NONE: Overrides = Overrides {
        max_transfer_length: None,
        queue_depth: None,
        no_unmap: false,
        no_write_same: false,
        no_compare_and_write: false,
    };

    /// A thin unit with these flags of the provisioning page: LBPU, LBPWS, LBPWS10 and LBPRZ.
    fn thin(flags: u8, limits: BlockLimits) -> BlockProperties {
        let provisioning = Some(BlockProvisioning::parse(&[0, flags, 2, 0]).unwrap());
        BlockProperties { provisioning, limits: Some(limits), ..BlockProperties::default() }
    }

    const UNMAPS: BlockLimits = BlockLimits {
        write_same_needs_count: false,
        max_compare_and_write: 1,
        optimal_granularity: None,
        max_transfer: None,
        optimal_transfer: None,
        max_prefetch: None,
        max_unmap_blocks: u32::MAX,
        max_unmap_descriptors: 1,
        unmap_granularity: Some(8),
        unmap_alignment: Some(3),
        max_write_same: None,
        max_atomic_transfer: None,
        atomic_alignment: None,
        atomic_granularity: None,
        max_atomic_transfer_with_boundary: None,
        max_atomic_boundary: None,
    };

    #[test]
    fn only_ways_that_the_unit_states_unmap() {
        use ZeroingWay::{Same10, Same16, Unmap, UnmapSame10, UnmapSame16, Zeros};
        let ways =
            |flags, may_unmap, overrides: &Overrides| thin(flags, UNMAPS).zeroing_ways(may_unmap, overrides);
        assert_eq!(ways(0xe4, true, &NONE), [UnmapSame16, UnmapSame10, Unmap, Same16, Same10, Zeros]);
        assert_eq!(ways(0xe4, false, &NONE), [Same16, Same10, Zeros]);
        // UNMAP zeroes only what reads as zeros then.
        assert_eq!(ways(0xe0, true, &NONE), [UnmapSame16, UnmapSame10, Same16, Same10, Zeros]);
        assert_eq!(ways(0x44, true, &NONE), [UnmapSame16, Same16, Same10, Zeros]);
        assert_eq!(ways(0x24, true, &NONE), [UnmapSame10, Same16, Same10, Zeros]);
        assert_eq!(ways(0x84, true, &NONE), [Unmap, Same16, Same10, Zeros]);
        let no_unmap = Overrides { no_unmap: true, ..NONE };
        assert_eq!(ways(0xe4, true, &no_unmap), [Same16, Same10, Zeros]);
        let no_write_same = Overrides { no_write_same: true, ..NONE };
        assert_eq!(ways(0xe4, true, &no_write_same), [Unmap, Zeros]);
        assert_eq!(BlockProperties::default().zeroing_ways(true, &NONE), [Same16, Same10, Zeros]);
    }

    #[test]
    fn zeros_are_read_from_unmapped_blocks_if_a_page_says_so() {
        assert!(thin(0x04, UNMAPS).reads_zeros() && !thin(0xe0, UNMAPS).reads_zeros());
        assert!(!BlockProperties::default().reads_zeros());
    }

    #[test]
    fn commands_are_as_long_as_the_unit_permits_and_bounded() {
        let unmap = |limits| thin(0x80, limits).max_unmap(512, &NONE);
        assert_eq!(unmap(UNMAPS), 8 << 20);
        assert_eq!(unmap(BlockLimits { max_unmap_blocks: 100, ..UNMAPS }), 100);
        assert_eq!(unmap(BlockLimits { max_unmap_blocks: 0, ..UNMAPS }), 0);
        assert_eq!(unmap(BlockLimits { max_unmap_descriptors: 0, ..UNMAPS }), 0);
        assert_eq!(thin(0x60, UNMAPS).max_unmap(512, &NONE), 0);
        assert_eq!(thin(0x80, UNMAPS).max_unmap(512, &Overrides { no_unmap: true, ..NONE }), 0);
        let without_limits = BlockProperties { limits: None, ..thin(0x80, UNMAPS) };
        assert_eq!(without_limits.max_unmap(1 << 20, &NONE), 4096);

        let same = |most| thin(0, BlockLimits { max_write_same: most, ..UNMAPS }).max_write_same(512);
        assert_eq!(
            [None, Some(u64::MAX), Some(131_073), Some(131_071), Some(1)].map(same),
            [131_072, 131_072, 131_072, 131_071, 1]
        );
        assert_eq!(without_limits.max_write_same(512), 131_072);

        assert_eq!(thin(0, UNMAPS).unmap_granules(), Granules { length: 8, first: 3 });
        assert_eq!(without_limits.unmap_granules(), Granules::BLOCKS);
        assert_eq!(thin(0, UNMAPS).max_compare_and_write(&NONE), 1);
        assert_eq!(
            thin(0, UNMAPS).max_compare_and_write(&Overrides { no_compare_and_write: true, ..NONE }),
            0
        );
        assert_eq!(without_limits.max_compare_and_write(&NONE), 0);
    }
}

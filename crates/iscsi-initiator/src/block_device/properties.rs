//! What a logical unit reports about its blocks, and what follows from it.

use iscsi_pdu::Lun;

use super::Overrides;
use super::block_ranges::Granules;
use crate::error::Error;
use crate::handle::Session;
use crate::scsi::{
    BlockLimits, BlockProvisioning, Capacity, InquiryPage, ModeSense6, ReadCapacity16, UnitCapacity,
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
            write_protected: header.as_ref().map(|mode| mode.write_protected()),
            force_unit_access: header.as_ref().map(|mode| mode.dpo_and_fua()),
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

    /// The logical blocks of a physical one.
    #[must_use]
    pub fn physical_block_size(&self, capacity: Capacity) -> u64 {
        let exponent = self.format.map_or(0, |format| format.physical_block_exponent);
        u64::from(capacity.block_size) << exponent.min(15)
    }
}

impl ZeroingWay {
    const ALL: [Self; 6] =
        [Self::UnmapSame16, Self::UnmapSame10, Self::Unmap, Self::Same16, Self::Same10, Self::Zeros];
}

/// The blocks of so many bytes, at least one.
fn blocks_of(bytes: u64, block_size: u32) -> u32 {
    u32::try_from(bytes / u64::from(block_size.max(1))).unwrap_or(u32::MAX).max(1)
}

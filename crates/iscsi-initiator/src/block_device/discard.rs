//! Discarding: the unit may forget what is in a range.

use std::ops::Range;

use super::BlockDevice;
use super::block_ranges::{Granules, WholeBlocks, divided};
use super::pipeline::Pipeline;
use super::zeroes::zeros;
use crate::error::Error;
use crate::scsi::{BlockRange, RawCommand, Unmap, UnmapList, WriteSame16};

/// How a unit is told that the contents of blocks are no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiscardWay {
    Unmap,
    /// WRITE SAME (16) with the UNMAP bit.
    Same16,
}

impl BlockDevice {
    /// Tells the unit that the contents of a range are no longer needed, so that it can use their memory for something else: UNMAP,
    /// or WRITE SAME with the UNMAP bit. What the range reads as afterwards is open: [`write_zeroes`](Self::write_zeroes) makes it
    /// zeros.
    ///
    /// Only whole blocks are discarded, and only those of whole granules where the unit states a granularity. Returns the number
    /// of bytes discarded: 0 if the unit does not unmap blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, [`Error::WriteProtected`], otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range discarded.
    pub async fn discard(&self, offset: u64, length: u64) -> Result<u64, Error> {
        self.check_write(offset, length)?;
        let Some((way, most)) = self.discard_way() else { return Ok(0) };
        let granules = self.shared.properties.unmap_granules();
        let whole = WholeBlocks::of(&(offset..offset + length), self.block_size());
        let blocks = granules.within(&whole.blocks);
        let length = (blocks.end - blocks.start) * self.block_size();
        self.discard_by(way, blocks, most, granules).await?;
        Ok(length)
    }

    /// The way of discarding that the unit supports, and the most blocks of one command.
    fn discard_way(&self) -> Option<(DiscardWay, u32)> {
        let (properties, overrides) = (&self.shared.properties, &self.shared.overrides);
        let unmapped = properties.max_unmap(self.capacity.block_size, overrides);
        if unmapped > 0 {
            return Some((DiscardWay::Unmap, unmapped));
        }
        let is_supported = properties.provisioning.as_ref().is_some_and(|page| page.write_same_16);
        let is_allowed = !overrides.no_unmap && !overrides.no_write_same;
        (is_supported && is_allowed)
            .then(|| (DiscardWay::Same16, properties.max_write_same(self.capacity.block_size)))
    }

    async fn discard_by(
        &self,
        way: DiscardWay,
        blocks: Range<u64>,
        most: u32,
        granules: Granules,
    ) -> Result<(), Error> {
        let mut pipeline = Pipeline::new(self);
        for range in divided(blocks, most, granules) {
            pipeline.send(self.discard_command(way, range)).await?;
        }
        pipeline.finish().await
    }

    fn discard_command(&self, way: DiscardWay, range: BlockRange) -> RawCommand {
        match way {
            DiscardWay::Unmap => unmap(range),
            DiscardWay::Same16 => WriteSame16 {
                lba: range.lba,
                blocks: range.blocks,
                data: Some(zeros(self.capacity.block_size as usize).into()),
                unmap: true,
                ..WriteSame16::default()
            }
            .into(),
        }
    }
}

/// UNMAP of one range.
pub(super) fn unmap(range: BlockRange) -> RawCommand {
    let ranges = UnmapList::new(&[range]).unwrap_or_default();
    Unmap { ranges, ..Unmap::default() }.into()
}

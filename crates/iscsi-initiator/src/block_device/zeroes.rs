//! Zeroing: a range reads as zeros, by the cheapest way that the unit supports.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::{Bytes, BytesMut};

use super::BlockDevice;
use super::block_ranges::{Granules, WholeBlocks, divided};
use super::discard::unmap;
use super::partial_blocks::refuses_command;
use super::pipeline::Pipeline;
use super::properties::ZeroingWay;
use crate::error::Error;
use crate::scsi::{BlockRange, RawCommand, WriteData, WriteSame10, WriteSame16};

/// What [`BlockDevice::write_zeroes`] may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeroing {
    /// Blocks may be unmapped, if they read as zeros then.
    MayUnmap,
    /// Blocks keep their place on the medium, so that later writes do not fail for want of it.
    KeepMapped,
}

/// The ways of zeroing that the unit has refused.
#[derive(Default)]
pub(super) struct RefusedWays(AtomicU8);

impl RefusedWays {
    fn contains(&self, way: ZeroingWay) -> bool {
        self.0.load(Ordering::Relaxed) & bit(way) != 0
    }

    fn insert(&self, way: ZeroingWay) {
        self.0.fetch_or(bit(way), Ordering::Relaxed);
    }
}

const fn bit(way: ZeroingWay) -> u8 {
    1 << way as u8
}

impl BlockDevice {
    /// Makes a range read as zeros: by WRITE SAME or UNMAP, whichever the unit supports, otherwise by writing zeros. Parts of
    /// blocks are written.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, [`Error::WriteProtected`], otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range zeroed.
    pub async fn write_zeroes(&self, offset: u64, length: u64, zeroing: Zeroing) -> Result<(), Error> {
        self.check_write(offset, length)?;
        let WholeBlocks { head, blocks, tail } =
            WholeBlocks::of(&(offset..offset + length), self.block_size());
        for edge in [head, tail] {
            self.write_zero_edge(edge).await?;
        }
        if blocks.is_empty() {
            return Ok(());
        }
        let may_unmap = zeroing == Zeroing::MayUnmap;
        for way in self.shared.properties.zeroing_ways(may_unmap, &self.shared.overrides) {
            if !self.shared.zeroing.contains(way) && self.zero_by(way, blocks.clone()).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes zeros to less than two blocks.
    async fn write_zero_edge(&self, edge: Range<u64>) -> Result<(), Error> {
        match usize::try_from(edge.end - edge.start) {
            Ok(0) | Err(_) => Ok(()),
            Ok(length) => Box::pin(self.write_at(edge.start, zeros(length))).await,
        }
    }

    /// Zeroes blocks. `false` if the unit does not support the way.
    async fn zero_by(&self, way: ZeroingWay, blocks: Range<u64>) -> Result<bool, Error> {
        let outcome = match way {
            ZeroingWay::Zeros => self.write_zero_blocks(blocks).await,
            ZeroingWay::Unmap => self.zero_by_unmap(blocks).await,
            ZeroingWay::UnmapSame16 | ZeroingWay::UnmapSame10 | ZeroingWay::Same16 | ZeroingWay::Same10 => {
                self.zero_by_write_same(way, blocks).await
            }
        };
        match outcome {
            Err(Error::Command { sense: Some(sense), .. })
                if way != ZeroingWay::Zeros && refuses_command(&sense) =>
            {
                self.shared.zeroing.insert(way);
                // The same command without the bit is no better known.
                if let Some(plain) = way.without_unmap().filter(|_| sense.reports_unknown_command()) {
                    self.shared.zeroing.insert(plain);
                }
                Ok(false)
            }
            outcome => outcome.map(|()| true),
        }
    }

    async fn zero_by_write_same(&self, way: ZeroingWay, blocks: Range<u64>) -> Result<(), Error> {
        let unmaps = matches!(way, ZeroingWay::UnmapSame16 | ZeroingWay::UnmapSame10);
        let is_short = matches!(way, ZeroingWay::UnmapSame10 | ZeroingWay::Same10);
        let most = self.shared.properties.max_write_same(self.capacity.block_size);
        let most = if is_short { most.min(u16::MAX.into()) } else { most };
        let block = zeros(self.capacity.block_size as usize);
        let mut pipeline = Pipeline::new(self);
        for range in divided(blocks, most, Granules::BLOCKS) {
            pipeline.send(write_same(range, block.clone().into(), unmaps, is_short)).await?;
        }
        pipeline.finish().await
    }

    /// Unmaps, and writes zeros to what the unit leaves mapped.
    async fn zero_by_unmap(&self, blocks: Range<u64>) -> Result<(), Error> {
        let most = self.shared.properties.max_unmap(self.capacity.block_size, &self.shared.overrides);
        let granules = self.shared.properties.unmap_granules();
        if most > 0 {
            let mut pipeline = Pipeline::new(self);
            for range in divided(granules.within(&blocks), most, granules) {
                pipeline.send(unmap(range)).await?;
            }
            pipeline.finish().await?;
        }
        let (block_size, mut next) = (self.block_size(), blocks.start);
        while next < blocks.end {
            let left = (blocks.end - next) * block_size;
            for part in self.block_status(next * block_size, left).await? {
                let part_blocks = next..next + part.length / block_size;
                next = part_blocks.end;
                if !part.reads_zeros {
                    self.write_zero_blocks(part_blocks).await?;
                }
            }
        }
        Ok(())
    }

    async fn write_zero_blocks(&self, blocks: Range<u64>) -> Result<(), Error> {
        let most = self.sizes.per_piece;
        let data = zeros(most as usize * self.capacity.block_size as usize);
        let mut pipeline = Pipeline::new(self);
        for range in divided(blocks, most, Granules::BLOCKS) {
            let data = data.slice(..range.blocks as usize * self.capacity.block_size as usize);
            pipeline.send(crate::scsi::write_blocks(range.lba, range.blocks, data)).await?;
        }
        pipeline.finish().await
    }
}

/// So many zeros.
pub(super) fn zeros(length: usize) -> Bytes {
    BytesMut::zeroed(length).freeze()
}

/// WRITE SAME in the form of 16 bytes, or in the short one where that can address the range.
fn write_same(range: BlockRange, data: WriteData, unmap: bool, is_short: bool) -> RawCommand {
    let BlockRange { lba, blocks } = range;
    match (u32::try_from(lba), u16::try_from(blocks)) {
        (Ok(lba), Ok(blocks)) if is_short => {
            WriteSame10 { lba, blocks, data, unmap, ..WriteSame10::default() }.into()
        }
        _ => WriteSame16 { lba, blocks, data: Some(data), unmap, ..WriteSame16::default() }.into(),
    }
}

//! A reader of a range that reads ahead of the caller.

use std::collections::VecDeque;

use bytes::Bytes;

use super::BlockDevice;
use crate::error::Error;
use crate::handle::PendingCommand;

/// A reader of a range, piece by piece and in order. Commands of 256 KiB are in flight, 32 unless the
/// [overrides](super::Overrides) say otherwise, and none that unit and command window do not permit.
pub struct RangeReader {
    device: BlockDevice,
    /// Commands in flight, in order.
    pending: VecDeque<PendingCommand>,
    /// Offset of the next READ, always at a block boundary.
    next_request: u64,
    /// Offset of the next byte for the caller.
    position: u64,
    end: u64,
}

impl RangeReader {
    pub(super) fn new(device: BlockDevice, offset: u64, length: u64) -> Self {
        let block_size = device.block_size();
        let next_request = offset / block_size * block_size;
        Self { device, pending: VecDeque::new(), next_request, position: offset, end: offset + length }
    }

    /// Returns the next piece, or `None` at the end of the range.
    ///
    /// # Errors
    /// Those of the session, or [`Error::Incomplete`] for a READ that did not return all of its data.
    ///
    /// # Cancel safety
    /// A future that is dropped may have lost a piece: drop the reader too.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.position >= self.end {
            return Ok(None);
        }
        self.read_ahead().await?;
        let Some(pending) = self.pending.pop_front() else { return Ok(None) };
        let data = self.device.complete_read(pending).await?;
        Ok(Some(self.trim(data)))
    }

    async fn read_ahead(&mut self) -> Result<(), Error> {
        let block_size = self.device.block_size();
        while self.next_request < self.end && self.device.may_send_another(self.pending.len()) {
            let blocks_left = (self.end - self.next_request).div_ceil(block_size);
            let (lba, sizes) = (self.next_request / block_size, &self.device.sizes);
            let blocks = sizes.next(lba, blocks_left, sizes.per_piece);
            let length = blocks as usize * self.device.capacity.block_size as usize;
            let buffer = self.device.session.buffers().take(length);
            let command = self.device.submit_read(lba, blocks, buffer).await?;
            self.pending.push_back(command);
            self.next_request += u64::from(blocks) * block_size;
        }
        Ok(())
    }

    /// Cuts off the bytes of the edge blocks that are outside the range.
    fn trim(&mut self, mut data: Bytes) -> Bytes {
        let skip = usize::try_from(self.position % self.device.block_size()).unwrap_or_default();
        let mut piece = data.split_off(skip.min(data.len()));
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        piece.truncate(left);
        self.position += piece.len() as u64;
        piece
    }
}

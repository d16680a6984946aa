//! A reader of a range that reads ahead of the caller, and a writer that takes pieces of any length and writes whole
//! blocks.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{BlockDevice, COMMANDS_IN_FLIGHT};
use crate::error::Error;
use crate::handle::PendingCommand;

/// A reader of a range, piece by piece and in order. At most four commands of 1 MiB are in flight.
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
        let data = self.device.complete(pending).await?;
        Ok(Some(self.trim(data)))
    }

    async fn read_ahead(&mut self) -> Result<(), Error> {
        let block_size = self.device.block_size();
        while self.pending.len() < COMMANDS_IN_FLIGHT && self.next_request < self.end {
            let blocks_left = (self.end - self.next_request).div_ceil(block_size);
            let blocks = u32::try_from(blocks_left).unwrap_or(u32::MAX).min(self.device.blocks_per_command);
            let command = self.device.submit_read(self.next_request / block_size, blocks).await?;
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

/// A writer of a range, which takes the data in order. At most four commands of 1 MiB are in flight.
#[must_use = "nothing is known to be written before `finish`"]
pub struct RangeWriter {
    device: BlockDevice,
    pending: VecDeque<PendingCommand>,
    /// Data not yet sent, from `block_start` on, which is a block boundary.
    buffer: BytesMut,
    block_start: u64,
    /// Offset of the next byte from the caller.
    position: u64,
    end: u64,
    acknowledged: u64,
    lengths: VecDeque<u64>,
}

impl RangeWriter {
    pub(super) fn new(device: BlockDevice, offset: u64, length: u64) -> Self {
        let block_start = offset / device.block_size() * device.block_size();
        Self {
            device,
            pending: VecDeque::new(),
            buffer: BytesMut::new(),
            block_start,
            position: offset,
            end: offset + length,
            acknowledged: 0,
            lengths: VecDeque::new(),
        }
    }

    /// Returns the number of bytes, edge blocks included, that the target has acknowledged in order.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Takes the next piece; waits while the most commands allowed are in flight.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more data than the range has, otherwise those of the session. Any part of the
    /// range may then be written.
    ///
    /// # Cancel safety
    /// A future that is dropped may have lost the piece: drop the writer too.
    pub async fn write(&mut self, data: Bytes) -> Result<(), Error> {
        if data.len() as u64 > self.end - self.position {
            return Err(Error::InvalidArgument("more data than the range has".to_owned()));
        }
        self.read_first_block().await?;
        self.position += data.len() as u64;
        self.buffer.extend_from_slice(&data);
        let chunk = self.device.blocks_per_command as usize * self.device.capacity.block_size as usize;
        while self.buffer.len() >= chunk {
            let blocks = self.buffer.split_to(chunk).freeze();
            self.submit(blocks).await?;
        }
        Ok(())
    }

    /// Writes the remaining data and waits until the target has acknowledged everything. The data may still be in a
    /// volatile cache: see [`BlockDevice::synchronize_cache`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for less data than the range has, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range written.
    pub async fn finish(mut self) -> Result<(), Error> {
        if self.position != self.end {
            return Err(Error::InvalidArgument(format!(
                "{} bytes of the range were not handed over",
                self.end - self.position
            )));
        }
        self.read_last_block().await?;
        if !self.buffer.is_empty() {
            let blocks = self.buffer.split().freeze();
            self.submit(blocks).await?;
        }
        while !self.pending.is_empty() {
            self.await_first().await?;
        }
        Ok(())
    }

    /// Reads the bytes of the first block that precede the range.
    async fn read_first_block(&mut self) -> Result<(), Error> {
        let head = self.position - self.block_start;
        if self.buffer.is_empty() && head > 0 && head < self.device.block_size() {
            let block = self.device.read_block(self.block_start / self.device.block_size()).await?;
            self.buffer.extend(block.iter().take(usize::try_from(head).unwrap_or_default()));
        }
        Ok(())
    }

    /// Reads the bytes of the last block that follow the range.
    async fn read_last_block(&mut self) -> Result<(), Error> {
        let tail = usize::try_from(self.end % self.device.block_size()).unwrap_or_default();
        if tail > 0 && !self.buffer.is_empty() {
            let block = self.device.read_block(self.end / self.device.block_size()).await?;
            self.buffer.extend(block.iter().skip(tail));
        }
        Ok(())
    }

    async fn submit(&mut self, blocks: Bytes) -> Result<(), Error> {
        while self.pending.len() >= COMMANDS_IN_FLIGHT {
            self.await_first().await?;
        }
        let length = blocks.len() as u64;
        let command = self.device.submit_write(self.block_start / self.device.block_size(), blocks).await?;
        self.block_start += length;
        self.pending.push_back(command);
        self.lengths.push_back(length);
        Ok(())
    }

    async fn await_first(&mut self) -> Result<(), Error> {
        if let (Some(command), Some(length)) = (self.pending.pop_front(), self.lengths.pop_front()) {
            self.device.complete(command).await?;
            self.acknowledged += length;
        }
        Ok(())
    }
}

//! Reads into several buffers.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{BlockDevice, RangeReader};
use crate::error::Error;
use crate::handle::PendingCommand;

impl BlockDevice {
    /// Reads consecutive bytes from `offset` on into several buffers, each of which is filled, and returns them. Buffers of whole
    /// blocks at block boundaries are received in place, by commands that are in flight at the same time. The opposite is
    /// [`write_at`](Self::write_at), which takes data in several pieces.
    ///
    /// ```no_run
    /// # async fn example(disk: iscsi_initiator::BlockDevice) -> Result<(), iscsi_initiator::Error> {
    /// use bytes::BytesMut;
    /// let buffers = vec![BytesMut::zeroed(4096), BytesMut::zeroed(65536)];
    /// let filled = disk.read_scattered(0, buffers).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at). The buffers are dropped.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the buffers to the commands, which drop them when they end.
    pub async fn read_scattered(&self, offset: u64, buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>, Error> {
        let length = buffers.iter().map(|buffer| buffer.len() as u64).try_fold(0, u64::checked_add);
        self.check_range(offset, length.unwrap_or(u64::MAX))?;
        let is_whole = |buffer: &BytesMut| self.whole_blocks(0, buffer.len()).is_some();
        if offset.is_multiple_of(self.block_size()) && buffers.iter().all(is_whole) {
            self.read_in_place(offset, buffers).await
        } else {
            self.copy_scattered(offset, length.unwrap_or(0), buffers).await
        }
    }

    async fn read_in_place(&self, offset: u64, buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>, Error> {
        let mut parts = Parts { device: self, pending: VecDeque::new(), filled: Vec::new() };
        let mut lba = offset / self.block_size();
        for mut buffer in buffers {
            parts.filled.push(BytesMut::new());
            let place = parts.filled.len() - 1;
            while !buffer.is_empty() {
                let left = buffer.len() as u64 / self.block_size();
                let blocks = self.sizes.next(lba, left, self.sizes.per_command);
                let part = buffer.split_to(blocks as usize * self.capacity.block_size as usize);
                parts.read(lba, blocks, part, place).await?;
                lba += u64::from(blocks);
            }
        }
        parts.finish().await
    }

    async fn copy_scattered(
        &self,
        offset: u64,
        length: u64,
        mut buffers: Vec<BytesMut>,
    ) -> Result<Vec<BytesMut>, Error> {
        let mut reader = RangeReader::new(self.clone(), offset, length);
        let mut piece = Bytes::new();
        for buffer in &mut buffers {
            let mut rest = &mut buffer[..];
            while !rest.is_empty() {
                if piece.is_empty() {
                    piece = reader.next().await?.unwrap_or_default();
                }
                let first = piece.split_to(piece.len().min(rest.len()));
                let Some(place) = rest.split_off_mut(..first.len()).filter(|place| !place.is_empty()) else {
                    break;
                };
                place.copy_from_slice(&first);
            }
        }
        Ok(buffers)
    }
}

/// Parts of buffers that are being read.
struct Parts<'a> {
    device: &'a BlockDevice,
    /// Each command with the place of its buffer.
    pending: VecDeque<(PendingCommand, usize)>,
    filled: Vec<BytesMut>,
}

impl Parts<'_> {
    async fn read(&mut self, lba: u64, blocks: u32, part: BytesMut, place: usize) -> Result<(), Error> {
        while !self.device.may_send_another(self.pending.len()) {
            self.await_first().await?;
        }
        self.pending.push_back((self.device.submit_read(lba, blocks, part).await?, place));
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<BytesMut>, Error> {
        while !self.pending.is_empty() {
            self.await_first().await?;
        }
        Ok(self.filled)
    }

    async fn await_first(&mut self) -> Result<(), Error> {
        if let Some((command, place)) = self.pending.pop_front() {
            let part = self.device.complete(command).await?;
            if let Some(filled) = self.filled.get_mut(place) {
                // Parts of one buffer that lie side by side are joined without a copy.
                filled.unsplit(part);
            }
        }
        Ok(())
    }
}

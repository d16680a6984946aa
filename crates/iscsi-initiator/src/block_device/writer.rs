//! A writer of a range that takes pieces of any length and writes whole blocks.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::BlockDevice;
use crate::error::Error;
use crate::handle::PendingCommand;
use crate::scsi::WriteData;

/// Pieces of fewer bytes are joined: copying them costs less than sending them apart.
const SHORT: usize = 4096;

/// A writer of a range, which takes the data in order and does not join the pieces. At most 32 commands of 256 KiB are in
/// flight.
#[must_use = "nothing is known to be written before `finish`"]
pub struct RangeWriter {
    device: BlockDevice,
    pending: VecDeque<PendingCommand>,
    /// Data not yet sent, from `block_start` on, which is a block boundary.
    unsent: Pieces,
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
            unsent: Pieces::default(),
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
        if data.is_empty() {
            return Ok(());
        }
        self.read_first_block().await?;
        self.position += data.len() as u64;
        self.unsent.push(data);
        let length = self.device.blocks_per_piece() as usize * self.device.capacity.block_size as usize;
        while self.unsent.length >= length {
            let blocks = self.unsent.take(length);
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
        if self.unsent.length > 0 {
            let blocks = self.unsent.take(self.unsent.length);
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
        if self.unsent.length == 0 && head > 0 {
            let mut block = self.device.read_block(self.block_start / self.device.block_size()).await?;
            block.truncate(usize::try_from(head).unwrap_or_default());
            self.unsent.push(block);
        }
        Ok(())
    }

    /// Reads the bytes of the last block that follow the range.
    async fn read_last_block(&mut self) -> Result<(), Error> {
        let tail = usize::try_from(self.end % self.device.block_size()).unwrap_or_default();
        if tail > 0 && self.unsent.length > 0 {
            let mut block = self.device.read_block(self.end / self.device.block_size()).await?;
            self.unsent.push(block.split_off(tail.min(block.len())));
        }
        Ok(())
    }

    async fn submit(&mut self, blocks: WriteData) -> Result<(), Error> {
        while !self.device.may_send_another(self.pending.len()) {
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

/// Pieces of data, one behind the other. Short ones are joined.
#[derive(Default)]
struct Pieces {
    long: VecDeque<Bytes>,
    /// Short pieces behind the long ones.
    short: BytesMut,
    length: usize,
}

impl Pieces {
    fn push(&mut self, data: Bytes) {
        self.length += data.len();
        if data.len() < SHORT {
            self.short.extend_from_slice(&data);
        } else {
            self.join_short();
            self.long.push_back(data);
        }
    }

    /// Removes the first bytes, which have to be there.
    fn take(&mut self, length: usize) -> WriteData {
        self.join_short();
        self.length -= length;
        let (mut taken, mut missing) = (Vec::new(), length);
        while missing > 0
            && let Some(mut piece) = self.long.pop_front()
        {
            let first = piece.split_to(missing.min(piece.len()));
            missing -= first.len();
            taken.push(first);
            if !piece.is_empty() {
                self.long.push_front(piece);
            }
        }
        taken.into()
    }

    fn join_short(&mut self) {
        if !self.short.is_empty() {
            self.long.push_back(self.short.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes portions of pieces with these lengths; returns the lengths of what each consists of.
    fn taken(lengths: &[usize], portions: &[usize]) -> Vec<Vec<usize>> {
        let all: Bytes = (0..=250).cycle().take(lengths.iter().sum()).collect();
        let (mut pieces, mut rest) = (Pieces::default(), all.clone());
        for length in lengths {
            pieces.push(rest.split_to(*length));
        }
        let mut at = 0;
        let portions = portions.iter().map(|portion| {
            let taken = pieces.take(*portion);
            let expected = all.slice(at..at + portion);
            at += portion;
            assert_eq!(taken, expected.into());
            assert_eq!(pieces.length, all.len() - at);
            taken.pieces().iter().map(Bytes::len).collect()
        });
        portions.collect()
    }

    /// Pieces of less than 4096 bytes are joined with those beside them, longer ones with none, and each may be divided.
    #[test]
    fn short_pieces_are_joined() {
        assert_eq!(taken(&[4096, 4096], &[8192]), [vec![4096, 4096]]);
        assert_eq!(taken(&[4095, 1], &[4096]), [vec![4096]]);
        assert_eq!(taken(&[1, 4095, 4096, 2, 0, 3], &[8197]), [vec![4096, 4096, 5]]);
        assert_eq!(taken(&[10_000, 2], &[4096, 5904, 2]), [vec![4096], vec![5904], vec![2]]);
        assert_eq!(taken(&[5000, 5000], &[4999, 2, 4999]), [vec![4999], vec![1, 1], vec![4999]]);
    }

    /// A long piece is sent from where it lies.
    #[test]
    fn long_pieces_are_not_copied() {
        let (long, mut pieces) = (Bytes::from(vec![7; 4096]), Pieces::default());
        pieces.push(long.clone());
        assert_eq!(pieces.take(4096).pieces()[0].as_ptr(), long.as_ptr());
    }
}

//! A writer of a range that takes pieces of any length and writes whole blocks.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::BlockDevice;
use super::partial_blocks::PartOfBlock;
use crate::error::Error;
use crate::handle::PendingCommand;
use crate::scsi::WriteData;

/// Pieces of fewer bytes are joined: copying them costs less than sending them apart.
const SHORT: usize = 4096;

/// A writer of a range, which takes the data in order and does not join the pieces. Commands of 256 KiB are in flight, 32 unless
/// the [overrides](super::Overrides) say otherwise. Parts of blocks are written as [`BlockDevice::write_at`] does it.
#[must_use = "nothing is known to be written before `finish`"]
pub struct RangeWriter {
    device: BlockDevice,
    /// Whether the data are on the medium when their command ends.
    fua: bool,
    /// The commands in flight, with the bytes that each writes.
    pending: VecDeque<(PendingCommand, u64)>,
    /// Data not yet sent, which begin at `next`.
    unsent: Pieces,
    next: u64,
    end: u64,
    acknowledged: u64,
}

impl RangeWriter {
    pub(super) fn new(device: BlockDevice, range: Range<u64>, fua: bool) -> Self {
        let (pending, unsent) = (VecDeque::new(), Pieces::default());
        Self { device, fua, pending, unsent, next: range.start, end: range.end, acknowledged: 0 }
    }

    /// Returns the number of bytes that the target has acknowledged in order.
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
        if data.len() as u64 > self.end - self.position() {
            return Err(Error::InvalidArgument("more data than the range has".to_owned()));
        }
        self.unsent.push(data);
        self.complete_first_block().await?;
        while let Some(length) = self.next_length().filter(|length| self.unsent.length >= *length) {
            let blocks = self.unsent.take(length);
            self.submit(blocks).await?;
        }
        Ok(())
    }

    /// Writes the remaining data and waits until the target has acknowledged everything. The data may still be in a
    /// volatile cache: see [`BlockDevice::flush`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for less data than the range has, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range written.
    pub async fn finish(self) -> Result<(), Error> {
        match self.end - self.position() {
            0 => self.finish_here().await,
            missing => {
                Err(Error::InvalidArgument(format!("{missing} bytes of the range were not handed over")))
            }
        }
    }

    /// Writes what was handed over, which may be less than the range.
    ///
    /// # Cancel safety
    /// As [`finish`](Self::finish).
    pub(super) async fn finish_here(mut self) -> Result<(), Error> {
        if !self.next.is_multiple_of(self.device.block_size()) {
            self.write_part(self.unsent.length).await?;
        }
        let tail = self.unsent.length % self.device.capacity.block_size as usize;
        if self.unsent.length > tail {
            let blocks = self.unsent.take(self.unsent.length - tail);
            self.submit(blocks).await?;
        }
        while !self.pending.is_empty() {
            self.await_first().await?;
        }
        self.write_part(tail).await
    }

    /// The offset of the next byte from the caller.
    pub(super) const fn position(&self) -> u64 {
        self.next + self.unsent.length as u64
    }

    /// Writes the end of a block within which the range begins, once it is there.
    async fn complete_first_block(&mut self) -> Result<(), Error> {
        let block_size = self.device.block_size();
        let missing = usize::try_from(self.next.next_multiple_of(block_size) - self.next).unwrap_or(0);
        if self.unsent.length >= missing { self.write_part(missing).await } else { Ok(()) }
    }

    /// The number of bytes of the next command in the middle of the range; `None` within the first block.
    fn next_length(&self) -> Option<usize> {
        let block_size = self.device.block_size();
        let lba = self.next.is_multiple_of(block_size).then_some(self.next / block_size)?;
        let blocks = self.device.sizes.next(lba, u64::MAX, self.device.sizes.per_piece);
        Some(blocks as usize * self.device.capacity.block_size as usize)
    }

    /// Writes the first bytes, which are part of one block.
    async fn write_part(&mut self, length: usize) -> Result<(), Error> {
        if length == 0 {
            return Ok(());
        }
        let block_size = self.device.block_size();
        let data = self.unsent.take(length).pieces().to_vec();
        let at = usize::try_from(self.next % block_size).unwrap_or(0);
        self.device.write_part(&PartOfBlock { lba: self.next / block_size, at, data, fua: self.fua }).await?;
        self.next += length as u64;
        self.acknowledged += length as u64;
        Ok(())
    }

    async fn submit(&mut self, blocks: WriteData) -> Result<(), Error> {
        while !self.device.may_send_another(self.pending.len()) {
            self.await_first().await?;
        }
        let length = blocks.len() as u64;
        let lba = self.next / self.device.block_size();
        let command = self.device.submit_write(lba, blocks, self.fua).await?;
        self.next += length;
        self.pending.push_back((command, length));
        Ok(())
    }

    async fn await_first(&mut self) -> Result<(), Error> {
        if let Some((command, length)) = self.pending.pop_front() {
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

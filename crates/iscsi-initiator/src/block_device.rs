//! Byte-addressed I/O over block commands.

mod ranges;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use iscsi_pdu::Lun;

use crate::error::Error;
use crate::handle::{Flush, PendingCommand, Session};
use crate::scsi::{self, Capacity};
pub use ranges::{RangeReader, RangeWriter};

/// The most bytes of one command. A transfer holds about four times as much in memory.
const MAX_TRANSFER_LENGTH: u32 = 1 << 20;
const COMMANDS_IN_FLIGHT: usize = 4;

/// A logical unit that can be read and written at any byte. Clones share the session.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{BlockDevice, Lun};
/// let disk = BlockDevice::open(&session, Lun::ZERO).await?;
/// disk.write_at(1000, b"hello".as_slice().into()).await?;
/// disk.synchronize_cache().await?;
/// assert_eq!(disk.read_at(1000, 5).await?, b"hello"[..]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlockDevice {
    session: Session,
    lun: Lun,
    capacity: Capacity,
    blocks_per_command: u32,
    recovered_errors: Arc<AtomicU64>,
}

impl BlockDevice {
    /// Waits until the logical unit has reported its pending unit attentions, then reads its size.
    ///
    /// # Errors
    /// [`Error::Command`] when the unit is missing or not ready, or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn open(session: &Session, lun: Lun) -> Result<Self, Error> {
        session.test_unit_ready(lun).await?;
        let capacity = session.read_capacity(lun).await?;
        let limit = session.max_transfer_blocks(lun).await?.unwrap_or(u32::MAX);
        let blocks_per_command = (MAX_TRANSFER_LENGTH / capacity.block_size).min(limit).max(1);
        let (session, recovered_errors) = (session.clone(), Arc::default());
        Ok(Self { session, lun, capacity, blocks_per_command, recovered_errors })
    }

    /// Returns the size.
    #[must_use]
    pub const fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Returns a reader of a range, which reads a bounded number of pieces ahead of the caller.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the range ends beyond the device.
    pub fn reader(&self, offset: u64, length: u64) -> Result<RangeReader, Error> {
        self.check_range(offset, length)?;
        Ok(RangeReader::new(self.clone(), offset, length))
    }

    /// Returns a writer of a range, which takes the data piece by piece.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the range ends beyond the device; nothing is written.
    pub fn writer(&self, offset: u64, length: u64) -> Result<RangeWriter, Error> {
        self.check_range(offset, length)?;
        Ok(RangeWriter::new(self.clone(), offset, length))
    }

    /// Reads `length` bytes from `offset` on into one buffer.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, Error> {
        let mut reader = self.reader(offset, length as u64)?;
        let first = reader.next().await?.unwrap_or_default();
        if first.len() == length {
            return Ok(first);
        }
        let mut data = BytesMut::with_capacity(length);
        data.extend_from_slice(&first);
        while let Some(piece) = reader.next().await? {
            data.extend_from_slice(&piece);
        }
        Ok(data.freeze())
    }

    /// Reads from `offset` on until `buffer` is full, whose length is that of the read, and returns it.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at). The buffer is dropped.
    ///
    /// # Cancel safety
    /// A future that is dropped drops the buffer, at the latest when the target has ended the command.
    pub async fn read_into(&self, offset: u64, mut buffer: BytesMut) -> Result<BytesMut, Error> {
        let data = self.read_at(offset, buffer.len()).await?;
        buffer.copy_from_slice(&data);
        Ok(buffer)
    }

    /// Writes `data` from `offset` on. Blocks that are only covered in part are read first, so concurrent writes to one
    /// block must be serialized by the caller.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range written; nothing outside it changes.
    pub async fn write_at(&self, offset: u64, data: Bytes) -> Result<(), Error> {
        let mut writer = self.writer(offset, data.len() as u64)?;
        writer.write(data).await?;
        writer.finish().await
    }

    /// Flushes all data written before this call to stable storage, as [`Session::synchronize_cache`] does.
    ///
    /// # Errors
    /// [`Error::Command`] and [`Error::NotFlushed`] when the target cannot make the data stable.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the target synchronizing.
    pub async fn synchronize_cache(&self) -> Result<Flush, Error> {
        self.session.synchronize_cache(self.lun).await
    }

    /// Returns the number of reads and writes of this device and its clones that ended in CHECK CONDITION with sense
    /// key RECOVERED ERROR: the data are complete, and the medium may be failing.
    #[must_use]
    pub fn recovered_errors(&self) -> u64 {
        self.recovered_errors.load(Ordering::Relaxed)
    }

    /// Waits for a read or write, and counts recovered errors.
    async fn complete(&self, pending: PendingCommand) -> Result<Bytes, Error> {
        let completion = pending.completion().await?;
        if completion.recovered_error().is_some() {
            self.recovered_errors.fetch_add(1, Ordering::Relaxed);
        }
        Ok(completion.data)
    }

    fn block_size(&self) -> u64 {
        self.capacity.block_size.into()
    }

    /// Submits a READ to the session.
    async fn submit_read(&self, lba: u64, blocks: u32) -> Result<PendingCommand, Error> {
        self.session.submit(self.lun, scsi::read_blocks(lba, blocks, self.capacity.block_size)).await
    }

    /// Submits a WRITE of whole blocks to the session.
    async fn submit_write(&self, lba: u64, data: Bytes) -> Result<PendingCommand, Error> {
        let blocks = u32::try_from(data.len() as u64 / self.block_size())
            .map_err(|_| Error::InvalidArgument("a write of 2^32 blocks or more".to_owned()))?;
        self.session.submit(self.lun, scsi::write_blocks(lba, blocks, data)).await
    }

    /// Reads one whole block.
    async fn read_block(&self, lba: u64) -> Result<Bytes, Error> {
        self.complete(self.submit_read(lba, 1).await?).await
    }

    fn check_range(&self, offset: u64, length: u64) -> Result<(), Error> {
        let size = self.capacity.bytes();
        if offset.checked_add(length).is_some_and(|end| end <= size) {
            return Ok(());
        }
        Err(Error::InvalidArgument(format!(
            "{length} bytes from offset {offset} reach beyond the device of {size} bytes"
        )))
    }
}

//! Byte-addressed I/O over block commands.

mod block_ranges;
mod block_status;
mod compare_and_write;
mod discard;
mod overrides;
mod partial_blocks;
mod pipeline;
mod prefetch;
mod properties;
mod ranges;
mod reader;
mod scatter;
mod stream;
mod transfer_sizes;
mod writer;
mod zeroes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use iscsi_pdu::Lun;

use crate::error::Error;
use crate::handle::{Flush, PendingCommand, Session, data_of};
use crate::scsi::{self, Capacity, RawCommand, Write10, Write16, WriteData};
use crate::session::Outcome;
pub use block_status::BlockStatus;
pub use compare_and_write::Comparison;
pub use overrides::Overrides;
use partial_blocks::PartialBlocks;
pub use properties::BlockProperties;
pub use reader::RangeReader;
pub use stream::DeviceStream;
use transfer_sizes::TransferSizes;
pub use writer::RangeWriter;
pub use zeroes::Zeroing;

/// A logical unit that can be read and written at any byte. Clones share the session, and may be used from several tasks at a
/// time.
///
/// Reads and writes of any length are divided into as many commands as the unit's limits require, of which as many are in flight as
/// the unit and the command window take, 32 by default.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{BlockDevice, Lun};
/// let disk = BlockDevice::open(&session, Lun::ZERO).await?;
/// disk.write_at(1000, b"hello".as_slice()).await?;
/// disk.flush().await?;
/// assert_eq!(disk.read_at(1000, 5).await?, b"hello"[..]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlockDevice {
    session: Session,
    lun: Lun,
    /// The size at the opening.
    capacity: Capacity,
    sizes: TransferSizes,
    /// Whether the unit was write-protected at the opening.
    opened_protected: bool,
    shared: Arc<Shared>,
}

/// What clones of a device share.
struct Shared {
    overrides: Overrides,
    properties: BlockProperties,
    partial_blocks: PartialBlocks,
    zeroing: zeroes::RefusedWays,
    recovered_errors: AtomicU64,
}

impl BlockDevice {
    /// Waits until the logical unit has reported its pending unit attentions, then reads its size and its
    /// [properties](BlockProperties).
    ///
    /// # Errors
    /// [`Error::Command`] when the unit is missing or not ready, or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn open(session: &Session, lun: Lun) -> Result<Self, Error> {
        Self::open_with(session, lun, Overrides::default()).await
    }

    /// Opens a unit as [`open`](Self::open) does; what it reports counts as far as the overrides do not say otherwise.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// # Cancel safety
    /// As [`open`](Self::open).
    pub async fn open_with(session: &Session, lun: Lun, overrides: Overrides) -> Result<Self, Error> {
        session.test_unit_ready(lun).await?;
        let capacity = session.read_capacity(lun).await?;
        session.remember_unit_if_lasting(lun).await?;
        let properties = BlockProperties::ask(session, lun).await?;
        let max_burst_length = session.details().completed.parameters.max_burst_length;
        let limits = properties.limits.as_ref();
        let sizes = TransferSizes::new(capacity.block_size, limits, max_burst_length, &overrides);
        let opened_protected = properties.write_protected == Some(true);
        let shared = Shared {
            partial_blocks: PartialBlocks::new(properties.max_compare_and_write(&overrides) > 0),
            overrides,
            properties,
            zeroing: zeroes::RefusedWays::default(),
            recovered_errors: AtomicU64::new(0),
        };
        let (session, shared) = (session.clone(), Arc::new(shared));
        Ok(Self { session, lun, capacity, sizes, opened_protected, shared })
    }

    /// Returns what the unit reported at the opening.
    #[must_use]
    pub fn properties(&self) -> &BlockProperties {
        &self.shared.properties
    }

    /// Returns the most bytes of one command.
    #[must_use]
    pub fn max_transfer_length(&self) -> u64 {
        u64::from(self.sizes.per_command) * self.block_size()
    }

    /// Returns whether the unit is write-protected, as far as it is known: as the unit said at the opening, or when it refused a
    /// write since. A write to a unit that was write-protected at the opening is refused without asking it, until it reports that
    /// its parameters have changed.
    #[must_use]
    pub fn is_write_protected(&self) -> bool {
        let state = self.session.unit_state(self.lun);
        let may_have_changed =
            || state.last_attention.is_some_and(scsi::SenseData::reports_changed_parameters);
        state.write_protected.unwrap_or_else(|| self.opened_protected && !may_have_changed())
    }

    /// Returns the size, as it was last read: anew when the logical unit reports that it has changed. Its block size stays that
    /// of the opening; commands to a unit with another one fail.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        let known = self.session.unit_state(self.lun).capacity;
        known.filter(|known| known.block_size == self.capacity.block_size).unwrap_or(self.capacity)
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
    /// [`Error::InvalidArgument`] when the range ends beyond the device, [`Error::WriteProtected`]; nothing is written.
    pub fn writer(&self, offset: u64, length: u64) -> Result<RangeWriter, Error> {
        self.check_write(offset, length)?;
        Ok(RangeWriter::new(self.clone(), offset..offset + length, false))
    }

    /// Reads `length` bytes from `offset` on. Their memory comes from buffers of the session, and is used again when the
    /// last slice of them is dropped.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, Error> {
        self.check_range(offset, length as u64)?;
        let buffers = self.session.buffers();
        Ok(buffers.lend(self.read_into(offset, buffers.take(length)).await?))
    }

    /// Reads from `offset` on until `buffer` is full, whose length is that of the read, and returns it. Whole blocks are
    /// received in place, those at the ends of a range that only needs parts of them are copied.
    ///
    /// ```no_run
    /// # async fn example(disk: iscsi_initiator::BlockDevice) -> Result<(), iscsi_initiator::Error> {
    /// let mut buffer = bytes::BytesMut::zeroed(65536);
    /// for number in 0..100 {
    ///     buffer = disk.read_into(number * 65536, buffer).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at). The buffer is dropped.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the buffer to the command, which drops it when it ends.
    pub async fn read_into(&self, offset: u64, buffer: BytesMut) -> Result<BytesMut, Error> {
        self.check_range(offset, buffer.len() as u64)?;
        match self.whole_blocks(offset, buffer.len()) {
            Some(blocks) if blocks <= self.sizes.per_command => {
                let command = scsi::read_blocks_into(offset / self.block_size(), blocks, buffer);
                let name = command.name;
                match self.session.carry_out(self.lun, command).await? {
                    Outcome::Good(data) => Ok(data),
                    outcome => Box::pin(self.conclude(name, outcome)).await,
                }
            }
            // Boxed, so that short reads do not carry their size.
            Some(_) => Box::pin(ranges::read_into(self, offset, buffer)).await,
            None => Box::pin(ranges::copy_into(self, offset, buffer)).await,
        }
    }

    /// Writes `data` from `offset` on, in one piece or several, which are not joined.
    ///
    /// A block that is only covered in part is read, changed and written back by COMPARE AND WRITE, so that a write of its other
    /// part, by whomever, is not undone. If the unit does not support that command, writes of parts of blocks by this device and
    /// its clones wait for each other, and those of other programs must be kept apart by other means, such as a reservation. Two
    /// writes of the same bytes at a time end in either order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, [`Error::WriteProtected`], and [`Error::Command`] with sense key MISCOMPARE if
    /// others have changed a block that is covered in part 64 times in a row. Otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range written; nothing outside it changes.
    pub async fn write_at(&self, offset: u64, data: impl Into<WriteData>) -> Result<(), Error> {
        let data = data.into();
        self.check_write(offset, data.len() as u64)?;
        match self.whole_blocks(offset, data.len()) {
            Some(blocks) if blocks <= self.sizes.per_command => {
                let command = scsi::write_blocks(offset / self.block_size(), blocks, data);
                let name = command.name;
                match self.session.carry_out(self.lun, command).await? {
                    Outcome::Good(_) => Ok(()),
                    outcome => Box::pin(self.conclude(name, outcome)).await.map(drop),
                }
            }
            _ => Box::pin(self.write_pieces(offset, data, false)).await,
        }
    }

    /// Writes like [`write_at`](Self::write_at), and ends when the data are stable: by FUA if the unit supports it, otherwise by
    /// a flush behind the write.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at) and [`flush`](Self::flush).
    ///
    /// # Cancel safety
    /// As [`write_at`](Self::write_at).
    pub async fn write_at_fua(&self, offset: u64, data: impl Into<WriteData>) -> Result<(), Error> {
        let data = data.into();
        self.check_write(offset, data.len() as u64)?;
        let fua = self.shared.properties.force_unit_access == Some(true);
        Box::pin(self.write_pieces(offset, data, fua)).await?;
        if fua { Ok(()) } else { self.flush().await.map(drop) }
    }

    /// Flushes all data written before this call to stable storage, as [`Session::synchronize_cache`] does.
    ///
    /// # Errors
    /// [`Error::Command`] and [`Error::NotFlushed`] when the target cannot make the data stable.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the target synchronizing.
    pub async fn flush(&self) -> Result<Flush, Error> {
        self.session.synchronize_cache(self.lun).await
    }

    /// Returns the number of reads and writes of this device and its clones that ended in CHECK CONDITION with sense
    /// key RECOVERED ERROR: the data are complete, and the medium may be failing.
    #[must_use]
    pub fn recovered_errors(&self) -> u64 {
        self.shared.recovered_errors.load(Ordering::Relaxed)
    }

    async fn write_pieces(&self, offset: u64, data: WriteData, fua: bool) -> Result<(), Error> {
        let mut writer = RangeWriter::new(self.clone(), offset..offset + data.len() as u64, fua);
        for piece in data.pieces() {
            writer.write(piece.clone()).await?;
        }
        writer.finish().await
    }

    /// The buffer of a read or write that has not simply ended with GOOD, after all repetitions.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    async fn conclude(&self, name: &'static str, outcome: Outcome) -> Result<BytesMut, Error> {
        let outcome = match outcome {
            Outcome::Scsi(ended, data) => self.session.repeat(self.lun, ended, data).await?,
            outcome => outcome,
        };
        Ok(self.count_recovered(data_of(name, self.lun, outcome)?))
    }

    /// Waits for a read or write. Returns the buffer of a read.
    async fn complete(&self, pending: PendingCommand) -> Result<BytesMut, Error> {
        Ok(self.count_recovered(pending.data_and_recovery().await?))
    }

    /// The data of a read or write that succeeded; it is counted if the unit recovered from an error.
    fn count_recovered(&self, (data, has_recovered): (BytesMut, bool)) -> BytesMut {
        if has_recovered {
            self.shared.recovered_errors.fetch_add(1, Ordering::Relaxed);
        }
        data
    }

    /// Waits for a read into a buffer of the session, which comes back with the data.
    async fn complete_read(&self, pending: PendingCommand) -> Result<Bytes, Error> {
        Ok(self.session.buffers().lend(self.complete(pending).await?))
    }

    fn block_size(&self) -> u64 {
        self.capacity.block_size.into()
    }

    /// The number of blocks of a range, if it consists of whole ones, at least one, and one command can name as many.
    fn whole_blocks(&self, offset: u64, length: usize) -> Option<u32> {
        let (block_size, length) = (self.block_size(), length as u64);
        let is_whole = length > 0 && offset.is_multiple_of(block_size) && length.is_multiple_of(block_size);
        is_whole.then(|| u32::try_from(length / block_size).unwrap_or(u32::MAX))
    }

    /// Whether another command may follow those in flight: as many as the unit takes, and none that only waits for the window.
    fn may_send_another(&self, in_flight: usize) -> bool {
        in_flight == 0 || in_flight < self.depth() && self.session.is_window_open()
    }

    /// The most commands of a transfer that are in flight.
    fn depth(&self) -> usize {
        let unit = self.session.unit_state(self.lun).queue_depth.unwrap_or(usize::MAX);
        self.shared.overrides.depth().min(unit)
    }

    /// Submits a READ to the session.
    async fn submit_read(&self, lba: u64, blocks: u32, buffer: BytesMut) -> Result<PendingCommand, Error> {
        self.session.submit(self.lun, scsi::read_blocks_into(lba, blocks, buffer)).await
    }

    /// Submits a WRITE of whole blocks to the session.
    async fn submit_write(&self, lba: u64, data: WriteData, fua: bool) -> Result<PendingCommand, Error> {
        let blocks = u32::try_from(data.len() as u64 / self.block_size())
            .map_err(|_| Error::InvalidArgument("a write of 2^32 blocks or more".to_owned()))?;
        let command = if fua { write_fua(lba, blocks, data) } else { scsi::write_blocks(lba, blocks, data) };
        self.session.submit(self.lun, command).await
    }

    /// Reads one whole block.
    async fn read_block(&self, lba: u64) -> Result<Bytes, Error> {
        let buffer = self.session.buffers().take(self.capacity.block_size as usize);
        self.complete_read(self.submit_read(lba, 1, buffer).await?).await
    }

    /// A range that may be written, as far as it is known.
    fn check_write(&self, offset: u64, length: u64) -> Result<(), Error> {
        self.check_range(offset, length)?;
        self.check_protection()
    }

    fn check_protection(&self) -> Result<(), Error> {
        if self.opened_protected && self.is_write_protected() {
            return Err(Error::WriteProtected { lun: self.lun });
        }
        Ok(())
    }

    fn check_range(&self, offset: u64, length: u64) -> Result<(), Error> {
        let ends_within = |size| offset.checked_add(length).is_some_and(|end| end <= size);
        if ends_within(self.capacity.bytes()) {
            return Ok(());
        }
        // It may have grown.
        let size = self.capacity().bytes();
        if ends_within(size) {
            return Ok(());
        }
        Err(Error::InvalidArgument(format!(
            "{length} bytes from offset {offset} reach beyond the device of {size} bytes"
        )))
    }
}

/// WRITE with FUA, in the shortest form that fits.
fn write_fua(lba: u64, blocks: u32, data: WriteData) -> RawCommand {
    match (u32::try_from(lba), u16::try_from(blocks)) {
        (Ok(lba), Ok(blocks)) => Write10 { lba, blocks, data, fua: true, ..Write10::default() }.into(),
        _ => Write16 { lba, blocks, data, fua: true, ..Write16::default() }.into(),
    }
}

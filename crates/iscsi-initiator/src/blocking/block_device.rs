//! The block device with blocking calls.

use bytes::Bytes;
use iscsi_pdu::Lun;

use super::{DeviceStream, Session};
use crate::block_device::{self, BlockProperties, BlockStatus, Comparison, Overrides, Zeroing};
use crate::error::Error;
use crate::handle::Flush;
use crate::scsi::Capacity;

/// Transfers of more bytes go through a [`RangeReader`](crate::RangeReader) or [`RangeWriter`](crate::RangeWriter), so that no
/// second copy of them is in memory as a whole.
const LONG: usize = 1 << 20;
/// The bytes that a writer is given at a time.
const PIECE: usize = 256 << 10;

/// A [`BlockDevice`](crate::BlockDevice) with blocking calls. Clones share the session, and may be used on several threads at a time.
///
/// Every call returns [`Error::InvalidArgument`] within an asynchronous runtime, and does nothing then.
///
/// ```no_run
/// # fn example(session: iscsi_initiator::blocking::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, blocking::BlockDevice};
/// let disk = BlockDevice::open(&session, Lun::ZERO)?;
/// disk.write_at(1000, b"hello")?;
/// disk.flush()?;
/// let mut bytes = [0; 5];
/// disk.read_at(1000, &mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlockDevice {
    device: block_device::BlockDevice,
    session: Session,
}

impl BlockDevice {
    /// Opens a logical unit, as [`BlockDevice::open`](crate::BlockDevice::open) does.
    ///
    /// # Errors
    /// As the asynchronous call.
    pub fn open(session: &Session, lun: Lun) -> Result<Self, Error> {
        Self::open_with(session, lun, Overrides::default())
    }

    /// Opens a logical unit; what it reports counts as far as the overrides do not say otherwise.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(session: &Session, lun: Lun, overrides: Overrides) -> Result<Self, Error> {
        let opening = block_device::BlockDevice::open_with(session.asynchronous(), lun, overrides);
        Ok(Self { device: session.block_on(opening)?, session: session.clone() })
    }

    /// Returns what the unit reported at the opening.
    #[must_use]
    pub fn properties(&self) -> &BlockProperties {
        self.device.properties()
    }

    /// Returns the size, as it was last read.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.device.capacity()
    }

    /// Returns the most bytes of one command.
    #[must_use]
    pub fn max_transfer_length(&self) -> u64 {
        self.device.max_transfer_length()
    }

    /// Returns whether the unit is write-protected, as far as it is known: see
    /// [`BlockDevice::is_write_protected`](crate::BlockDevice::is_write_protected).
    #[must_use]
    pub fn is_write_protected(&self) -> bool {
        self.device.is_write_protected()
    }

    /// Returns the number of reads and writes of which the unit reported a recovered error.
    #[must_use]
    pub fn recovered_errors(&self) -> u64 {
        self.device.recovered_errors()
    }

    /// Reads from `offset` on until `buffer` is full.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session. The buffer may then have been filled in part.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        self.session.block_on(async {
            if buffer.len() <= LONG {
                copy_to(buffer, &self.device.read_at(offset, buffer.len()).await?);
                return Ok(());
            }
            let mut reader = self.device.reader(offset, buffer.len() as u64)?;
            let mut rest = buffer;
            while let Some(piece) = reader.next().await? {
                rest = copy_to(rest, &piece);
            }
            Ok(())
        })
    }

    /// Writes `data` from `offset` on, and parts of blocks as [`BlockDevice::write_at`](crate::BlockDevice::write_at) does. The
    /// data may still be in a volatile cache afterwards: see [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device and [`Error::WriteProtected`]: nothing is written. Otherwise those of the
    /// session: any part of the range may then be written.
    pub fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.session.block_on(async {
            if data.len() <= LONG {
                return self.device.write_at(offset, Bytes::copy_from_slice(data)).await;
            }
            let mut writer = self.device.writer(offset, data.len() as u64)?;
            for piece in data.chunks(PIECE) {
                writer.write(Bytes::copy_from_slice(piece)).await?;
            }
            writer.finish().await
        })
    }

    /// Writes like [`write_at`](Self::write_at), and ends when the data are stable: by FUA if the unit supports it, otherwise by
    /// a flush behind the write. All of the data are copied first.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at) and [`flush`](Self::flush).
    pub fn write_at_fua(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.session.block_on(self.device.write_at_fua(offset, Bytes::copy_from_slice(data)))
    }

    /// Flushes all data written before this call, by any thread, to stable storage.
    ///
    /// # Errors
    /// [`Error::Command`] and [`Error::NotFlushed`] when the target cannot make the data stable.
    pub fn flush(&self) -> Result<Flush, Error> {
        self.session.block_on(self.device.flush())
    }

    /// Tells the unit that the contents of a range are no longer needed, as [`BlockDevice::discard`](crate::BlockDevice::discard)
    /// does. Returns the number of bytes discarded: 0 if the unit does not unmap blocks.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub fn discard(&self, offset: u64, length: u64) -> Result<u64, Error> {
        self.session.block_on(self.device.discard(offset, length))
    }

    /// Makes a range read as zeros, by the cheapest way that the unit supports.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub fn write_zeroes(&self, offset: u64, length: u64, zeroing: Zeroing) -> Result<(), Error> {
        self.session.block_on(self.device.write_zeroes(offset, length, zeroing))
    }

    /// Writes `data` if the blocks at `offset` are those of `expected`, and lets no other command in between.
    ///
    /// # Errors
    /// Those of [`BlockDevice::compare_and_write`](crate::BlockDevice::compare_and_write).
    pub fn compare_and_write(&self, offset: u64, expected: &[u8], data: &[u8]) -> Result<Comparison, Error> {
        let (expected, data) = (Bytes::copy_from_slice(expected), Bytes::copy_from_slice(data));
        self.session.block_on(self.device.compare_and_write(offset, expected, data))
    }

    /// Returns which parts of a range are mapped: consecutive parts that begin at `offset`, and may end before the range does. See
    /// [`BlockDevice::block_status`](crate::BlockDevice::block_status).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    pub fn block_status(&self, offset: u64, length: u64) -> Result<Vec<BlockStatus>, Error> {
        self.session.block_on(self.device.block_status(offset, length))
    }

    /// Returns a stream that begins at `offset`, with [`Read`](std::io::Read), [`Write`](std::io::Write) and
    /// [`Seek`](std::io::Seek).
    #[must_use]
    pub fn stream(&self, offset: u64) -> DeviceStream {
        DeviceStream::new(self.device.stream(offset), self.session.clone())
    }
}

/// Copies a piece to the beginning of a place, and returns the rest of the place.
fn copy_to<'a>(place: &'a mut [u8], piece: &[u8]) -> &'a mut [u8] {
    let length = piece.len().min(place.len());
    let (filled, rest) = place.split_at_mut(length);
    filled.copy_from_slice(piece.get(..length).unwrap_or_default());
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_copied_one_behind_the_other() {
        let mut place = [0; 5];
        assert_eq!(copy_to(&mut place, &[1, 2]), [0; 3]);
        assert_eq!(copy_to(&mut place[2..], &[3, 4, 5]), []);
        assert_eq!(copy_to(&mut [], &[1]), []);
        assert_eq!(place, [1, 2, 3, 4, 5]);
    }
}

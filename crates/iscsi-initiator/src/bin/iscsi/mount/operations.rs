//! Operations on the file, by operations on the logical unit.

use bytes::Bytes;
use fuser::Errno;
use iscsi_initiator::{BlockDevice, Error, Zeroing};

use super::errno;
use super::remarks::Remarks;

/// The modes of fallocate(2) that are known.
const KEEP_SIZE: i32 = 0x01;
const PUNCH_HOLE: i32 = 0x02;
const ZERO_RANGE: i32 = 0x10;

/// The logical unit behind the file.
pub(super) struct Unit {
    device: BlockDevice,
    punches_holes: bool,
    remarks: Remarks,
}

/// What lseek(2) looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    Data,
    Hole,
}

impl Unit {
    pub(super) fn new(device: BlockDevice, punches_holes: bool) -> Self {
        Self { device, punches_holes, remarks: Remarks::default() }
    }

    /// The bytes of the file, as they were last read from the target.
    pub(super) fn size(&self) -> u64 {
        self.device.capacity().bytes()
    }

    /// Reads up to the end of the file.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(super) async fn read(&self, offset: u64, length: u32) -> Result<Bytes, Errno> {
        let length = clipped(offset, length.into(), self.size());
        if length == 0 {
            return Ok(Bytes::new());
        }
        let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
        self.told("read", offset, self.device.read_at(offset, length).await)
    }

    /// Writes up to the end of the file, and returns the bytes written, at least one. With `is_synchronous` they are stable.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part written.
    pub(super) async fn write(
        &self,
        offset: u64,
        mut data: Bytes,
        is_synchronous: bool,
    ) -> Result<u32, Errno> {
        let length = clipped(offset, data.len() as u64, self.size());
        if length == 0 && !data.is_empty() {
            return Err(Errno::ENOSPC);
        }
        data.truncate(usize::try_from(length).map_err(|_| Errno::EINVAL)?);
        let written = if is_synchronous {
            self.device.write_at_fua(offset, data).await
        } else {
            self.device.write_at(offset, data).await
        };
        self.told("write", offset, written)?;
        u32::try_from(length).map_err(|_| Errno::EINVAL)
    }

    /// Makes stable what was written.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the target synchronizing.
    pub(super) async fn synchronize(&self) -> Result<(), Errno> {
        self.told("flush", 0, self.device.flush().await.map(drop))
    }

    /// Makes a range zeros: holes lose their place on the medium, other ranges keep it. As with block devices, modes that would
    /// give the file more space are not supported, nor are holes where zeros would have to be written: a program that
    /// discards a whole disk, such as `mkfs`, expects that to be fast.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves any part of the range zeroed.
    pub(super) async fn allocate(&self, offset: u64, length: u64, mode: i32) -> Result<(), Errno> {
        let zeroing = zeroing(mode)?;
        if zeroing == Zeroing::MayUnmap && !self.punches_holes {
            return Err(Errno::EOPNOTSUPP);
        }
        let end = offset.checked_add(length).ok_or(Errno::EFBIG)?;
        let size = self.size();
        if end > size && mode & KEEP_SIZE == 0 {
            return Err(Errno::ENOSPC);
        }
        let length = clipped(offset, length, size);
        if length == 0 {
            return Ok(());
        }
        self.told("fallocate", offset, self.device.write_zeroes(offset, length, zeroing).await)
    }

    /// Returns where data, or a hole, begins from `offset` on. The end of the file is a hole.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(super) async fn seek(&self, offset: i64, sought: Sought) -> Result<i64, Errno> {
        let (size, mut next) = (self.size(), u64::try_from(offset).map_err(|_| Errno::ENXIO)?);
        if next >= size {
            return Err(Errno::ENXIO);
        }
        while next < size {
            let parts = self.device.block_status(next, size - next).await;
            for part in self.told("lseek", next, parts)? {
                if part.reads_zeros == (sought == Sought::Hole) {
                    return i64::try_from(part.offset).map_err(|_| Errno::EOVERFLOW);
                }
                next = part.offset.saturating_add(part.length);
            }
        }
        match sought {
            Sought::Data => Err(Errno::ENXIO),
            Sought::Hole => i64::try_from(size).map_err(|_| Errno::EOVERFLOW),
        }
    }

    /// Tells of a failure on standard error, since the program that made the request only sees a number.
    fn told<T>(&self, request: &str, offset: u64, outcome: Result<T, Error>) -> Result<T, Errno> {
        outcome.map_err(|error| {
            self.remarks.tell(request, offset, &error);
            errno::of(&error)
        })
    }
}

/// The bytes of a range that lie within the file.
fn clipped(offset: u64, length: u64, size: u64) -> u64 {
    length.min(size.saturating_sub(offset))
}

/// The way of zeroing that a mode of fallocate(2) asks for.
const fn zeroing(mode: i32) -> Result<Zeroing, Errno> {
    match mode & !KEEP_SIZE {
        // The kernel lets no hole through that would change the size.
        PUNCH_HOLE if mode & KEEP_SIZE != 0 => Ok(Zeroing::MayUnmap),
        ZERO_RANGE => Ok(Zeroing::KeepMapped),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_with_the_file() {
        assert_eq!(clipped(0, 10, 10), 10);
        assert_eq!(clipped(1, 10, 10), 9);
        assert_eq!([clipped(10, 1, 10), clipped(u64::MAX, u64::MAX, 10)], [0, 0]);
    }

    #[test]
    fn only_modes_that_zero_are_supported() {
        let of = |mode| zeroing(mode).map_err(Errno::code);
        let unsupported = Err(Errno::EOPNOTSUPP.code());
        assert_eq!(of(PUNCH_HOLE | KEEP_SIZE), Ok(Zeroing::MayUnmap));
        assert_eq!([of(ZERO_RANGE), of(ZERO_RANGE | KEEP_SIZE)], [Ok(Zeroing::KeepMapped); 2]);
        // Allocation, a hole without its flag, collapsing, inserting, unsharing, both at once.
        for mode in [0, KEEP_SIZE, PUNCH_HOLE, 0x08, 0x20, 0x40, PUNCH_HOLE | ZERO_RANGE | KEEP_SIZE] {
            assert_eq!(of(mode), unsupported, "{mode:#x}");
        }
    }
}

//! The medium of one logical unit.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;

/// Logical blocks in memory.
pub(super) struct Disk {
    blocks: u64,
    block_size: u32,
    bytes: RwLock<Vec<u8>>,
}

/// A range of the medium, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Disk {
    /// A medium of zeros; `None` if it is empty or cannot be addressed.
    pub(super) fn new(blocks: u64, block_size: u32) -> Option<Self> {
        let bytes = blocks.checked_mul(block_size.into()).filter(|bytes| *bytes > 0)?;
        let bytes = RwLock::new(vec![0; usize::try_from(bytes).ok()?]);
        Some(Self { blocks, block_size, bytes })
    }

    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
    }

    pub(super) const fn block_size(&self) -> u32 {
        self.block_size
    }

    /// The extent of `count` blocks from `lba` on; `None` beyond the last block.
    pub(super) fn extent(&self, lba: u64, count: u64) -> Option<Extent> {
        let end = lba.checked_add(count)?;
        if end > self.blocks {
            return None;
        }
        let size = u64::from(self.block_size);
        Some(Extent { offset: lba.checked_mul(size)?, length: count.checked_mul(size)? })
    }

    /// A copy of `length` bytes from `offset` on, fewer at the end of the medium.
    pub(super) fn read(&self, offset: u64, length: usize) -> Bytes {
        let bytes = self.bytes.read().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Bytes::copy_from_slice(bytes.get(start..end).unwrap_or_default())
    }

    /// Stores `data` from `offset` on; what reaches past the end of the medium is dropped.
    pub(super) fn write(&self, offset: u64, data: &[u8]) {
        let mut bytes = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(data.len()).min(bytes.len());
        let written = bytes.get_mut(start..end).unwrap_or_default();
        written.copy_from_slice(data.get(..written.len()).unwrap_or_default());
    }
}

//! Reused buffers for read data.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

/// The most bytes that a pool keeps.
const MOST_BYTES: usize = 8 << 20;
/// The most buffers that a pool keeps.
const MOST_BUFFERS: usize = 256;

/// Buffers that are not in use. New memory costs a page fault for every 4 KiB, which is more than the reading itself. Clones
/// share the buffers.
#[derive(Clone, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Free>>);

#[derive(Default)]
struct Free {
    buffers: Vec<BytesMut>,
    bytes: usize,
    /// Whether buffers that come back are kept. An idle session has none.
    keeps: bool,
}

impl BufferPool {
    /// A buffer of this length, with any content.
    pub(crate) fn take(&self, length: usize) -> BytesMut {
        let mut free = self.free();
        free.keeps = true;
        let found = free.buffers.iter().rposition(|buffer| buffer.len() == length);
        if let Some(place) = found {
            free.bytes -= length;
            return free.buffers.swap_remove(place);
        }
        drop(free);
        BytesMut::zeroed(length)
    }

    /// The data in a buffer, which comes back when the last slice of them is dropped.
    pub(crate) fn lend(&self, buffer: BytesMut) -> Bytes {
        Bytes::from_owner(Lent { buffer, pool: self.clone() })
    }

    /// Drops all buffers, and those that come back before the next is taken.
    pub(super) fn release(&self) {
        *self.free() = Free::default();
    }

    /// Whether there is a buffer.
    pub(super) fn has_buffers(&self) -> bool {
        self.free().bytes > 0
    }

    fn give_back(&self, buffer: BytesMut) {
        let mut free = self.free();
        if free.keeps && free.bytes + buffer.len() <= MOST_BYTES && free.buffers.len() < MOST_BUFFERS {
            free.bytes += buffer.len();
            free.buffers.push(buffer);
        } else if free.keeps && free.buffers.first().is_some_and(|oldest| oldest.len() != buffer.len()) {
            // The sizes in use have changed.
            let old = std::mem::take(&mut free.buffers);
            free.bytes = 0;
            drop(free);
            drop(old);
        }
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer that comes back to its pool.
struct Lent {
    buffer: BytesMut,
    pool: BufferPool,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_with_the_last_slice() {
        let pool = BufferPool::default();
        let buffer = pool.take(4096);
        let place = buffer.as_ptr();
        let data = pool.lend(buffer);
        let slice = data.slice(10..20);
        drop(data);
        assert!(!pool.has_buffers());
        drop(slice);
        assert!(pool.has_buffers());
        assert_ne!(pool.take(4095).as_ptr(), place);
        assert_eq!(pool.take(4096).as_ptr(), place);
        assert!(!pool.has_buffers());
    }

    #[test]
    fn a_pool_is_bounded() {
        let pool = BufferPool::default();
        let lend = |length: usize, count: usize| {
            let lent: Vec<_> = (0..count).map(|_| pool.lend(pool.take(length))).collect();
            drop(lent);
            let free = pool.free();
            (free.buffers.len(), free.bytes)
        };
        assert_eq!(lend(1 << 20, 9), (8, 8 << 20));
        // Other sizes replace them.
        assert_eq!(lend(512, 300).0, 256);
        assert_eq!(lend((8 << 20) + 1, 1), (0, 0));
        assert_eq!(lend(8 << 20, 1), (1, 8 << 20));
    }

    #[test]
    fn an_idle_session_has_no_buffers() {
        let pool = BufferPool::default();
        let (kept, lent) = (pool.lend(pool.take(512)), pool.lend(pool.take(512)));
        drop(kept);
        pool.release();
        assert!(!pool.has_buffers());
        drop(lent);
        assert!(!pool.has_buffers());
        drop(pool.lend(pool.take(512)));
        assert!(pool.has_buffers());
    }
}

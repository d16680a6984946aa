//! Memory of callers whose calls are dropped, and memory that others get afterwards.

use bytes::{Bytes, BytesMut};
use iscsi_initiator::BlockDevice;
use iscsi_tests::world::DISK;

use super::call::Call;
use super::{BLOCKS, FIRST, HEAD, NEW, OFFSET, OLD, stamped};

/// The content of buffers in front of a read.
pub(super) const STALE: u8 = 0xd5;

/// The memory that a call is given.
pub(super) struct Memory {
    /// The destination of a read, and one more byte of the same allocation.
    pub(super) buffer: BytesMut,
    witness: BytesMut,
    /// The data of a write.
    pub(super) data: Bytes,
}

impl Memory {
    pub(super) fn new(call: Call) -> Self {
        let range = call.range();
        let mut buffer = BytesMut::zeroed(range.len() + 1);
        buffer.fill(STALE);
        let witness = buffer.split_off(range.len());
        let blocks = stamped(NEW, FIRST, BLOCKS);
        let begin = range.start + HEAD - OFFSET;
        // An allocation of its own, which nobody else holds.
        let data = Bytes::from(blocks[begin..begin + range.len()].to_vec());
        Self { buffer, witness, data }
    }

    /// Pieces of odd lengths, and empty ones.
    pub(super) fn pieces(&self) -> Vec<Bytes> {
        let mut rest = self.data.clone();
        let mut pieces = vec![Bytes::new()];
        for length in [1, 700, 0, 512, 3] {
            pieces.push(rest.split_to(length));
        }
        pieces.push(rest);
        pieces
    }

    /// Nobody holds the memory any more, now that the call and its commands are over.
    pub(super) fn assert_free(self, call: Call) {
        let Self { buffer, witness, data } = self;
        assert_eq!(witness[..], [STALE], "{call:?}: written behind the buffer");
        drop(buffer);
        assert!(witness.freeze().is_unique(), "{call:?}: the buffer is still held");
        assert!(data.is_unique(), "{call:?}: the data are still held");
    }
}

/// Memory that callers have got after a call was dropped: new, and from reads of other blocks.
pub(super) struct LaterMemory {
    new: Vec<BytesMut>,
    read: Vec<Bytes>,
}

impl LaterMemory {
    /// The first of the blocks that are read. Nobody writes to them.
    const BLOCK: u64 = 50;

    pub(super) async fn get(call: Call, device: &BlockDevice) -> Self {
        let length = call.range().len();
        let new = (0..4).map(|_| {
            let mut memory = BytesMut::zeroed(length);
            memory.fill(STALE);
            memory
        });
        let new = new.collect();
        let mut read = Vec::new();
        for number in 0..4 {
            let offset = Self::BLOCK * u64::from(DISK.block_size) + number * HEAD as u64;
            read.push(device.read_at(offset, length).await.unwrap());
        }
        Self { new, read }
    }

    pub(super) fn assert_intact(&self) {
        assert!(self.new.iter().flatten().all(|byte| *byte == STALE));
        let expected = stamped(OLD, Self::BLOCK, BLOCKS + 1);
        for (number, read) in self.read.iter().enumerate() {
            assert_eq!(*read, expected.slice(number * HEAD..number * HEAD + read.len()));
        }
    }
}

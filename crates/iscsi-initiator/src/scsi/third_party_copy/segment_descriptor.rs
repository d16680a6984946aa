//! Segment descriptor: a part of a copy (SPC-4, 6.4.6).

use bytes::{BufMut as _, Bytes, BytesMut};

/// A part of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentDescriptor {
    /// Blocks of one unit to blocks of another one, or of the same (type 02h).
    Blocks(BlockCopy),
    /// The bytes of another descriptor, complete with its header.
    Other(Bytes),
}

/// A copy of blocks to blocks. Units are places in the list of CSCD descriptors, from 0 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockCopy {
    /// The unit that is read.
    pub source: u16,
    /// The unit that is written.
    pub destination: u16,
    /// The first block that is read.
    pub source_lba: u64,
    /// The first block that is written.
    pub destination_lba: u64,
    /// The number of blocks.
    pub blocks: u16,
    /// `blocks` counts blocks of the destination, not of the source (DC).
    pub counts_destination: bool,
    /// Bytes left over are kept for the next segment (CAT).
    pub carries_rest: bool,
}

impl SegmentDescriptor {
    /// Appends its bytes.
    pub(super) fn put(&self, list: &mut BytesMut) {
        match self {
            Self::Blocks(copy) => copy.put(list),
            Self::Other(bytes) => list.put_slice(bytes),
        }
    }
}

impl From<BlockCopy> for SegmentDescriptor {
    fn from(copy: BlockCopy) -> Self {
        Self::Blocks(copy)
    }
}

impl BlockCopy {
    const DC: u8 = 0x02;
    const CAT: u8 = 0x01;
    /// Bytes of the descriptor behind its header.
    const LENGTH: u16 = 24;

    fn put(&self, list: &mut BytesMut) {
        let (dc, cat) =
            (u8::from(self.counts_destination) * Self::DC, u8::from(self.carries_rest) * Self::CAT);
        list.put_slice(&[0x02, dc | cat]);
        list.put_u16(Self::LENGTH);
        list.put_u16(self.source);
        list.put_u16(self.destination);
        list.put_bytes(0, 2);
        list.put_u16(self.blocks);
        list.put_u64(self.source_lba);
        list.put_u64(self.destination_lba);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_all_fields() {
        let copy = BlockCopy {
            source: 0x2122,
            destination: 0x3132,
            source_lba: 0x0102_0304_0506_0708,
            destination_lba: 0x1112_1314_1516_1718,
            blocks: 0x4142,
            counts_destination: true,
            carries_rest: true,
        };
        let mut list = BytesMut::new();
        SegmentDescriptor::from(copy).put(&mut list);
        let expected = [
            0x02, 0x03, 0, 24, 0x21, 0x22, 0x31, 0x32, 0, 0, 0x41, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12,
            0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
        ];
        assert_eq!(list[..], expected);
        for (counts_destination, carries_rest, flags) in
            [(false, false, 0), (true, false, 2), (false, true, 1)]
        {
            list.clear();
            BlockCopy { counts_destination, carries_rest, ..copy }.put(&mut list);
            assert_eq!(list[1], flags);
        }
    }

    #[test]
    fn other_descriptors_stand_as_they_are() {
        let mut list = BytesMut::new();
        SegmentDescriptor::Other(Bytes::from_static(&[0x0d, 0, 0, 0])).put(&mut list);
        assert_eq!(list[..], [0x0d, 0, 0, 0]);
    }
}

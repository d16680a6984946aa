//! UNMAP (SBC-3, 5.28).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::BlockRange;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// The length of the header of the parameter list.
const HEADER_LENGTH: u16 = 8;
/// The length of a block descriptor.
const DESCRIPTOR_LENGTH: u16 = 16;

/// The ranges of an [`Unmap`], as the parameter list in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmapList(Bytes);

/// UNMAP: the unit may forget the contents of the ranges. It states in its block limits page how many ranges and blocks it takes
/// at once.
///
/// ```
/// use iscsi_initiator::scsi::{BlockRange, Unmap, UnmapList};
/// let ranges = UnmapList::new(&[BlockRange { lba: 2048, blocks: 64 }]).unwrap();
/// let unmap = Unmap { ranges, ..Unmap::default() };
/// # use iscsi_initiator::scsi::Command as _;
/// # assert_eq!(unmap.cdb()[..10], [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmap {
    /// The ranges.
    pub ranges: UnmapList,
    /// The blocks keep their place on the medium reserved.
    pub anchor: bool,
    /// Group number, six bits.
    pub group: u8,
}

impl UnmapList {
    /// The most ranges of one command.
    pub const MAX_RANGES: usize = ((u16::MAX - HEADER_LENGTH) / DESCRIPTOR_LENGTH) as usize;

    /// Returns the list of these ranges; `None` for more than [`MAX_RANGES`](Self::MAX_RANGES).
    #[must_use]
    pub fn new(ranges: &[BlockRange]) -> Option<Self> {
        let count = u16::try_from(ranges.len()).ok()?;
        let descriptors = count.checked_mul(DESCRIPTOR_LENGTH)?;
        let length = descriptors.checked_add(HEADER_LENGTH)?;
        let mut list = BytesMut::with_capacity(length.into());
        // The first length does not count itself.
        list.put_u16(length - 2);
        list.put_u16(descriptors);
        list.put_u32(0);
        for range in ranges {
            list.put_slice(&range.to_bytes());
        }
        Some(Self(list.freeze()))
    }

    /// Returns the ranges.
    pub fn ranges(&self) -> impl Iterator<Item = BlockRange> {
        let (descriptors, _) = self.0.get(HEADER_LENGTH.into()..).unwrap_or_default().as_chunks::<16>();
        descriptors.iter().filter_map(|descriptor| {
            let (lba, rest) = descriptor.split_first_chunk()?;
            let blocks = rest.first_chunk()?;
            Some(BlockRange { lba: u64::from_be_bytes(*lba), blocks: u32::from_be_bytes(*blocks) })
        })
    }

    fn length(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }
}

impl Default for UnmapList {
    /// Returns the list without ranges, with which nothing is unmapped.
    fn default() -> Self {
        Self(Bytes::from_static(&[0, 6, 0, 0, 0, 0, 0, 0]))
    }
}

impl Command for Unmap {
    type Answer = ();
    const NAME: &'static str = "UNMAP";
    const REPLAY: Replay = Replay::IfSole;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x42)
            .with(1, &[u8::from(self.anchor)])
            .with(6, &[self.group & 0x3f])
            .with(7, &self.ranges.length().to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.ranges.0.clone().into())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: [BlockRange; 2] = [
        BlockRange { lba: 0x0102_0304_0506_0708, blocks: 0x090a_0b0c },
        BlockRange { lba: u64::MAX, blocks: u32::MAX },
    ];

    #[test]
    fn the_parameter_list_has_both_lengths_and_the_descriptors() {
        let unmap = Unmap { ranges: UnmapList::new(&RANGES).unwrap(), anchor: true, group: 0xea };
        assert_eq!(unmap.cdb()[..10], [0x42, 1, 0, 0, 0, 0, 0x2a, 0, 40, 0]);
        let mut list = vec![0, 38, 0, 32, 0, 0, 0, 0];
        list.extend([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0]);
        list.extend([[0xff; 12].as_slice(), &[0; 4]].concat());
        assert_eq!(unmap.transfer(), Transfer::Write(list.into()));
        assert_eq!(unmap.ranges.ranges().collect::<Vec<_>>(), RANGES);
        assert_eq!(unmap.parse(Bytes::new()), Ok(()));
    }

    #[test]
    fn no_range_is_a_list_of_its_header() {
        let unmap = Unmap::default();
        assert_eq!(unmap.ranges, UnmapList::new(&[]).unwrap());
        assert_eq!(unmap.cdb()[..10], [0x42, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
        assert_eq!(unmap.ranges.ranges().count(), 0);
    }

    #[test]
    fn ranges_that_no_list_can_hold_are_refused() {
        assert_eq!(UnmapList::MAX_RANGES, 4095);
        let full = UnmapList::new(&vec![RANGES[0]; 4095]).unwrap();
        assert_eq!((full.ranges().count(), full.length()), (4095, 8 + 4095 * 16));
        assert_eq!(UnmapList::new(&vec![RANGES[0]; 4096]), None);
        assert_eq!(UnmapList::new(&vec![RANGES[0]; 65536 + 1]), None);
    }
}

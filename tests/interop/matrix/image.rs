//! The contents that a disk must have: every sixteen bytes of it carry their address and the write that they are from.

use std::fmt::{self, Display};
use std::iter::once;
use std::ops::Range;

use bytes::Bytes;

/// The bytes of a stamp: generation, address, and a check of both, so that parts of two stamps are none.
const STAMP: usize = 16;

/// The expected contents of the beginning of a disk.
pub(super) struct Image {
    bytes: Vec<u8>,
    /// The number of writes so far.
    generation: u32,
}

/// The first stamp that differs.
#[derive(Debug)]
pub(super) struct Difference {
    address: usize,
    expected: Vec<u8>,
    found: Vec<u8>,
}

impl Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, expected, found } = self;
        write!(formatter, "at {address}: {found:02x?} instead of {expected:02x?}")
    }
}

fn stamp(generation: u32, address: usize) -> [u8; STAMP] {
    let address = address as u64;
    let check = (u64::from(generation) << 32 | address).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut stamp = [0; STAMP];
    stamp[..4].copy_from_slice(&generation.to_be_bytes());
    stamp[4..8].copy_from_slice(&address.to_be_bytes()[4..]);
    stamp[8..].copy_from_slice(&check.to_be_bytes());
    // A part of a stamp differs from that of the next write, too.
    stamp.map(|byte| byte ^ generation.to_be_bytes()[3])
}

impl Image {
    /// Contents of zeroes, as a new disk has them.
    pub(super) fn new(length: usize) -> Self {
        Self { bytes: vec![0; length], generation: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Has another write put its stamps on a range, and returns its data.
    pub(super) fn write(&mut self, range: Range<usize>) -> Bytes {
        self.generation += 1;
        let first = range.start / STAMP * STAMP;
        let stamps = (first..range.end).step_by(STAMP).flat_map(|address| stamp(self.generation, address));
        let stamps: Vec<u8> = stamps.collect();
        let data = Bytes::from(stamps).slice(range.start - first..range.end - first);
        self.bytes[range].copy_from_slice(&data);
        data
    }

    /// Compares what was read from this address on.
    pub(super) fn compare(&self, address: usize, found: &[u8]) -> Result<(), Difference> {
        let expected = &self.bytes[address..address + found.len()];
        if expected == found {
            return Ok(());
        }
        let differs = |at: &usize| expected[*at] != found[*at];
        let at = (0..found.len()).find(differs).unwrap_or_default() / STAMP * STAMP;
        let part = |bytes: &[u8]| bytes[at..(at + STAMP).min(bytes.len())].to_vec();
        Err(Difference { address: address + at, expected: part(expected), found: part(found) })
    }
}

/// Divides data into pieces that end inside of blocks, bursts and segments, some of them empty.
pub(super) fn in_odd_pieces(mut data: Bytes) -> Vec<Bytes> {
    const LENGTHS: [usize; 11] = [1, 511, 0, 513, 4095, 4097, 8191, 12_289, 65_537, 3, 1537];
    let pieces = LENGTHS.into_iter().cycle();
    let pieces = pieces.map_while(|length| (!data.is_empty()).then(|| data.split_to(length.min(data.len()))));
    pieces.chain(once(Bytes::new())).collect()
}

#[test]
fn every_stamp_is_compared() {
    let mut image = Image::new(4096);
    assert_eq!(image.write(100..2000).len(), 1900);
    let first = image.write(0..4096);
    assert!(image.compare(0, &first).is_ok() && image.compare(50, &first[50..51]).is_ok());
    let byte = image.write(1000..1001);
    assert!(image.compare(0, &first).is_err_and(|difference| difference.address == 992));
    assert!(image.compare(1000, &byte).is_ok());
    // The same generation at another address, with the same place inside of a stamp.
    assert!(image.compare(2048, &first[1024..2048]).is_err());
    for address in 0..4096 {
        let mut found = image.bytes.clone();
        found[address] ^= 1;
        assert!(image.compare(0, &found).is_err_and(|difference| difference.address == address / 16 * 16));
    }
}

#[test]
fn odd_pieces_are_the_whole() {
    let data = Image::new(1 << 20).write(0..1 << 20);
    let pieces = in_odd_pieces(data.clone());
    assert!(pieces.iter().filter(|piece| piece.is_empty()).count() > 10);
    assert_eq!(pieces.concat(), data);
}

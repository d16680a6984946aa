//! Stamped blocks: data of which a read tells where they belong, which write they are from, and whether they are whole.
//!
//! A stamped block holds, in words of eight bytes (little endian), the number of the run, its address in bytes, its
//! generation, a checksum of everything else, and a payload that follows from the first three.

use serde::{Deserialize, Serialize};

use crate::bench::random::Random;

/// Bytes of a word.
const WORD: usize = 8;

/// The smallest block that can be stamped, in bytes: four words and one of payload.
pub(super) const SMALLEST: u32 = 40;

/// The identity of a stamped block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The number of the run: what an earlier run wrote is not taken for data of this one.
    pub(super) run: u64,
    /// Its offset on the logical unit, in bytes.
    pub(super) address: u64,
    /// How many times it has been written.
    pub(super) generation: u64,
}

/// What a block holds that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) stamp: Stamp,
    /// The checksum in the block.
    pub(super) checksum: u64,
    /// The checksum of its other words.
    pub(super) computed: u64,
}

/// The kinds of wrong data.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum MismatchKind {
    /// A whole block of an earlier write to this address: the last one was lost.
    Stale,
    /// A whole block that belongs to another address.
    Misplaced,
    /// A whole block of another run: no write of this run has reached the address.
    Foreign,
    /// Not a whole block: its checksum is wrong.
    Damaged,
}

impl MismatchKind {
    /// The kind in words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Stale => "an earlier write to this address",
            Self::Misplaced => "a block of another address",
            Self::Foreign => "a block of another run",
            Self::Damaged => "a block with a wrong checksum",
        }
    }
}

impl Stamp {
    /// Fills a block. Its length is a multiple of eight.
    pub(super) fn fill(self, block: &mut [u8]) {
        let (words, _) = block.as_chunks_mut::<WORD>();
        let [run, address, generation, checksum, payload @ ..] = words else { return };
        *run = self.run.to_le_bytes();
        *address = self.address.to_le_bytes();
        *generation = self.generation.to_le_bytes();
        let (mut sum, mut random) = (Checksum::of(self), Random(self.seed()));
        for word in payload {
            let value = random.next();
            sum.add(value);
            *word = value.to_le_bytes();
        }
        *checksum = sum.0.to_le_bytes();
    }

    /// Returns what a block holds, unless it is the whole block of this stamp.
    pub(super) fn check(self, block: &[u8]) -> Result<(), Found> {
        let found = read(block);
        let is_right = found.stamp == self && found.checksum == found.computed;
        if is_right { Ok(()) } else { Err(found) }
    }

    /// The checksum of a whole block of this stamp, of `length` bytes.
    pub(super) fn checksum(self, length: usize) -> u64 {
        let (mut sum, mut random) = (Checksum::of(self), Random(self.seed()));
        (4..length / WORD).for_each(|_| sum.add(random.next()));
        sum.0
    }

    const fn seed(self) -> u64 {
        let mut seed = Random(self.run ^ self.address.rotate_left(32) ^ self.generation);
        seed.next()
    }
}

impl Found {
    /// The kind of this block, of which `expected` was to be read.
    pub(super) const fn kind(&self, expected: Stamp) -> MismatchKind {
        let Self { stamp, checksum, computed } = self;
        match () {
            () if *checksum != *computed => MismatchKind::Damaged,
            () if stamp.run != expected.run => MismatchKind::Foreign,
            () if stamp.address != expected.address => MismatchKind::Misplaced,
            () => MismatchKind::Stale,
        }
    }
}

/// Reads what claims to be a stamped block.
fn read(block: &[u8]) -> Found {
    let (words, _) = block.as_chunks::<WORD>();
    let mut values = words.iter().map(|word| u64::from_le_bytes(*word));
    let mut next = || values.next().unwrap_or_default();
    let stamp = Stamp { run: next(), address: next(), generation: next() };
    let checksum = next();
    let mut sum = Checksum::of(stamp);
    values.for_each(|value| sum.add(value));
    Found { stamp, checksum, computed: sum.0 }
}

/// A checksum of words. Each step is a bijection, so that a change of a single word never goes unnoticed.
struct Checksum(u64);

impl Checksum {
    const fn of(stamp: Stamp) -> Self {
        let mut sum = Self(0x6973_6373_6962_656e);
        sum.add(stamp.run);
        sum.add(stamp.address);
        sum.add(stamp.generation);
        sum
    }

    const fn add(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.0 = product ^ (product >> 29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { run: 7, address: 8192, generation: 3 };

    fn filled(stamp: Stamp, length: usize) -> Vec<u8> {
        let mut block = vec![0; length];
        stamp.fill(&mut block);
        block
    }

    #[test]
    fn a_filled_block_is_right_at_every_length() {
        for length in [SMALLEST as usize, 512, 520, 4096] {
            let block = filled(STAMP, length);
            assert_eq!(STAMP.check(&block), Ok(()), "{length}");
            let stored = u64::from_le_bytes(block[24..32].try_into().unwrap());
            assert_eq!(stored, STAMP.checksum(length));
        }
    }

    #[test]
    fn blocks_are_not_zeroes_and_differ_in_every_part_of_the_stamp() {
        let block = filled(STAMP, 512);
        assert!(block[24..].chunks(8).all(|word| word.iter().any(|byte| *byte != 0)));
        for other in
            [Stamp { run: 8, ..STAMP }, Stamp { address: 4096, ..STAMP }, Stamp { generation: 4, ..STAMP }]
        {
            let other = filled(other, 512);
            let same = block[24..].chunks(8).zip(other[24..].chunks(8)).filter(|(a, b)| a == b).count();
            assert_eq!(same, 0);
        }
    }

    #[test]
    fn every_single_bit_that_changed_is_noticed() {
        let mut block = filled(STAMP, 64);
        for bit in 0..64 * 8 {
            block[bit / 8] ^= 1 << (bit % 8);
            let found = STAMP.check(&block).unwrap_err();
            assert_eq!(found.kind(STAMP), MismatchKind::Damaged, "{bit}");
            block[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(STAMP.check(&block), Ok(()));
    }

    #[test]
    fn whole_blocks_in_the_wrong_place_or_of_another_time_are_told_apart() {
        let cases = [
            (Stamp { generation: 2, ..STAMP }, MismatchKind::Stale),
            (Stamp { address: 4096, ..STAMP }, MismatchKind::Misplaced),
            (Stamp { address: 4096, generation: 2, ..STAMP }, MismatchKind::Misplaced),
            (Stamp { run: 6, ..STAMP }, MismatchKind::Foreign),
        ];
        for (stamp, kind) in cases {
            let found = STAMP.check(&filled(stamp, 512)).unwrap_err();
            assert_eq!((found.stamp, found.kind(STAMP)), (stamp, kind));
        }
    }

    #[test]
    fn parts_of_two_writes_zeroes_and_short_blocks_are_damage() {
        let mut torn = filled(STAMP, 512);
        torn[256..].copy_from_slice(&filled(Stamp { generation: 2, ..STAMP }, 512)[256..]);
        for block in [torn, vec![0; 512], vec![0xff; 512], filled(STAMP, 512)[..504].to_vec(), Vec::new()] {
            assert_eq!(STAMP.check(&block).unwrap_err().kind(STAMP), MismatchKind::Damaged);
        }
    }

    #[test]
    fn random_numbers_stay_below_the_end_and_reach_all_of_it() {
        let mut random = Random(1);
        let mut seen = [0_u32; 10];
        (0..10_000).for_each(|_| seen[usize::try_from(random.below(10)).unwrap()] += 1);
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!((random.below(1), random.below(0)), (0, 0));
    }
}

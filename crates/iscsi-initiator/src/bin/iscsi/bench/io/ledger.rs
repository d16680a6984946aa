//! The ledger of a verified run: which block was written how often, and which are being read or written.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stamp::Stamp;
use super::verification::Mismatch;

/// The part of a block's entry that is its generation; 0 is a block that was never written.
const GENERATION: u32 = u32::MAX >> 1;
/// The generation of a block whose contents are not known: a write of it failed, or its data were wrong. It is neither
/// read nor written any more, since a write that failed may still take effect later.
const UNKNOWN: u32 = GENERATION;
/// Set in the entry of a block that is being read or written.
const BUSY: u32 = GENERATION + 1;

/// Blocks that are looked at to find one that is free.
const MOST_LOOKED_AT: u64 = 4096;

/// Mismatches that are kept; more are counted only.
const MOST_MISMATCHES: usize = 16;

/// The blocks of a run. At any time a block belongs to at most one operation, so that it is known what a read has to find.
pub(super) struct Ledger {
    /// The number of the run.
    run: u64,
    entries: Mutex<Entries>,
}

struct Entries {
    /// One for each block: its generation, and whether it is busy.
    blocks: Vec<u32>,
    /// The blocks that have been written, in the order of their first write.
    written: Vec<u32>,
    counts: Counts,
}

/// What has been verified so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Blocks that have been written at least once.
    pub(super) written: u64,
    /// Reads whose data were right.
    pub(super) right: u64,
    /// Reads whose data were wrong.
    pub(super) mismatches: u64,
    /// The first of them.
    pub(super) first_mismatches: Vec<Mismatch>,
    /// Blocks whose contents are not known.
    pub(super) unknown: u64,
}

impl Ledger {
    /// A ledger of blocks that were never written; their number fits 32 bits.
    pub(super) fn new(run: u64, blocks: u64) -> Self {
        let blocks = usize::try_from(blocks).unwrap_or(usize::MAX);
        let entries = Entries {
            blocks: vec![0; blocks],
            written: Vec::with_capacity(blocks),
            counts: Counts::default(),
        };
        Self { run, entries: Mutex::new(entries) }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been verified so far.
    pub(super) fn counts(&self) -> Counts {
        let entries = self.entries();
        Counts { written: entries.written.len() as u64, ..entries.counts.clone() }
    }

    /// Claims a block for a write of its next generation: this one, or the next one that is free and known. `None` if
    /// none is near.
    pub(super) fn claim_write(&self, block: u64) -> Option<Claim<'_>> {
        let mut entries = self.entries();
        let count = entries.blocks.len() as u64;
        let block = entries.first_free(block, count, |_, block| block)?;
        let generation = entries.take(block)?.saturating_add(1);
        Some(Claim { ledger: self, block, generation, left: UNKNOWN })
    }

    /// Claims the block that was written as the `index`th one for a read, or one after it that is free and known. `None`
    /// if none is near.
    pub(super) fn claim_read(&self, index: u64) -> Option<Claim<'_>> {
        let mut entries = self.entries();
        let count = entries.written.len() as u64;
        let block = entries.first_free(index, count, Entries::written_block)?;
        self.read_claim(&mut entries, block)
    }

    /// Claims the block that was written as the `index`th one, unless its contents are not known.
    pub(super) fn claim_read_of(&self, index: u64) -> Option<Claim<'_>> {
        let mut entries = self.entries();
        let block = entries.written_block(index);
        entries.is_free(block).then(|| self.read_claim(&mut entries, block)).flatten()
    }

    fn read_claim(&self, entries: &mut Entries, block: u64) -> Option<Claim<'_>> {
        let generation = entries.take(block)?;
        Some(Claim { ledger: self, block, generation, left: generation })
    }

    /// The number of blocks that have been written.
    pub(super) fn written(&self) -> u64 {
        self.entries().written.len() as u64
    }
}

impl Entries {
    fn entry(&mut self, block: u64) -> Option<&mut u32> {
        self.blocks.get_mut(usize::try_from(block).ok()?)
    }

    fn written_block(&self, index: u64) -> u64 {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.written.get(index).map_or(u64::MAX, |block| u64::from(*block))
    }

    /// Whether no operation has the block, and its contents are known.
    fn is_free(&self, block: u64) -> bool {
        let index = usize::try_from(block).unwrap_or(usize::MAX);
        self.blocks.get(index).is_some_and(|entry| *entry < UNKNOWN)
    }

    /// The first free one of `count` blocks, from place `from` on and then from the first one on.
    fn first_free(&self, from: u64, count: u64, at: impl Fn(&Self, u64) -> u64) -> Option<u64> {
        let places = (0..count.min(MOST_LOOKED_AT)).map(|step| (from % count + step) % count);
        places.map(|place| at(self, place)).find(|block| self.is_free(*block))
    }

    /// Marks a block as busy, and returns its generation.
    fn take(&mut self, block: u64) -> Option<u32> {
        let entry = self.entry(block)?;
        let generation = *entry;
        *entry |= BUSY;
        Some(generation)
    }
}

/// One block that belongs to an operation. When it is dropped before its operation is complete, a read releases the block,
/// and a write leaves its contents unknown.
pub(super) struct Claim<'a> {
    ledger: &'a Ledger,
    /// The block, counted from the beginning of the range.
    pub(super) block: u64,
    generation: u32,
    /// The entry of the block when it is released.
    left: u32,
}

impl Claim<'_> {
    /// The stamp that the operation writes, or has to read, at an address of the block.
    pub(super) fn stamp(&self, address: u64) -> Stamp {
        Stamp { run: self.ledger.run, address, generation: self.generation.into() }
    }

    /// The target has acknowledged the write.
    pub(super) fn acknowledge(mut self) {
        self.left = self.generation;
        if self.generation == 1 {
            self.ledger.entries().written.push(u32::try_from(self.block).unwrap_or(u32::MAX));
        }
    }

    /// The data that were read are right.
    pub(super) fn confirm(self) {
        self.ledger.entries().counts.right += 1;
    }

    /// The data that were read are wrong. The block is not read again: it is counted once.
    pub(super) fn report(mut self, mismatch: Mismatch) {
        self.left = UNKNOWN;
        let counts = &mut self.ledger.entries().counts;
        counts.mismatches += 1;
        if counts.first_mismatches.len() < MOST_MISMATCHES {
            counts.first_mismatches.push(mismatch);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut entries = self.ledger.entries();
        entries.counts.unknown += u64::from(self.left == UNKNOWN);
        if let Some(entry) = entries.entry(self.block) {
            *entry = self.left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(blocks: u64) -> Ledger {
        Ledger::new(7, blocks)
    }

    fn write(ledger: &Ledger, block: u64) -> u64 {
        let claim = ledger.claim_write(block).unwrap();
        let generation = claim.stamp(0).generation;
        claim.acknowledge();
        generation
    }

    #[test]
    fn each_write_of_a_block_is_a_generation_and_a_read_expects_the_last_one() {
        let ledger = ledger(8);
        assert_eq!([write(&ledger, 3), write(&ledger, 3), write(&ledger, 5)], [1, 2, 1]);
        let read = ledger.claim_read(0).unwrap();
        assert_eq!((read.block, read.stamp(99)), (3, Stamp { run: 7, address: 99, generation: 2 }));
        assert_eq!(ledger.written(), 2);
    }

    #[test]
    fn blocks_that_were_never_written_are_not_read() {
        let ledger = ledger(8);
        assert!(ledger.claim_read(0).is_none() && ledger.claim_read_of(0).is_none());
        // Not before the target has acknowledged it.
        let claim = ledger.claim_write(2).unwrap();
        assert!(ledger.claim_read(0).is_none());
        claim.acknowledge();
        assert_eq!(ledger.claim_read(0).unwrap().block, 2);
    }

    #[test]
    fn a_block_belongs_to_one_operation_at_a_time() {
        let ledger = ledger(3);
        write(&ledger, 1);
        let read = ledger.claim_read(0).unwrap();
        assert!(ledger.claim_read(0).is_none());
        let (next, first) = (ledger.claim_write(1).unwrap(), ledger.claim_write(1).unwrap());
        assert_eq!((read.block, next.block, first.block), (1, 2, 0));
        assert!(ledger.claim_write(0).is_none());
        read.confirm();
        assert_eq!(ledger.claim_write(0).unwrap().stamp(0).generation, 2);
    }

    #[test]
    fn a_block_of_a_write_that_failed_is_left_alone() {
        let ledger = ledger(2);
        write(&ledger, 0);
        drop(ledger.claim_write(0));
        assert!(ledger.claim_read(0).is_none() && ledger.claim_read_of(0).is_none());
        assert_eq!(ledger.claim_write(0).unwrap().block, 1);
        // The second one, which was not written either.
        assert!(ledger.claim_write(0).is_none());
        assert_eq!(ledger.counts().unknown, 2);
    }

    #[test]
    fn a_read_that_failed_leaves_the_block_as_it_was() {
        let ledger = ledger(2);
        write(&ledger, 0);
        drop(ledger.claim_read(0));
        ledger.claim_read_of(0).unwrap().confirm();
        assert_eq!(ledger.counts(), Counts { written: 1, right: 1, ..Counts::default() });
    }

    #[test]
    fn wrong_data_are_counted_once_and_the_first_are_kept() {
        let ledger = ledger(100);
        (0..20).for_each(|block| _ = write(&ledger, block));
        for index in 0..20 {
            let claim = ledger.claim_read_of(index).unwrap();
            let stamp = claim.stamp(index);
            let found = stamp.check(&[0; 512]).unwrap_err();
            claim.report(Mismatch::new(stamp, &found, 512));
            assert!(ledger.claim_read_of(index).is_none());
        }
        let counts = ledger.counts();
        assert_eq!((counts.mismatches, counts.unknown, counts.right), (20, 20, 0));
        let offsets: Vec<_> = counts.first_mismatches.iter().map(|mismatch| mismatch.offset).collect();
        assert_eq!(offsets, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn the_search_for_a_free_block_is_bounded() {
        let ledger = ledger(MOST_LOOKED_AT + 1);
        let busy: Vec<_> = (0..MOST_LOOKED_AT).map(|block| ledger.claim_write(block)).collect();
        assert!(busy.iter().all(Option::is_some));
        assert!(ledger.claim_write(0).is_none());
        assert_eq!(ledger.claim_write(1).map(|claim| claim.block), Some(MOST_LOOKED_AT));
    }
}

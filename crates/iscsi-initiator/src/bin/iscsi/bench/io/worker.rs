//! The reads and writes that a run of I/O repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::{BlockDevice, Error};

use super::area::Area;
use super::ledger::{Claim, Ledger};
use super::sessions::{PAUSE, Slot};
use super::stamp::{Found, Stamp};
use super::verification::Mismatch;
use crate::bench::attempt::{Attempts, FailedAttempt, Success, failure_cause};
use crate::bench::random::Random;
use crate::bench::tally::Times;
use crate::failure::Exit;

/// Causes of failures that are no errors of the session.
const WRONG_DATA: &str = "the data are not those that were written";
const NO_BLOCK: &str = "no block is left to write: the outcome of earlier writes is not known";

/// The direction of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

/// Latencies of reads and writes.
#[derive(Default)]
pub(super) struct IoTotals {
    pub(super) reads: Times,
    pub(super) writes: Times,
}

impl Success for Direction {
    type Totals = IoTotals;

    fn latency(&self, waited: Duration, took: Duration) -> Duration {
        waited + took
    }

    fn add_to(&self, totals: &mut IoTotals, latency: Duration) {
        match self {
            Self::Read => totals.reads.record(latency),
            Self::Write => totals.writes.record(latency),
        }
    }
}

/// What all workers of a run do.
pub(super) struct Work {
    pub(super) area: Area,
    pub(super) is_sequential: bool,
    /// Reads in a hundred operations.
    pub(super) read_percent: u64,
    /// The data of writes that are not verified.
    pub(super) data: Bytes,
    /// What has been written, if the data are verified.
    pub(super) ledger: Option<Ledger>,
    /// The next places of a verified sequential run: of a read among the blocks that have been written, and of a write.
    next_read: AtomicU64,
    next_write: AtomicU64,
}

impl Work {
    /// Prepares the work. `run` is a number that no other run has.
    pub(super) fn new(area: Area, is_sequential: bool, read_percent: u64, verify: bool, run: u64) -> Self {
        let mut data = BytesMut::zeroed(if verify { 0 } else { area.block_size });
        let mut random = Random(run);
        data.chunks_mut(8).for_each(|word| {
            let bytes = random.next().to_le_bytes();
            word.iter_mut().zip(bytes).for_each(|(byte, random)| *byte = random);
        });
        let ledger = verify.then(|| Ledger::new(run, area.blocks));
        Self {
            area,
            is_sequential,
            read_percent,
            data: data.freeze(),
            ledger,
            next_read: AtomicU64::new(0),
            next_write: AtomicU64::new(0),
        }
    }

    /// The direction of the next operation of a worker.
    fn direction(&self, random: &mut Random) -> Direction {
        if random.below(100) < self.read_percent { Direction::Read } else { Direction::Write }
    }

    /// The block of the operation of this number.
    fn block(&self, number: u64, random: &mut Random) -> u64 {
        if self.is_sequential { number % self.area.blocks } else { random.below(self.area.blocks) }
    }

    /// Claims the block of the next write.
    fn claim_write<'a>(&self, ledger: &'a Ledger, random: &mut Random) -> Option<Claim<'a>> {
        let number = if self.is_sequential { self.next_write.fetch_add(1, Ordering::Relaxed) } else { 0 };
        ledger.claim_write(self.block(number, random))
    }

    /// Claims a block that has been written before for a read, if there is one.
    fn claim_read<'a>(&self, ledger: &'a Ledger, random: &mut Random) -> Option<Claim<'a>> {
        let place = if self.is_sequential {
            self.next_read.fetch_add(1, Ordering::Relaxed)
        } else {
            random.below(ledger.written())
        };
        ledger.claim_read(place)
    }
}

/// One worker: it has one operation in flight at a time, and keeps its memory from one to the next.
pub(super) struct Worker {
    work: Arc<Work>,
    slot: Arc<Slot>,
    /// The unit in the session of the slot; none after that session has ended.
    device: Option<BlockDevice>,
    random: Random,
    buffer: BytesMut,
    /// Whether the last command found no session, and none in time.
    has_no_session: bool,
}

impl Worker {
    pub(super) fn new(work: &Arc<Work>, slot: &Arc<Slot>, seed: u64) -> Self {
        let (work, slot) = (Arc::clone(work), Arc::clone(slot));
        Self {
            work,
            slot,
            device: None,
            random: Random(seed),
            buffer: BytesMut::new(),
            has_no_session: false,
        }
    }

    async fn transfer(&mut self, number: u64) -> Result<Direction, FailedAttempt> {
        let work = Arc::clone(&self.work);
        let direction = work.direction(&mut self.random);
        if let Some(ledger) = &work.ledger {
            return self.verified_transfer(&work, ledger, direction).await;
        }
        let offset = work.area.offset_of(work.block(number, &mut self.random));
        match direction {
            Direction::Read => self.read(offset).await?,
            Direction::Write => self.write(offset, work.data.clone()).await?,
        }
        Ok(direction)
    }

    /// Reads a block back, or writes one: also where nothing was written yet that could be read back.
    async fn verified_transfer(
        &mut self,
        work: &Work,
        ledger: &Ledger,
        direction: Direction,
    ) -> Result<Direction, FailedAttempt> {
        if direction == Direction::Read
            && let Some(claim) = work.claim_read(ledger, &mut self.random)
        {
            let is_right = self.is_right(claim).await?;
            return is_right.then_some(Direction::Read).ok_or_else(|| failed(WRONG_DATA));
        }
        let Some(claim) = work.claim_write(ledger, &mut self.random) else {
            // An attempt that takes no time would keep the others from theirs.
            tokio::time::sleep(PAUSE).await;
            return Err(failed(NO_BLOCK));
        };
        let data = stamped(&work.area, &claim, &mut self.buffer);
        self.write(work.area.offset_of(claim.block), data).await?;
        claim.acknowledge();
        Ok(Direction::Write)
    }

    /// Reads a block that was written, and returns whether its data are right.
    async fn is_right(&mut self, claim: Claim<'_>) -> Result<bool, FailedAttempt> {
        let offset = self.work.area.offset_of(claim.block);
        self.read(offset).await?;
        let mismatch = first_mismatch(&self.work.area, &claim, &self.buffer);
        let is_right = mismatch.is_none();
        match mismatch {
            None => claim.confirm(),
            Some((stamp, found)) => {
                claim.report(Mismatch::new(stamp, &found, self.work.area.logical_block));
            }
        }
        Ok(is_right)
    }

    /// Reads into the buffer.
    async fn read(&mut self, offset: u64) -> Result<(), FailedAttempt> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(self.work.area.block_size, 0);
        let read = self.device().await?.read_into(offset, buffer).await;
        self.buffer = self.checked(read)?;
        Ok(())
    }

    async fn write(&mut self, offset: u64, data: Bytes) -> Result<(), FailedAttempt> {
        let written = self.device().await?.write_at(offset, data).await;
        self.checked(written)
    }

    /// The unit, in a session that is open.
    async fn device(&mut self) -> Result<&BlockDevice, FailedAttempt> {
        let device = match self.device.take() {
            Some(device) => device,
            None => self.slot.device().await.map_err(|error| failure_cause(&error))?,
        };
        Ok(self.device.insert(device))
    }

    /// Takes note of an error that ended the session.
    fn checked<T>(&mut self, outcome: Result<T, Error>) -> Result<T, FailedAttempt> {
        outcome.map_err(|error| {
            if !error.leaves_session_open() {
                self.device = None;
            }
            self.has_no_session = matches!(error, Error::NoSession { .. });
            failure_cause(&error)
        })
    }
}

impl Attempts for Worker {
    type Success = Direction;

    async fn attempt(&mut self, number: u64) -> Result<Direction, FailedAttempt> {
        let outcome = self.transfer(number).await;
        if std::mem::take(&mut self.has_no_session) {
            // Commands fail at once then.
            tokio::time::sleep(PAUSE).await;
        }
        outcome
    }
}

/// The data of a verified write: every logical block stamped, in the memory of an earlier write if that is free.
fn stamped(area: &Area, claim: &Claim<'_>, buffer: &mut BytesMut) -> Bytes {
    buffer.clear();
    buffer.resize(area.block_size, 0);
    let addresses = (area.offset_of(claim.block)..).step_by(area.logical_block);
    for (block, address) in buffer.chunks_mut(area.logical_block).zip(addresses) {
        claim.stamp(address).fill(block);
    }
    buffer.split().freeze()
}

/// The first logical block of these data that does not hold what was written.
fn first_mismatch(area: &Area, claim: &Claim<'_>, data: &[u8]) -> Option<(Stamp, Found)> {
    let addresses = (area.offset_of(claim.block)..).step_by(area.logical_block);
    data.chunks(area.logical_block).zip(addresses).find_map(|(block, address)| {
        let stamp = claim.stamp(address);
        stamp.check(block).err().map(|found| (stamp, found))
    })
}

fn failed(cause: &str) -> FailedAttempt {
    FailedAttempt { cause: cause.to_owned(), exit: Exit::Other }
}

/// A worker that reads everything back that was written, each block once. Wrong data are in the ledger; only reads that fail
/// are failures.
pub(super) struct ReadBack(pub(super) Worker);

impl Attempts for ReadBack {
    type Success = Direction;

    async fn attempt(&mut self, number: u64) -> Result<Direction, FailedAttempt> {
        let work = Arc::clone(&self.0.work);
        let claim = work.ledger.as_ref().and_then(|ledger| ledger.claim_read_of(number));
        if let Some(claim) = claim {
            self.0.is_right(claim).await?;
        }
        Ok(Direction::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { offset: 8192, block_size: 4096, logical_block: 512, blocks: 16 };

    fn work(is_sequential: bool, read_percent: u64, verify: bool) -> Work {
        Work::new(AREA, is_sequential, read_percent, verify, 7)
    }

    #[test]
    fn the_share_of_reads_is_as_planned() {
        for (percent, range) in [(0, 0..=0), (100, 10_000..=10_000), (30, 2_700..=3_300), (1, 50..=150)] {
            let (work, mut random) = (work(false, percent, false), Random(1));
            let directions = (0..10_000).map(|_| work.direction(&mut random));
            let reads = directions.filter(|direction| *direction == Direction::Read).count();
            assert!(range.contains(&reads), "{reads} of {percent} %");
        }
    }

    #[test]
    fn sequential_blocks_follow_each_other_and_begin_again() {
        let (work, mut random) = (work(true, 100, false), Random(1));
        let blocks: Vec<_> = (14..18).map(|number| work.block(number, &mut random)).collect();
        assert_eq!(blocks, [14, 15, 0, 1]);
    }

    #[test]
    fn random_blocks_cover_the_range() {
        let (work, mut random) = (work(false, 100, false), Random(1));
        let mut blocks: Vec<_> = (0..1000).map(|_| work.block(0, &mut random)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn data_that_are_not_verified_are_not_zeroes_and_shared() {
        let work = work(false, 0, false);
        assert_eq!(work.data.len(), AREA.block_size);
        assert!(work.data.chunks(8).all(|word| word != [0; 8]));
        assert_eq!(work.data.clone().as_ptr(), work.data.as_ptr());
    }

    #[test]
    fn verified_writes_in_order_leave_no_block_out() {
        let (work, mut random) = (work(true, 10, true), Random(1));
        let ledger = work.ledger.as_ref().unwrap();
        let mut next = || {
            let claim = work.claim_write(ledger, &mut random).unwrap();
            let block = claim.block;
            claim.acknowledge();
            block
        };
        assert_eq!((0..17).map(|_| next()).collect::<Vec<_>>(), (0..16).chain([0]).collect::<Vec<_>>());
        let reads = (0..3).map(|_| work.claim_read(ledger, &mut Random(1)).unwrap().block);
        assert_eq!(reads.collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn every_logical_block_has_a_stamp_of_its_own_address() {
        let (ledger, mut buffer) = (Ledger::new(7, 16), BytesMut::new());
        let claim = ledger.claim_write(2).unwrap();
        let data = stamped(&AREA, &claim, &mut buffer);
        assert_eq!((data.len(), first_mismatch(&AREA, &claim, &data)), (4096, None));
        for (block, address) in data.chunks(512).zip((16_384..).step_by(512)) {
            assert_eq!(Stamp { run: 7, address, generation: 1 }.check(block), Ok(()));
        }
        let mut changed = data.to_vec();
        changed[4095] ^= 1;
        assert_eq!(first_mismatch(&AREA, &claim, &changed).map(|(stamp, _)| stamp.address), Some(19_968));
    }

    #[test]
    fn the_memory_of_a_write_is_used_again_when_it_is_free() {
        let (ledger, mut buffer) = (Ledger::new(7, 16), BytesMut::new());
        let claim = ledger.claim_write(0).unwrap();
        let mut place = || stamped(&AREA, &claim, &mut buffer).as_ptr();
        assert_eq!([place(), place()], [place(), place()]);
        // Memory that somebody still holds is left alone.
        let held = stamped(&AREA, &claim, &mut buffer);
        assert_ne!(stamped(&AREA, &claim, &mut buffer).as_ptr(), held.as_ptr());
        assert_eq!(first_mismatch(&AREA, &claim, &held), None);
    }
}

//! The reads and writes that a run of I/O repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::{BlockDevice, Error};

use super::area::Area;
use super::ledger::{Claim, Ledger};
use super::sessions::Slot;
use super::stamp::{Found, Random, Stamp};
use super::verification::Mismatch;
use crate::bench::attempt::{Attempts, FailedAttempt, Success, failure_cause};
use crate::bench::tally::Times;
use crate::failure::Exit;

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
    /// The next place of a sequential run among the blocks that have been written.
    next_read: AtomicU64,
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
        Self { area, is_sequential, read_percent, data: data.freeze(), ledger, next_read: AtomicU64::new(0) }
    }

    /// The direction of the next operation of a worker.
    fn direction(&self, random: &mut Random) -> Direction {
        if random.below(100) < self.read_percent { Direction::Read } else { Direction::Write }
    }

    /// The block of the operation of this number.
    fn block(&self, number: u64, random: &mut Random) -> u64 {
        if self.is_sequential { number % self.area.blocks } else { random.below(self.area.blocks) }
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
}

impl Worker {
    pub(super) fn new(work: &Arc<Work>, slot: &Arc<Slot>, seed: u64) -> Self {
        let (work, slot) = (Arc::clone(work), Arc::clone(slot));
        Self { work, slot, device: None, random: Random(seed), buffer: BytesMut::new() }
    }

    async fn transfer(&mut self, number: u64) -> Result<Direction, FailedAttempt> {
        let work = Arc::clone(&self.work);
        let direction = work.direction(&mut self.random);
        let block = work.block(number, &mut self.random);
        match (&work.ledger, direction) {
            (Some(ledger), _) => self.verified_transfer(&work, ledger, direction, block).await,
            (None, Direction::Read) => {
                self.read(work.area.offset_of(block)).await?;
                Ok(direction)
            }
            (None, Direction::Write) => {
                self.write(work.area.offset_of(block), work.data.clone()).await?;
                Ok(direction)
            }
        }
    }

    /// Reads a block back, or writes one: also where nothing was written yet that could be read back.
    async fn verified_transfer(
        &mut self,
        work: &Work,
        ledger: &Ledger,
        direction: Direction,
        block: u64,
    ) -> Result<Direction, FailedAttempt> {
        if direction == Direction::Read
            && let Some(claim) = work.claim_read(ledger, &mut self.random)
        {
            let is_right = self.is_right(claim).await?;
            return is_right
                .then_some(Direction::Read)
                .ok_or_else(|| failed("the data are not those that were written"));
        }
        let Some(claim) = ledger.claim_write(block) else {
            return Err(failed("no block is left to write: the outcome of earlier writes is not known"));
        };
        let offset = work.area.offset_of(claim.block);
        let data = self.stamped(&claim, offset);
        self.write(offset, data).await?;
        claim.acknowledge();
        Ok(Direction::Write)
    }

    /// Reads a block that was written, and returns whether its data are right.
    async fn is_right(&mut self, claim: Claim<'_>) -> Result<bool, FailedAttempt> {
        let offset = self.work.area.offset_of(claim.block);
        self.read(offset).await?;
        let mismatch = self.first_mismatch(&claim, offset);
        let is_right = mismatch.is_none();
        match mismatch {
            None => claim.confirm(),
            Some((stamp, found)) => {
                claim.report(Mismatch::new(stamp, &found, self.work.area.logical_block));
            }
        }
        Ok(is_right)
    }

    /// The first logical block in the buffer that does not hold what was written.
    fn first_mismatch(&self, claim: &Claim<'_>, offset: u64) -> Option<(Stamp, Found)> {
        let length = self.work.area.logical_block;
        let addresses = (offset..).step_by(length);
        self.buffer.chunks(length).zip(addresses).find_map(|(block, address)| {
            let stamp = claim.stamp(address);
            stamp.check(block).err().map(|found| (stamp, found))
        })
    }

    /// The data of a verified write: every logical block stamped, in memory of an earlier write if that is free.
    fn stamped(&mut self, claim: &Claim<'_>, offset: u64) -> Bytes {
        let Area { block_size, logical_block, .. } = self.work.area;
        self.buffer.clear();
        self.buffer.resize(block_size, 0);
        let addresses = (offset..).step_by(logical_block);
        for (block, address) in self.buffer.chunks_mut(logical_block).zip(addresses) {
            claim.stamp(address).fill(block);
        }
        self.buffer.split().freeze()
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
            failure_cause(&error)
        })
    }
}

impl Attempts for Worker {
    type Success = Direction;

    async fn attempt(&mut self, number: u64) -> Result<Direction, FailedAttempt> {
        self.transfer(number).await
    }
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

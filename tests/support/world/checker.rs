//! Rules for the ends of operations and for the data that they return.
//!
//! The caller reports events in the order in which the user of the initiator sees them. Blocks are independent: a target may
//! carry out a write of several blocks in any order, so each block is checked by itself, as a register that is linearizable.

mod block_history;
mod violation;

use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::scsi::Capacity;

use self::block_history::{BlockHistory, Moment};
pub use self::violation::{Contents, Reason, Source, Violation};
use super::{Action, BlockStamp, Extent, Operation};

/// The write cache of a logical unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteCache {
    /// Data are on the medium when a write ends.
    WriteThrough,
    /// Data are on the medium when a flush ends, or a write with the FUA bit.
    Volatile,
}

/// The operations of a run and the contents that each block may have. Clones share the blocks that stay the same.
#[derive(Clone, Debug)]
pub struct Checker {
    disk: Capacity,
    cache: WriteCache,
    moment: Moment,
    /// In the order of their submission.
    operations: Vec<Submitted>,
    blocks: Vec<Arc<BlockHistory>>,
    /// The operation that failed last in the order of submission, by its place in `operations`.
    last_failed: Option<usize>,
}

/// An operation that was submitted.
#[derive(Clone, Copy, Debug)]
struct Submitted {
    operation: Operation,
    moment: Moment,
    time: Duration,
    ended: Option<Duration>,
}

impl Checker {
    /// A disk of zeros without operations.
    #[must_use]
    pub fn new(disk: Capacity, cache: WriteCache) -> Self {
        let blocks = (0..disk.blocks).map(|_| Arc::new(BlockHistory::new())).collect();
        Self { disk, cache, moment: 0, operations: Vec::new(), blocks, last_failed: None }
    }

    /// An operation was given to the initiator.
    ///
    /// # Errors
    /// It had been already, or the disk is too small for it.
    pub fn submitted(&mut self, operation: Operation, now: Duration) -> Result<(), Violation> {
        let (number, moment) = (operation.number, self.next_moment());
        if self.position(number).is_ok() {
            return Err(Violation::SubmittedTwice(number));
        }
        match operation.action {
            Action::Write { extent, .. } => {
                self.check_extent(number, extent)?;
                self.change(extent, |block| block.submit(number, moment));
            }
            Action::Read(extent) => self.check_extent(number, extent)?,
            _ => {}
        }
        self.operations.push(Submitted { operation, moment, time: now, ended: None });
        Ok(())
    }

    const fn check_extent(&self, operation: u32, extent: Extent) -> Result<(), Violation> {
        let (end, blocks) = (extent.lba.saturating_add(extent.blocks as u64), self.disk.blocks);
        if end > blocks { Err(Violation::BeyondDisk { operation, end, blocks }) } else { Ok(()) }
    }

    /// An operation succeeded, a read with these data.
    ///
    /// # Errors
    /// It was not pending, or its result is impossible.
    pub fn completed(&mut self, number: u32, data: &[u8], now: Duration) -> Result<(), Violation> {
        let (_, Submitted { operation, moment, .. }) = self.end(number, now)?;
        match operation.action {
            Action::Read(extent) => self.read(Source::Operation(number), extent, data, moment),
            Action::Write { extent, is_stable } => {
                self.acknowledge(number, extent, is_stable);
                Ok(())
            }
            Action::Flush => self.flush(number, moment),
            _ => Ok(()),
        }
    }

    /// The target refused an operation, which certainly did not take effect.
    ///
    /// # Errors
    /// It was not pending, or its data were read.
    pub fn refused(&mut self, number: u32, now: Duration) -> Result<(), Violation> {
        let (_, Submitted { operation, .. }) = self.end(number, now)?;
        match operation.action {
            Action::Write { extent, .. } => self.refuse_write(number, extent),
            Action::Flush => {
                self.loss_known();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An operation failed, and nobody knows whether it took effect or still will. Failures come in the order of submission.
    ///
    /// # Errors
    /// It was not pending, or one that was submitted later failed before it.
    pub fn failed(&mut self, number: u32, now: Duration) -> Result<(), Violation> {
        let (at, _) = self.unknown(number, now)?;
        if let Some(later) = self.last_failed.filter(|last| *last > at) {
            let later = self.operations[later].operation.number;
            return Err(Violation::FailedOutOfOrder { operation: number, later });
        }
        self.last_failed = Some(at);
        Ok(())
    }

    /// An operation was not sent again after its session was lost, unlike others that were submitted before it, and nobody knows
    /// whether it took effect or still will.
    ///
    /// # Errors
    /// It was not pending.
    pub fn left_behind(&mut self, number: u32, now: Duration) -> Result<(), Violation> {
        self.unknown(number, now).map(drop)
    }

    fn unknown(&mut self, number: u32, now: Duration) -> Result<(usize, Submitted), Violation> {
        let ended = self.end(number, now)?;
        if ended.1.operation.action == Action::Flush {
            self.loss_known();
        }
        Ok(ended)
    }

    /// An operation was aborted: it takes no effect from now on.
    ///
    /// # Errors
    /// It was not pending.
    pub fn aborted(&mut self, number: u32, now: Duration) -> Result<(), Violation> {
        let (_, Submitted { operation, .. }) = self.end(number, now)?;
        if let Action::Write { extent, .. } = operation.action {
            let moment = self.moment;
            self.change(extent, |block| block.settle(number, moment));
        }
        Ok(())
    }

    /// Writes that have failed have no effect from now on: the target has ended their tasks, as it does when the session is
    /// reinstated (RFC 7143, 6.3.5).
    pub fn fenced(&mut self) {
        let moment = self.next_moment();
        // Those that succeeded or were refused have no effect later anyway.
        let ended = self.operations.iter().filter(|submitted| submitted.ended.is_some());
        let ended: Vec<Operation> = ended.map(|submitted| submitted.operation).collect();
        for Operation { number, action } in ended {
            if let Action::Write { extent, .. } = action {
                self.change(extent, |block| block.settle(number, moment));
            }
        }
    }

    /// The target lost power and with it the data that were not on the medium, and all its tasks. Operations that are
    /// pending may have taken effect before, and may do so later if the initiator sends them again.
    pub fn power_lost(&mut self) {
        let moment = self.next_moment();
        let pending: Vec<u32> = self.pending().map(|operation| operation.number).collect();
        for block in &mut self.blocks {
            Arc::make_mut(block).lose_power(moment, |number| pending.contains(&number));
        }
    }

    /// The user of the initiator knows that acknowledged data may be lost, because the session ended or a flush failed. Until
    /// then a flush that succeeds after a loss of power must not be a false one: data that were acknowledged before it have
    /// to be there.
    pub fn loss_known(&mut self) {
        for block in &mut self.blocks {
            Arc::make_mut(block).accept_loss();
        }
    }

    /// Checks the medium at the end of a run.
    ///
    /// # Errors
    /// It has another length, or a block has impossible contents.
    pub fn final_medium(&mut self, medium: &[u8]) -> Result<(), Violation> {
        let blocks = u32::try_from(self.disk.blocks).unwrap_or(u32::MAX);
        let moment = self.next_moment();
        self.read(Source::Medium, Extent { lba: 0, blocks }, medium, moment)
    }

    /// Checks that no operation is pending.
    ///
    /// # Errors
    /// Some are.
    pub fn all_ended(&self) -> Result<(), Violation> {
        let mut pending = self.operations.iter().filter(|submitted| submitted.ended.is_none());
        let Some(first) = pending.next() else { return Ok(()) };
        let (count, submitted) = (pending.count() + 1, first.time);
        Err(Violation::NeverEnded { count, first: first.operation.number, submitted })
    }

    /// The operations that were submitted and have not ended, in order.
    pub fn pending(&self) -> impl Iterator<Item = Operation> {
        let pending = self.operations.iter().filter(|submitted| submitted.ended.is_none());
        pending.map(|submitted| submitted.operation)
    }

    fn next_moment(&mut self) -> Moment {
        self.moment += 1;
        self.moment
    }

    fn position(&self, number: u32) -> Result<usize, Violation> {
        let position = self.operations.iter().position(|submitted| submitted.operation.number == number);
        position.ok_or(Violation::NeverSubmitted(number))
    }

    /// Ends a pending operation.
    fn end(&mut self, number: u32, now: Duration) -> Result<(usize, Submitted), Violation> {
        self.next_moment();
        let at = self.position(number)?;
        let submitted = &mut self.operations[at];
        if let Some(first) = submitted.ended {
            return Err(Violation::EndedTwice { operation: number, first, second: now });
        }
        submitted.ended = Some(now);
        Ok((at, *submitted))
    }

    fn change(&mut self, extent: Extent, mut change: impl FnMut(&mut BlockHistory)) {
        self.blocks_of(extent).for_each(|block| change(Arc::make_mut(block)));
    }

    fn acknowledge(&mut self, number: u32, extent: Extent, is_stable: bool) {
        let is_stable = is_stable || self.cache == WriteCache::WriteThrough;
        let moment = self.moment;
        self.change(extent, |block| block.acknowledge(number, moment, is_stable));
    }

    fn refuse_write(&mut self, operation: u32, extent: Extent) -> Result<(), Violation> {
        for (lba, block) in extent.lbas().zip(self.blocks_of(extent)) {
            if !Arc::make_mut(block).refuse(operation) {
                return Err(Violation::RefusedButWritten { operation, lba });
            }
        }
        Ok(())
    }

    fn flush(&mut self, flush: u32, start: Moment) -> Result<(), Violation> {
        for (lba, block) in (0..).zip(&mut self.blocks) {
            let flushed = Arc::make_mut(block).flush(start);
            flushed.map_err(|contents| Violation::LostBeforeFlush { flush, lba, contents })?;
        }
        Ok(())
    }

    fn blocks_of(&mut self, extent: Extent) -> impl Iterator<Item = &mut Arc<BlockHistory>> {
        let first = usize::try_from(extent.lba).unwrap_or(usize::MAX);
        self.blocks.iter_mut().skip(first).take(extent.blocks as usize)
    }

    fn read(&mut self, from: Source, extent: Extent, data: &[u8], start: Moment) -> Result<(), Violation> {
        let block_size = self.disk.block_size as usize;
        let expected = block_size * extent.blocks as usize;
        if data.len() != expected {
            return Err(Violation::Length { from, received: data.len(), expected });
        }
        let end = self.moment;
        for ((lba, bytes), block) in extent.lbas().zip(data.chunks(block_size)).zip(self.blocks_of(extent)) {
            let contents = contents(from, lba, bytes)?;
            let read = Arc::make_mut(block).read(contents, start, end);
            read.map_err(|reason| Violation::Impossible { from, lba, contents, reason })?;
        }
        Ok(())
    }
}

/// The contents of a block, which have to belong there.
fn contents(from: Source, lba: u64, block: &[u8]) -> Result<Contents, Violation> {
    match BlockStamp::read(block) {
        Ok(None) => Ok(Contents::Zeros),
        Ok(Some(stamp)) if stamp.lba == lba => Ok(Contents::WrittenBy(stamp.operation)),
        Ok(Some(stamp)) => Err(Violation::Misplaced { from, lba, stamp }),
        Err(reason) => Err(Violation::Damaged { from, lba, reason }),
    }
}

#[cfg(test)]
mod tests;

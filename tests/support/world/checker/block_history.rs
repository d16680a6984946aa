//! Contents of one block in the course of time.
//!
//! A block is a register: each operation on it takes effect at one moment between its submission and its end, and a read
//! returns what the last write before it left. No two writes leave the same contents, so all operations on one contents (the
//! write, and the reads that returned it) take effect one after the other without another write in between. Therefore
//! contents A come before contents B whenever any operation on A ended before some operation on B was submitted. A history is
//! possible if and only if this never holds in both directions (P. Gibbons and E. Korach, "Testing shared memories", 1997).

use std::sync::Arc;

use super::violation::{Contents, Reason};

/// A moment: the number of calls of the checker before it.
pub(super) type Moment = u64;

/// The history of a block since it last lost power.
#[derive(Clone, Debug)]
pub(super) struct BlockHistory {
    /// Contents that the block may have had at the beginning; one of them as soon as it was read.
    initial: Vec<Contents>,
    /// Operations on the initial contents.
    initial_use: Use,
    writes: Vec<Write>,
    /// Submission of the last flush that ended.
    flushed: Moment,
    /// The history before the loss of power.
    before_loss: Option<Arc<Self>>,
    /// Whether the user of the initiator knows of the loss: until then, the next flush that succeeds is one of the data written
    /// before the loss, too.
    is_loss_known: bool,
}

/// A write of the block.
#[derive(Clone, Copy, Debug)]
struct Write {
    operation: u32,
    uses: Use,
    /// It took effect: it was acknowledged, or its data were read.
    is_certain: bool,
    /// Its data were stable when it was acknowledged.
    is_stable: bool,
}

/// The operations on one contents: a write and reads.
#[derive(Clone, Copy, Debug)]
struct Use {
    /// The first end of one of them; for a write that failed, the moment after which it has no effect any more. None while
    /// a write is pending that no read has returned.
    first_end: Option<Moment>,
    /// The last submission of one of them.
    last_start: Moment,
}

impl Use {
    /// These contents were replaced before the others were.
    fn precedes(self, other: Self) -> bool {
        self.first_end.is_some_and(|end| end < other.last_start)
    }

    const fn at(moment: Moment) -> Self {
        Self { first_end: Some(moment), last_start: moment }
    }

    /// Adds an operation that ended at `end`.
    fn ended(self, start: Moment, end: Moment) -> Self {
        let first_end = self.first_end.map_or(end, |first| first.min(end));
        Self { first_end: Some(first_end), last_start: self.last_start.max(start) }
    }
}

impl BlockHistory {
    /// A block of zeros.
    pub(super) fn new() -> Self {
        Self {
            initial: vec![Contents::Zeros],
            initial_use: Use::at(0),
            writes: Vec::new(),
            flushed: 0,
            before_loss: None,
            is_loss_known: false,
        }
    }

    /// Adds a write that may take effect from now on.
    pub(super) fn submit(&mut self, operation: u32, start: Moment) {
        let uses = Use { first_end: None, last_start: start };
        self.writes.push(Write { operation, uses, is_certain: false, is_stable: false });
    }

    /// The write took effect.
    pub(super) fn acknowledge(&mut self, operation: u32, end: Moment, is_stable: bool) {
        for write in self.writes.iter_mut().filter(|write| write.operation == operation) {
            write.uses = write.uses.ended(write.uses.last_start, end);
            (write.is_certain, write.is_stable) = (true, is_stable);
        }
    }

    /// The write took effect before this moment or never will.
    pub(super) fn settle(&mut self, operation: u32, end: Moment) {
        for write in self.writes.iter_mut().filter(|write| write.operation == operation) {
            write.uses.first_end.get_or_insert(end);
        }
    }

    /// The write never took effect; false if it did, because its data were read.
    pub(super) fn refuse(&mut self, operation: u32) -> bool {
        let before = self.before_loss.as_mut().filter(|_| !self.is_loss_known);
        let is_possible = before.is_none_or(|before| Arc::make_mut(before).refuse(operation));
        let was_read = self.writes.iter().any(|write| write.operation == operation && write.is_certain);
        self.writes.retain(|write| write.operation != operation);
        self.initial.retain(|contents| *contents != Contents::WrittenBy(operation));
        is_possible && !was_read && !self.initial.is_empty()
    }

    /// Checks that the block can have these contents for a read, and remembers that it had.
    pub(super) fn read(&mut self, contents: Contents, start: Moment, end: Moment) -> Result<(), Reason> {
        if self.could_read_before_loss(contents, start, end) {
            return Ok(());
        }
        let write = self.writes.iter().position(|write| contents == Contents::WrittenBy(write.operation));
        let uses = match write {
            Some(at) => self.writes[at].uses,
            None if self.initial.contains(&contents) => self.initial_use,
            None => return Err(Reason::NoSuchWrite),
        };
        let uses = uses.ended(start, end);
        self.check_order(write, uses)?;
        if let Some(at) = write {
            (self.writes[at].uses, self.writes[at].is_certain) = (uses, true);
        } else {
            (self.initial_use, self.initial) = (uses, vec![contents]);
        }
        Ok(())
    }

    /// A read that was submitted before power was lost may have returned contents of that time. It may also be one of the
    /// time after, so it shows nothing about either.
    fn could_read_before_loss(&self, contents: Contents, start: Moment, end: Moment) -> bool {
        let spans_loss = self.initial_use.first_end.is_some_and(|loss| start < loss);
        let before = self.before_loss.as_ref().filter(|_| spans_loss);
        before.is_some_and(|before| Self::clone(before).read(contents, start, end).is_ok())
    }

    /// Checks the order of one contents, of this write or the initial ones, and all others.
    fn check_order(&self, write: Option<usize>, uses: Use) -> Result<(), Reason> {
        let others = self.writes.iter().enumerate();
        let others = others.filter(|(at, other)| other.is_certain && write != Some(*at));
        let others = others.map(|(_, other)| (Contents::WrittenBy(other.operation), other.uses));
        let initial =
            self.initial.first().filter(|_| write.is_some()).map(|first| (*first, self.initial_use));
        match others.chain(initial).find(|(_, other)| other.precedes(uses) && uses.precedes(*other)) {
            Some((other, _)) => Err(Reason::ReplacedBy(other)),
            None => Ok(()),
        }
    }

    /// A flush ended. Data that it made stable did not get lost before, as far as the user knows. If older contents were
    /// read since a loss, they are returned as an error.
    pub(super) fn flush(&mut self, start: Moment) -> Result<(), Contents> {
        self.flushed = self.flushed.max(start);
        let Some(before) = self.before_loss.as_mut().filter(|_| !self.is_loss_known) else { return Ok(()) };
        let before = Arc::make_mut(before);
        before.flush(start)?;
        let kept = before.stable_contents();
        let first = self.initial[0];
        self.initial.retain(|contents| kept.contains(contents));
        if self.initial.is_empty() { Err(first) } else { Ok(()) }
    }

    /// The contents that may be on the medium: the last stable ones and those that may have come after them. The initial
    /// contents are stable: they were on the medium when power was lost.
    fn stable_contents(&self) -> Vec<Contents> {
        let is_kept = |place: Option<usize>, uses: Use| {
            let stable = self.writes.iter().enumerate().filter(|(_, write)| self.is_stable(write));
            let stable = stable.map(|(at, write)| (Some(at), write.uses)).chain([(None, self.initial_use)]);
            !stable.into_iter().any(|(other, stable)| other != place && uses.precedes(stable))
        };
        let writes = self.writes.iter().enumerate().filter(|(at, write)| is_kept(Some(*at), write.uses));
        let mut kept: Vec<_> = writes.map(|(_, write)| Contents::WrittenBy(write.operation)).collect();
        if is_kept(None, self.initial_use) {
            kept.extend(&self.initial);
        }
        kept
    }

    /// The write is on the medium, if no later one is.
    fn is_stable(&self, write: &Write) -> bool {
        let is_flushed = write.uses.first_end.is_some_and(|end| end < self.flushed);
        write.is_certain && (write.is_stable || is_flushed)
    }

    /// The target lost power: the block may have any of its contents since the last stable ones, and only writes that are
    /// still pending may take effect later.
    pub(super) fn lose_power(&mut self, now: Moment, is_pending: impl Fn(u32) -> bool) {
        let pending = self.writes.iter().filter(|write| is_pending(write.operation));
        let again = |write: &Write| Write {
            is_certain: false,
            uses: Use { first_end: None, ..write.uses },
            ..*write
        };
        let next = Self {
            initial: self.stable_contents(),
            initial_use: Use::at(now),
            writes: pending.map(again).collect(),
            flushed: 0,
            before_loss: None,
            is_loss_known: false,
        };
        let before = std::mem::replace(self, next);
        self.before_loss = Some(Arc::new(before));
    }

    /// The user of the initiator knows what may be lost: a later flush says nothing about it. A read that was submitted before
    /// the loss may still return what was there.
    pub(super) fn accept_loss(&mut self) {
        self.is_loss_known = true;
    }
}

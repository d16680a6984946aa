//! Copies between ends that can be read and written in any order: many pieces under way at a time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::Error;
use tokio::task::JoinSet;

use super::destination::Destination;
use super::journal::Journal;
use super::offload::Offload;
use super::parts::{Part, Parts, runs};
use super::progress::Progress;
use super::source::Source;
use super::{PIECE_LENGTH, PIECES};
use crate::failure::Failure;
use crate::messages::warn;

/// How often what was written is made stable, if a journal says how far the copy is.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(10);
/// How many times a part is copied, if sessions are lost and a unit may have lost its cache each time.
const MOST_TIMES: u32 = 3;

/// A copy of a range. Clones share it.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) source: Source,
    pub(crate) destination: Destination,
    /// The first byte that is read.
    pub(crate) from: u64,
    /// The first byte that is written.
    pub(crate) to: u64,
    pub(crate) length: u64,
    /// Whether zeros are looked for, and not written as data.
    pub(crate) is_sparse: bool,
    pub(crate) offload: Option<Arc<Offload>>,
    pub(crate) tally: Arc<Tally>,
}

/// What became of the bytes.
#[derive(Default)]
pub(crate) struct Tally {
    /// Zeros that were not read or not sent as data.
    pub(crate) zeros: AtomicU64,
    /// Bytes that the target copied by itself.
    pub(crate) offloaded: AtomicU64,
}

impl Copy {
    /// Copies everything from `start` on, a number of bytes behind the beginning of the range, and makes it stable.
    ///
    /// # Cancel safety
    /// When the future is dropped, any part of the destination is written.
    pub(crate) async fn run(
        &self,
        start: u64,
        progress: &Progress,
        journal: Option<&Journal>,
    ) -> Result<(), Failure> {
        let (stable, mut times) = (Cell::new(start), 1);
        loop {
            let outcome = self.pass(&stable, progress, journal).await;
            match outcome {
                // The same data at the same place: to write them twice is as good as once.
                Err(Failure::Initiator(
                    error @ (Error::WritesMayBeLost { .. } | Error::Ambiguous { .. }),
                )) if times < MOST_TIMES => {
                    warn(&format!("{error}; what was not flushed before is copied again"));
                    times += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Copies what is not stable yet.
    async fn pass(
        &self,
        stable: &Cell<u64>,
        progress: &Progress,
        journal: Option<&Journal>,
    ) -> Result<(), Failure> {
        let start = stable.get();
        let (mut work, mut done) = (JoinSet::new(), Done { prefix: start, beyond: BTreeMap::new() });
        let mut parts = Parts::new(&self.source, self.from + start..self.from + self.length, self.is_sparse);
        if let Some(offload) = &self.offload {
            parts.lengthen(offload.piece_length());
        }
        let mut checkpoint = Instant::now();
        while let Some(part) = parts.next().await? {
            while work.len() >= PIECES {
                done.join(&mut work, progress).await?;
            }
            work.spawn(self.clone().step(part));
            if let Some(journal) = journal.filter(|_| checkpoint.elapsed() >= BETWEEN_CHECKPOINTS) {
                checkpoint = Instant::now();
                let prefix = done.prefix;
                self.destination.flush().await?;
                stable.set(prefix);
                journal.note(prefix)?;
            }
        }
        while !work.is_empty() {
            done.join(&mut work, progress).await?;
        }
        self.destination.flush().await?;
        stable.set(self.length);
        Ok(())
    }

    /// Copies one part. Returns its range, counted from the beginning of the copy.
    async fn step(self, part: Part) -> Result<Range<u64>, Failure> {
        let Part { range, is_zero } = part;
        let done = range.start - self.from..range.end - self.from;
        let (to, length) = (self.to + done.start, range.end - range.start);
        if is_zero {
            self.destination.zero(to, length).await?;
            self.tally.zeros.fetch_add(length, Ordering::Relaxed);
            return Ok(done);
        }
        if let Some(offload) = &self.offload
            && offload.copy(range.start, to, length).await?
        {
            self.tally.offloaded.fetch_add(length, Ordering::Relaxed);
            return Ok(done);
        }
        let mut from = range.start;
        while from < range.end {
            let length = (range.end - from).min(PIECE_LENGTH);
            let data = self.source.read(from, length).await?;
            self.write(self.to + (from - self.from), data).await?;
            from += length;
        }
        Ok(done)
    }

    /// Writes data; zeros among them as such.
    async fn write(&self, mut to: u64, mut data: Bytes) -> Result<(), Failure> {
        if !self.is_sparse {
            return self.destination.write(to, data).await;
        }
        for (length, is_zero) in runs(&data) {
            let run = data.split_to(length);
            if is_zero {
                self.destination.zero(to, length as u64).await?;
                self.tally.zeros.fetch_add(length as u64, Ordering::Relaxed);
            } else {
                self.destination.write(to, run).await?;
            }
            to += length as u64;
        }
        Ok(())
    }
}

/// Writes pieces that come in order, several at a time.
pub(crate) struct PieceWriter {
    copy: Copy,
    work: JoinSet<Result<Range<u64>, Failure>>,
    done: Done,
    next: u64,
}

impl PieceWriter {
    /// Begins at the beginning of a copy, whose source does not count.
    pub(crate) fn new(copy: Copy) -> Self {
        let done = Done { prefix: 0, beyond: BTreeMap::new() };
        Self { copy, work: JoinSet::new(), done, next: 0 }
    }

    /// # Cancel safety
    /// When the future is dropped, the piece may be lost.
    pub(crate) async fn write(&mut self, data: Bytes, progress: &Progress) -> Result<(), Failure> {
        while self.work.len() >= PIECES {
            self.done.join(&mut self.work, progress).await?;
        }
        let range = self.next..self.next + data.len() as u64;
        self.next = range.end;
        let copy = self.copy.clone();
        self.work.spawn(async move {
            copy.write(copy.to + range.start, data).await?;
            Ok(range)
        });
        Ok(())
    }

    /// Waits until everything is stable. Returns the number of bytes.
    ///
    /// # Cancel safety
    /// When the future is dropped, any part is written.
    pub(crate) async fn finish(mut self, progress: &Progress) -> Result<u64, Failure> {
        while !self.work.is_empty() {
            self.done.join(&mut self.work, progress).await?;
        }
        self.copy.destination.flush().await?;
        Ok(self.next)
    }
}

/// What is copied: everything up to a place, and some ranges beyond it.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    prefix: u64,
    beyond: BTreeMap<u64, u64>,
}

impl Done {
    /// Waits for the next step to end.
    async fn join(
        &mut self,
        work: &mut JoinSet<Result<Range<u64>, Failure>>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        match work.join_next().await {
            Some(Ok(range)) => self.add(range?),
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => {}
        }
        progress.set(self.prefix);
        Ok(())
    }

    fn add(&mut self, range: Range<u64>) {
        self.beyond.insert(range.start, range.end);
        while let Some(end) = self.beyond.remove(&self.prefix) {
            self.prefix = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_without_a_gap_counts() {
        let mut done = Done { prefix: 10, beyond: BTreeMap::new() };
        let mut after = |range| {
            done.add(range);
            done.prefix
        };
        assert_eq!(after(20..30), 10);
        assert_eq!(after(40..50), 10);
        assert_eq!(after(10..20), 30);
        assert_eq!(after(30..40), 50);
        assert_eq!(done, Done { prefix: 50, beyond: BTreeMap::new() });
    }
}

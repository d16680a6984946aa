//! Callers of a session that write, read, flush, and compare and write, and that handle errors as the documentation says.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use iscsi_initiator::scsi::{RawCommand, Transfer};
use iscsi_initiator::{BlockDevice, Error, Lun, OldTask, Session, SessionPhase};
use iscsi_tests::world::Extent;
use tokio::time::timeout;

use crate::figures::Counts;
use crate::model::{BLOCK, Model, stamps};

/// The time after which a call hangs: all outages are shorter.
const LONGEST_CALL: Duration = Duration::from_secs(90);
/// The blocks of a writer, as many as one command transfers.
const RANGE: u32 = 2048;
/// The most blocks of a usual transfer; one of so many transfers may be as long as a range.
const USUAL: u32 = 128;
const LONG_ONES: u32 = 16;
/// One of so many writes is followed by a flush.
const FLUSHES: u32 = 24;

/// The pause between two commands that are not sent again.
const PAUSE: Duration = Duration::from_millis(2);

/// The writers, each with a range of its own.
const WRITERS: u64 = 6;
const READERS: u64 = 2;
/// The block of the caller that compares and writes.
const COUNTER: u64 = WRITERS * RANGE as u64;
/// The blocks that are used.
pub(crate) const BLOCKS: u64 = COUNTER + 1;

/// The state that callers share.
pub(crate) struct Shared {
    pub(crate) session: Session,
    pub(crate) disk: BlockDevice,
    pub(crate) lun: Lun,
    pub(crate) model: Model,
    pub(crate) counts: Counts,
    pub(crate) is_over: AtomicBool,
    /// The unit carries out COMPARE AND WRITE.
    pub(crate) compares: bool,
}

/// Runs all callers until it is over. The caller has the seed.
pub(crate) async fn run(shared: &Arc<Shared>, seed: u64) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..WRITERS {
        let caller = Caller { shared: Arc::clone(shared), rng: Rng::with_seed(seed ^ number << 8) };
        tasks.spawn(caller.write(number * u64::from(RANGE)));
    }
    for number in 0..READERS {
        let caller = Caller { shared: Arc::clone(shared), rng: Rng::with_seed(seed ^ number << 16) };
        tasks.spawn(caller.read());
    }
    let caller = Caller { shared: Arc::clone(shared), rng: Rng::with_seed(seed) };
    if shared.compares {
        tasks.spawn(caller.count());
    } else {
        tasks.spawn(caller.start_unit());
    }
    while let Some(result) = tasks.join_next().await {
        // The first one that fails is the reason; the others would go on.
        result.unwrap();
    }
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Well,
    /// It may have been carried out, and was not sent again.
    Ambiguously(OldTask),
    /// It was not sent.
    NotSent,
    /// A flush: writes before it may be lost.
    WritesMayBeLost,
}

impl Ended {
    /// Reads, writes and flushes fail only if there is no session for too long; otherwise they are sent again.
    #[track_caller]
    fn is_of_an_outage(self) {
        assert!(matches!(self, Self::NotSent | Self::Ambiguously(OldTask::MayRun)), "{self:?}");
    }
}

struct Caller {
    shared: Arc<Shared>,
    rng: Rng,
}

impl Caller {
    fn goes_on(&self) -> bool {
        !self.shared.is_over.load(Ordering::Relaxed)
    }

    /// Writes to a range, reads it, and flushes it. Writes that no flush covers are remembered.
    async fn write(mut self, first: u64) {
        let mut unflushed = vec![false; RANGE as usize];
        while self.goes_on() {
            let extent = self.extent(first, RANGE);
            self.write_once(extent).await;
            let begin = usize::try_from(extent.lba - first).unwrap();
            unflushed[begin..begin + extent.blocks as usize].fill(true);
            if self.rng.u32(..FLUSHES) == 0 {
                self.flush(first, &mut unflushed).await;
            }
            if self.rng.bool() {
                let extent = self.extent(first, RANGE);
                self.read_once(extent).await;
            }
        }
        self.flush(first, &mut unflushed).await;
    }

    /// Reads what others write.
    async fn read(mut self) {
        while self.goes_on() {
            let extent = self.extent(0, u32::try_from(COUNTER).unwrap());
            self.read_once(extent).await;
        }
    }

    /// Replaces a block by its successor, if it is as it was left. A command that may have been carried out is not sent again
    /// by the session; then the block tells.
    async fn count(self) {
        let extent = Extent { lba: COUNTER, blocks: 1 };
        self.write_once(extent).await;
        while self.goes_on() {
            self.make_certain(extent).await;
            let (old, (new, data)) = (self.shared.model.certain(extent)[0], self.shared.model.begin(extent));
            let both = [stamps(extent, old), data].concat();
            let command = RawCommand::new("COMPARE AND WRITE", 0x89, Transfer::Write(both.into()));
            let command = command.with(2, &extent.lba.to_be_bytes()).with(13, &[1]);
            let result = self.call(self.shared.session.execute(self.shared.lun, command)).await;
            match self.settle(result).await {
                (Ended::Well, _) => self.shared.model.acknowledge(extent, new),
                (ended, _) => assert!(matches!(ended, Ended::Ambiguously(_) | Ended::NotSent), "{ended:?}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Starts the unit, which it is already. The session does not send this command again either.
    async fn start_unit(self) {
        while self.goes_on() {
            let command = RawCommand::new("START STOP UNIT", 0x1b, Transfer::None).with(4, &[1]);
            let result = self.call(self.shared.session.execute(self.shared.lun, command)).await;
            self.settle(result).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads the block until it is known which write it has.
    async fn make_certain(&self, extent: Extent) {
        while !self.read_once(extent).await {}
    }

    fn extent(&mut self, first: u64, blocks: u32) -> Extent {
        let most = if self.rng.u32(..LONG_ONES) == 0 { RANGE } else { USUAL };
        let count = self.rng.u32(1..=most.min(blocks));
        Extent { lba: first + u64::from(self.rng.u32(..=blocks - count)), blocks: count }
    }

    /// Writes until the write is certain.
    async fn write_once(&self, extent: Extent) {
        let Shared { disk, model, counts, .. } = &*self.shared;
        loop {
            let (number, data) = model.begin(extent);
            let length = data.len() as u64;
            let result = self.call(disk.write_at(extent.lba * BLOCK as u64, data)).await;
            match self.settle(result).await {
                (Ended::Well, _) => {
                    Counts::add(&counts.bytes, length);
                    return model.acknowledge(extent, number);
                }
                (ended, _) => ended.is_of_an_outage(),
            }
        }
    }

    /// Reads and compares; false if there was no session.
    async fn read_once(&self, extent: Extent) -> bool {
        let Shared { disk, model, counts, .. } = &*self.shared;
        let (certain, length) = (model.certain(extent), extent.blocks as usize * BLOCK);
        let result = self.call(disk.read_at(extent.lba * BLOCK as u64, length)).await;
        match self.settle(result).await {
            (Ended::Well, Some(data)) => {
                Counts::add(&counts.bytes, data.len() as u64);
                model.check(extent, &certain, &data);
                true
            }
            (ended, _) => {
                ended.is_of_an_outage();
                false
            }
        }
    }

    /// Flushes. If writes since the last flush may be lost, they are written again first.
    async fn flush(&self, first: u64, unflushed: &mut [bool]) {
        loop {
            let result = self.call(self.shared.disk.flush()).await;
            match self.settle(result).await {
                (Ended::Well, _) => return unflushed.fill(false),
                (Ended::WritesMayBeLost, _) => {
                    for block in (0..)
                        .zip(&*unflushed)
                        .filter_map(|(block, is_unflushed)| is_unflushed.then_some(block))
                    {
                        self.write_again(first + block).await;
                    }
                }
                (ended, _) => ended.is_of_an_outage(),
            }
        }
    }

    async fn write_again(&self, lba: u64) {
        let Shared { disk, model, .. } = &*self.shared;
        let extent = Extent { lba, blocks: 1 };
        let (number, data) = model.last(lba);
        let result = self.call(disk.write_at(lba * BLOCK as u64, data)).await;
        match self.settle(result).await {
            (Ended::Well, _) => model.acknowledge(extent, number),
            (ended, _) => {
                ended.is_of_an_outage();
                self.write_once(extent).await;
            }
        }
    }

    /// Waits for a call, which ends in time.
    async fn call<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let result = timeout(LONGEST_CALL, call).await;
        Counts::add(&self.shared.counts.calls, 1);
        result.unwrap_or_else(|_| panic!("a call hangs: {:?}", self.shared.session.state()))
    }

    /// Takes the result of a call. After those that had no session, it waits for one.
    async fn settle<T: Debug>(&self, result: Result<T, Error>) -> (Ended, Option<T>) {
        let counts = &self.shared.counts;
        match result {
            Ok(value) => (Ended::Well, Some(value)),
            Err(Error::Ambiguous { old_task, .. }) => {
                Counts::add(&counts.ambiguous, 1);
                if old_task == OldTask::MayRun {
                    // The login of the next session ends it.
                    self.session_works().await;
                }
                (Ended::Ambiguously(old_task), None)
            }
            Err(Error::NoSession { .. }) => {
                Counts::add(&counts.not_sent, 1);
                self.session_works().await;
                (Ended::NotSent, None)
            }
            Err(Error::WritesMayBeLost { .. }) => {
                Counts::add(&counts.may_be_lost, 1);
                (Ended::WritesMayBeLost, None)
            }
            Err(error) => panic!("{error:?}, {:?}", self.shared.session.state()),
        }
    }

    async fn session_works(&self) {
        let session = &self.shared.session;
        let mut state = session.state();
        while !matches!(state.phase, SessionPhase::Up | SessionPhase::Replaying) {
            assert!(state.phase != SessionPhase::Over, "{:?}", session.end_reason());
            let next = timeout(LONGEST_CALL, session.next_state(state)).await;
            state = next.unwrap_or_else(|_| panic!("there is no session: {state:?}"));
        }
    }
}

//! Calls that are dropped at every await: after each number of polls, with and without a wake-up that was not answered.

mod call;
mod memory;
mod repetition;

use std::future::poll_fn;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::scsi::{read_blocks, write_blocks};
use iscsi_initiator::{BlockDevice, Error, Lun, Session};
use iscsi_tests::ram_disk::Execution;
use iscsi_tests::world::{BlockStamp, DISK, PipeSettings, Rig, Variant};
use tokio::task::JoinSet;

use call::{CALLS, Call, future, submitted};
use memory::{LaterMemory, Memory};

use super::{MILLISECOND, MOST_ACCEPTED, assert_over, assert_unimpaired, fill, paused, settle, start};

/// The blocks that the dropped calls write, in front of and behind which nothing changes.
const FIRST: u64 = 40;
const BLOCKS: u32 = 5;
const BLOCK: usize = DISK.block_size as usize;
/// A range of bytes that begins and ends inside of blocks.
const HEAD: usize = 100;
const OFFSET: usize = 40 * BLOCK + HEAD;
const LENGTH: usize = 4 * BLOCK;
/// The operation numbers in the stamps of what was written before, by the dropped call, and by other callers.
const OLD: u32 = 1;
const NEW: u32 = 2;
const OTHERS: u32 = 3;
/// The blocks of other callers.
const OTHER_BLOCKS: Range<u64> = 0..8;
/// WRITE (10) and SYNCHRONIZE CACHE (10).
const WRITE: u8 = 0x2a;
const SYNCHRONIZE: u8 = 0x35;

/// The moment at which a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// When it has been polled so often.
    AfterPoll(usize),
    /// When it has been polled so often, and woken after the last poll.
    AfterWake(usize),
}

impl Moment {
    const fn polls(self) -> usize {
        match self {
            Self::AfterPoll(polls) | Self::AfterWake(polls) => polls,
        }
    }
}

/// The surroundings of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surroundings {
    /// Other callers have some requests in flight.
    Busy,
    /// The session accepts no request at first, so the call waits in the queue.
    Full,
}

/// Polls a future until it is complete or the moment has come, and drops it.
pub(super) async fn poll_until<F: Future>(moment: Moment, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|context| {
        if polls == moment.polls() {
            return Poll::Ready(None);
        }
        polls += 1;
        let result = future.as_mut().poll(context);
        if result.is_pending() && moment == Moment::AfterPoll(polls) {
            return Poll::Ready(None);
        }
        result.map(Some)
    })
    .await
}

pub(super) fn stamped(operation: u32, lba: u64, blocks: u32) -> Bytes {
    let mut data = BytesMut::new();
    (lba..).take(blocks as usize).for_each(|lba| BlockStamp { operation, lba }.put(BLOCK, &mut data));
    data.freeze()
}

/// Another caller, which writes two blocks of its own and reads them back, again and again.
async fn other_caller(session: Session, lba: u64) {
    for _ in 0..3 {
        let data = stamped(OTHERS, lba, 2);
        session.execute(Lun::ZERO, write_blocks(lba, 2, data.clone())).await.unwrap();
        let read = session.submit(Lun::ZERO, read_blocks(lba, 2, DISK.block_size)).await.unwrap();
        assert_eq!(read.data().await.unwrap(), data);
    }
}

/// Drops a call at this moment, and checks what it leaves behind. True if the call was complete before.
async fn drop_at(call: Call, surroundings: Surroundings, moment: Moment) -> bool {
    let pipes = PipeSettings { latency: MILLISECOND..=3 * MILLISECOND, pieces: 1..=1000, capacity: 2000 };
    let (rig, session) = start(call.variant(), &pipes, 1);
    let rig = Arc::new(rig);
    let mut memory = Memory::new(call);
    session.execute(Lun::ZERO, write_blocks(0, 64, stamped(OLD, 0, 64))).await.unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let pending = submitted(call, &session).await;
    let later = async |device: &BlockDevice| LaterMemory::get(call, device).await;
    let (is_complete, later) = match surroundings {
        Surroundings::Busy => {
            let mut others = JoinSet::new();
            for lba in OTHER_BLOCKS.step_by(2) {
                others.spawn(other_caller(session.clone(), lba));
            }
            let call = future(call, &session, &device, pending, &mut memory);
            let result = poll_until(moment, call).await;
            let later = later(&device).await;
            while let Some(other) = others.join_next().await {
                other.unwrap();
            }
            (result.is_some(), later)
        }
        Surroundings::Full => {
            rig.hold();
            let others = fill(&session, usize::MAX).await;
            assert_eq!(others.len() + usize::from(pending.is_some()), MOST_ACCEPTED);
            let held = Arc::clone(&rig);
            let release = tokio::spawn(async move {
                settle().await;
                held.release();
            });
            let call = future(call, &session, &device, pending, &mut memory);
            let result = poll_until(moment, call).await;
            let later = later(&device).await;
            release.await.unwrap();
            for other in others {
                other.completion().await.unwrap();
            }
            (result.is_some(), later)
        }
    };
    // Submitted commands whose results were abandoned still end.
    tokio::time::sleep(1000 * MILLISECOND).await;
    let is_submitted = surroundings == Surroundings::Busy && moment.polls() > 0;
    assert_documented(call, &rig, is_complete, is_submitted);
    assert_medium(call, &rig, surroundings);
    later.assert_intact();
    memory.assert_free(call);
    drop(device);
    assert_unimpaired(&rig, session).await;
    is_complete
}

/// The documented effects of a dropped future. `is_submitted` says that it was polled, and the queue was not full.
fn assert_documented(call: Call, rig: &Rig, is_complete: bool, is_submitted: bool) {
    let count = |operation, lbas: Range<u64>| {
        let is_counted =
            |execution: &&Execution| execution.operation == operation && lbas.contains(&execution.lba);
        rig.with_target(|engine, _| engine.executions().iter().filter(is_counted).count())
    };
    let written = count(WRITE, FIRST..FIRST + u64::from(BLOCKS));
    let flushed = count(SYNCHRONIZE, 0..1);
    match call {
        // It has not sent the command.
        Call::Submit => assert_eq!(written, usize::from(is_complete)),
        // The command may have been carried out; here it was, as soon as it was submitted.
        Call::Execute if is_complete || is_submitted => assert_eq!(written, 1),
        Call::Completion => assert_eq!(written, 1),
        Call::SynchronizeCache if is_complete || is_submitted => assert_eq!(flushed, 1),
        // Parts of blocks are written when the first and the last block of the range have been read.
        _ if is_complete => assert_eq!(written, call.writes()),
        Call::SynchronizeCache => assert!(flushed <= 1),
        _ => assert!(written <= call.writes() && flushed == 0),
    }
}

/// Nothing changes outside of the range of a call; inside of it each block is as before or as it was to be written.
fn assert_medium(call: Call, rig: &Rig, surroundings: Surroundings) {
    let all = 0..BLOCK * usize::try_from(DISK.blocks).unwrap();
    let range = if call.writes() > 0 { call.range() } else { 0..0 };
    let (old, new, medium) = (stamped(OLD, 0, 64), stamped(NEW, 0, 64), rig.medium());
    let others = stamped(OTHERS, 0, 64);
    for block in all.step_by(BLOCK).map(|start| start..start + BLOCK) {
        let expected = |writer: &Bytes| {
            block.clone().all(|at| medium[at] == if range.contains(&at) { writer[at] } else { old[at] })
        };
        let is_others =
            surroundings == Surroundings::Busy && OTHER_BLOCKS.contains(&((block.start / BLOCK) as u64));
        let is_right = if is_others {
            medium[block.clone()] == others[block.clone()]
        } else {
            expected(&old) || expected(&new)
        };
        assert!(is_right, "block {}", block.start / BLOCK);
    }
}

/// Every call is dropped after each number of polls, until it completes before.
fn drop_everywhere(surroundings: Surroundings, moment: fn(usize) -> Moment) {
    let mut runs = 0;
    for call in CALLS {
        let mut polls = 0;
        while !paused(drop_at(call, surroundings, moment(polls))) {
            polls += 1;
            assert!(polls < 100, "{call:?} does not end");
        }
        runs += polls + 1;
        println!("{call:?}: {polls} polls");
    }
    println!("{runs} runs");
}

#[test]
fn calls_beside_others_are_dropped_after_each_poll() {
    drop_everywhere(Surroundings::Busy, Moment::AfterPoll);
}

#[test]
fn calls_beside_others_are_dropped_after_each_wake() {
    drop_everywhere(Surroundings::Busy, Moment::AfterWake);
}

#[test]
fn calls_behind_a_full_queue_are_dropped_after_each_poll() {
    drop_everywhere(Surroundings::Full, Moment::AfterPoll);
}

#[test]
fn calls_behind_a_full_queue_are_dropped_after_each_wake() {
    drop_everywhere(Surroundings::Full, Moment::AfterWake);
}

/// A logout goes on in the background when its future is dropped, and has not begun before the first poll.
async fn drop_logout(moment: Moment) -> bool {
    let (rig, session) = start(Variant::default(), &PipeSettings::default(), 1);
    let pending = fill(&session, 5).await;
    let result = poll_until(moment, session.clone().logout()).await;
    for pending in pending {
        pending.completion().await.unwrap();
    }
    assert!(result.as_ref().is_none_or(Result::is_ok), "{result:?}");
    if moment.polls() == 0 {
        assert_unimpaired(&rig, session).await;
    } else {
        assert_eq!(session.ended().await, Error::LoggedOut);
        assert_eq!(session.logout().await, Ok(()));
        assert_over(&rig).await;
    }
    result.is_some()
}

/// A future that waits for the end of the session changes nothing when it is dropped.
async fn drop_ended(moment: Moment) -> bool {
    let (rig, session) = start(Variant::default(), &PipeSettings::default(), 1);
    let other = session.clone();
    let logout = tokio::spawn(async move {
        settle().await;
        assert_eq!(other.end_reason(), None);
        other.logout().await
    });
    let result = poll_until(moment, session.ended()).await;
    assert_eq!(logout.await.unwrap(), Ok(()));
    assert!(result.as_ref().is_none_or(|reason| *reason == Error::LoggedOut), "{result:?}");
    assert_eq!(session.end_reason(), Some(Error::LoggedOut));
    drop(session);
    assert_over(&rig).await;
    result.is_some()
}

#[test]
fn a_logout_and_a_wait_for_the_end_are_dropped_after_each_poll_and_each_wake() {
    for moment in [Moment::AfterPoll, Moment::AfterWake] {
        // The first poll waits, and the second one completes.
        let complete = [0, 1, 2].map(|polls| paused(drop_logout(moment(polls))));
        assert_eq!(complete, [false, false, true]);
        let complete = [0, 1, 2].map(|polls| paused(drop_ended(moment(polls))));
        assert_eq!(complete, [false, false, true]);
    }
}

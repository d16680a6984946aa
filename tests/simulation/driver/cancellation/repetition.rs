//! Calls that are dropped again and again on one session, and results that nobody takes.

use iscsi_initiator::scsi::{TestUnitReady, write_blocks};
use iscsi_initiator::{BlockDevice, Lun};
use iscsi_tests::world::{PipeSettings, Variant};

use super::super::{MILLISECOND, MOST_ACCEPTED, assert_unimpaired, fill, paused, settle, start};
use super::call::{CALLS, Call, future, submitted};
use super::memory::Memory;
use super::{Moment, OLD, Surroundings, assert_medium, poll_until, stamped};

/// Drops a call more often than a session accepts requests, after some polls each time.
async fn drop_often(call: Call, moment: fn(usize) -> Moment) {
    let pipes = PipeSettings { latency: MILLISECOND..=3 * MILLISECOND, pieces: 1..=1000, capacity: 2000 };
    let (rig, session) = start(call.variant(), &pipes, 2);
    session.execute(Lun::ZERO, write_blocks(0, 64, stamped(OLD, 0, 64))).await.unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let mut memories = Vec::new();
    for number in 0..MOST_ACCEPTED + 50 {
        let (pending, mut memory) = (submitted(call, &session).await, Memory::new(call));
        let dropped = future(call, &session, &device, pending, &mut memory);
        poll_until(moment(1 + number % 5), dropped).await;
        memories.push(memory);
    }
    // The last of them end.
    tokio::time::sleep(1000 * MILLISECOND).await;
    for memory in memories {
        memory.assert_free(call);
    }
    assert_medium(call, &rig, Surroundings::Full);
    drop(device);
    assert_unimpaired(&rig, session).await;
}

/// No slot, tag, place in the window or in the line, and no memory is lost with a call that is dropped.
#[test]
fn calls_that_are_dropped_again_and_again_leave_nothing_behind() {
    for call in CALLS {
        paused(drop_often(call, Moment::AfterPoll));
        paused(drop_often(call, Moment::AfterWake));
    }
}

/// A session holds so many results that nobody has taken. A caller behind them gets its place when one of them is taken, or
/// dropped, although the session's task has nothing to do then.
#[test]
fn results_that_are_taken_make_space_for_callers_in_line() {
    const MOST_RESULTS: usize = 1 << 16;
    paused(async {
        let (rig, session) = start(Variant::default(), &PipeSettings::default(), 1);
        let mut pending = fill(&session, usize::MAX).await;
        assert_eq!(pending.len(), MOST_RESULTS);
        for is_dropped in [true, false] {
            let waiting = session.clone();
            let submission = async move { waiting.submit(Lun::ZERO, TestUnitReady.into()).await };
            let submission = tokio::spawn(submission);
            settle().await;
            assert!(!submission.is_finished());
            let first = pending.pop().unwrap();
            if is_dropped {
                drop(first);
            } else {
                first.completion().await.unwrap();
            }
            settle().await;
            assert!(submission.is_finished(), "not woken; the result was dropped: {is_dropped}");
            pending.push(submission.await.unwrap().unwrap());
        }
        drop(pending);
        assert_unimpaired(&rig, session).await;
    });
}

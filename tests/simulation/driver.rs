//! The task and the handles of a real session over simulated pipes, with tokio's clock paused: wakers, partial reads and
//! writes, cancellation, dropped handles, cuts, and wakers that call the session.

mod cancellation;
mod cuts;
mod dropped_handles;
mod ends_of_stream;
mod load;
mod recovery;
mod reentrance;

use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::{Error, Lun, PendingCommand, Session};
use iscsi_tests::world::{Counts, Direction, PipeSettings, Rig, Seed, Setup, Variant};

use crate::is_long;
use load::Load;

const MILLISECOND: Duration = Duration::from_millis(1);
/// The tasks that submit operations of a workload.
const SUBMITTERS: usize = 8;
/// The most requests that are accepted without an answer.
const MOST_ACCEPTED: usize = 256;
/// Polls for each call of the stream that moved something or nothing, and for each request. Each goes once around the loop of
/// the task, which polls both directions, and a poll that was woken for one direction repeats the other.
const POLLS_PER_CALL: u64 = 2;

/// A session over pipes with these settings.
fn start(variant: Variant, pipes: &PipeSettings, seed: u64) -> (Rig, Session) {
    Rig::start(&Arc::new(Setup::new(variant)), pipes, &Seed::new(seed))
}

/// Lets all tasks run until they wait.
async fn settle() {
    tokio::time::sleep(MILLISECOND).await;
}

/// The tasks of the runtime beside the test.
fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// NAM-06: the session's task has ended, both sides have closed, and the ISID is free.
async fn assert_over(rig: &Rig) {
    settle().await;
    assert_eq!(tasks(), 1, "the target's task");
    assert!(rig.initiator_has_closed() && rig.isid_is_free());
    // After a logout it waits two seconds for the initiator to close.
    tokio::time::sleep(3000 * MILLISECOND).await;
    assert!(rig.target_has_closed());
    assert_eq!(rig.with_target(|engine, _| engine.report().violations.clone()), [""; 0]);
}

/// Submits TEST UNIT READY until a call waits, or this often at most.
async fn fill(session: &Session, most: usize) -> Vec<PendingCommand> {
    let mut pending = Vec::new();
    while pending.len() < most {
        let command = iscsi_initiator::scsi::TestUnitReady.into();
        let submission = tokio::time::timeout(MILLISECOND, session.submit(Lun::ZERO, command));
        let Ok(submitted) = submission.await else { break };
        pending.push(submitted.unwrap());
    }
    pending
}

/// The session works, and nothing of earlier calls is left in it: it accepts as many requests as a new one, carries them out,
/// and logs out.
async fn assert_unimpaired(rig: &Rig, session: Session) {
    assert_eq!(session.end_reason(), None);
    rig.hold();
    let pending = fill(&session, usize::MAX).await;
    assert_eq!(pending.len(), MOST_ACCEPTED);
    rig.release();
    for pending in pending {
        pending.completion().await.unwrap();
    }
    assert_eq!(session.clone().logout().await, Ok(()));
    assert_eq!(session.ended().await, Error::LoggedOut);
    drop(session);
    assert_over(rig).await;
}

/// The numbers of calls are within a multiple of what was done.
fn assert_no_idle_polls(counts: Counts, requests: u64) {
    let Counts { polls, transfers, blocked, .. } = counts;
    assert!(polls <= POLLS_PER_CALL * (transfers + blocked + requests), "{counts:?}");
}

/// Pipes that are wide or narrow, fast or slow, and deliver in small or large pieces.
fn pipes(number: u64) -> PipeSettings {
    let millisecond = u32::try_from(number % 3).unwrap() * MILLISECOND;
    let latency = Duration::ZERO..=5 * millisecond;
    let sizes = [(1 << 16, usize::MAX), (600, 600), (5000, 100), (100, 48), (1 << 16, 1)];
    let (capacity, piece) = sizes[usize::try_from(number % 5).unwrap()];
    PipeSettings { latency, pieces: 1..=piece, capacity }
}

fn variant(number: u64) -> Variant {
    Variant {
        initial_r2t: number.is_multiple_of(2),
        immediate_data: number.is_multiple_of(3),
        digests: number.is_multiple_of(5),
        max_outstanding_r2t: if number.is_multiple_of(7) { 3 } else { 1 },
        write_cache: number.is_multiple_of(11),
        ..Variant::default()
    }
}

/// Every operation of a workload succeeds, no command reaches its time limit, and the task polls the stream only when there
/// is something to do.
#[test]
fn a_workload_of_several_tasks_over_many_pipes() {
    let runs = if is_long() { 3000 } else { 120 };
    let counts: Vec<_> = (0..runs).map(|number| paused(workload(number, &pipes(number)))).collect();
    let sum = |part: fn(&Counts) -> u64| counts.iter().map(part).sum::<u64>();
    let (polls, transfers) = (sum(|counts| counts.polls), sum(|counts| counts.transfers));
    let (blocked, wakes) = (sum(|counts| counts.blocked), sum(|counts| counts.wakes));
    println!("{runs} runs, {polls} polls, {transfers} transfers, {blocked} blocked, {wakes} wakes");
    assert!(transfers > 5000 * runs && blocked > 300 * runs && wakes > 100 * runs);
}

/// Each write takes one byte, and the next one blocks.
#[test]
fn a_workload_byte_by_byte() {
    let latency = Duration::ZERO..=Duration::ZERO;
    let pipes = PipeSettings { latency, pieces: 1..=1, capacity: 1 };
    for number in 0..4 {
        let Counts { transfers, blocked, wakes, .. } = paused(workload(number, &pipes));
        assert!(transfers > 50_000 && blocked > 50_000 && wakes > 50_000, "{transfers} {blocked} {wakes}");
    }
}

/// Runs a future on one thread with a paused clock. A day passes in no time when nothing else is left to wait for.
fn paused<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let limited = async { tokio::time::timeout(Duration::from_hours(24), future).await };
    runtime.unwrap().block_on(limited).expect("a call that was not woken waits for ever")
}

async fn workload(number: u64, pipes: &PipeSettings) -> Counts {
    let (rig, session) = start(variant(number), pipes, number);
    let load = Load::new(number, variant(number));
    load.run(&session).await;
    let counts = rig.counts();
    assert!(load.failed() == 0, "run {number}: {:?}", load.failures());
    let requests = load.logout(session).await;
    assert_no_idle_polls(counts, requests);
    // The fastest pipe that delivers single bytes takes 70,000 pieces, and the slowest some milliseconds for a few.
    assert!(rig.now() < 55_000 * MILLISECOND, "run {number}: a limit was near at {:?}", rig.now());
    assert!(rig.crossed(Direction::ToTarget) > 10_000 && rig.crossed(Direction::ToInitiator) > 10_000);
    load.finish(&rig);
    assert_over(&rig).await;
    counts
}

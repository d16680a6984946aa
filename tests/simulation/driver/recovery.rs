//! The task of a nexus over several connections: cuts in each way, calls that are dropped in every phase, and limits.

use std::time::Instant;

use iscsi_initiator::scsi::{PersistentReserveOut, RawCommand, read_blocks, write_blocks};
use iscsi_initiator::{BlockDevice, OldTask, RecoveryPolicy, SessionPhase};
use iscsi_tests::world::{Ending, Rig};

use super::cancellation::stamped;
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const ENDINGS: [Ending; 3] = [Ending::EndOfStream, Ending::Reset, Ending::Silence];
/// WRITE (10) and PERSISTENT RESERVE OUT.
const WRITE: u8 = 0x2a;
const RESERVE: u8 = 0x5f;

fn narrow() -> PipeSettings {
    PipeSettings { latency: MILLISECOND..=3 * MILLISECOND, pieces: 1..=2000, capacity: 4096 }
}

fn lasting() -> Variant {
    Variant { recovery: Some(RecoveryPolicy::default()), ..Variant::default() }
}

/// A session that is replaced, and that knows its unit.
async fn start_lasting(variant: Variant, pipes: &PipeSettings) -> (Rig, Session) {
    let (rig, session) = start(variant, pipes, 1);
    BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    (rig, session)
}

/// The connection is lost in this way before another byte crosses.
fn lose(rig: &Rig, ending: Ending) {
    rig.cut_after(Direction::ToTarget, rig.crossed(Direction::ToTarget), ending);
}

/// Waits until the session is in this phase.
async fn wait_for(session: &Session, phase: SessionPhase) {
    let mut state = session.state();
    while state.phase != phase {
        state = session.next_state(state).await;
    }
}

/// REGISTER AND IGNORE EXISTING KEY, of which twice is not as good as once.
fn register() -> RawCommand {
    let (survives_power_loss, all_target_ports) = (false, false);
    PersistentReserveOut::RegisterAndIgnoreExistingKey { new_key: 0, survives_power_loss, all_target_ports }
        .into()
}

/// The number of executions with this operation code.
fn executions(rig: &Rig, operation: u8) -> usize {
    rig.with_target(|engine, _| engine.executions().iter().filter(|each| each.operation == operation).count())
}

/// A workload whose connection is cut at this place. All of it ends as it should, though callers notice only a pause.
async fn cut(variant: Variant, direction: Direction, offset: u64, ending: Ending) -> u64 {
    let (rig, session) = start_lasting(variant, &narrow()).await;
    rig.cut_after(direction, offset, ending);
    let load = Load::new(1, variant);
    load.run(&session).await;
    assert_eq!(load.failures(), []);
    let recoveries = session.state().recoveries;
    // A cut behind the last operation fails the logout.
    let is_cut_later = recoveries == 0 && session.clone().logout().await.is_err();
    if !is_cut_later && recoveries > 0 {
        load.logout(session).await;
    }
    load.finish(&rig);
    recoveries
}

fn cut_at_many_places(variant: Variant) {
    let began = Instant::now();
    let places = if is_long() { 2000 } else { 40 };
    let (mut runs, mut replaced) = (0, 0);
    for direction in Direction::BOTH {
        for ending in ENDINGS {
            for offset in (0..places).map(|place| 2500 + 40_000 * place / places) {
                let recoveries = paused(cut(variant, direction, offset, ending));
                (runs, replaced) = (runs + 1, replaced + recoveries);
            }
        }
    }
    println!("{replaced} of {runs} sessions replaced in {:?}", began.elapsed());
    assert!(replaced > runs / 2, "{replaced} of {runs}");
}

#[test]
fn workloads_go_on_over_another_connection() {
    cut_at_many_places(lasting());
}

#[test]
fn workloads_go_on_with_digests_and_solicited_data() {
    let (initial_r2t, immediate_data, max_outstanding_r2t) = (true, false, 3);
    cut_at_many_places(Variant {
        initial_r2t,
        immediate_data,
        max_outstanding_r2t,
        digests: true,
        ..lasting()
    });
}

const PHASES: [SessionPhase; 5] = [
    SessionPhase::Up,
    SessionPhase::Waiting,
    SessionPhase::Connecting,
    SessionPhase::Probing,
    SessionPhase::Replaying,
];

/// Drops a write in this phase of a recovery, and checks that nothing of it is left: the session works as a new one, and the
/// write was carried out once or not at all.
async fn drop_in(phase: SessionPhase, is_accepted_before: bool) {
    let (rig, session) = start_lasting(lasting(), &narrow()).await;
    rig.with_target(|engine, _| engine.set_service_time(WRITE, SECOND));
    // Of other blocks: a newer write that is not sent again would have replaced the older one.
    let write = |lba| session.submit(Lun::ZERO, write_blocks(lba, 4, stamped(1, lba, 4)));
    let kept = write(0).await.unwrap();
    let mut dropped = Vec::new();
    if is_accepted_before {
        dropped.push(write(8).await.unwrap());
    }
    settle().await;
    settle().await;
    if phase != SessionPhase::Up {
        lose(&rig, Ending::Reset);
        wait_for(&session, phase).await;
    }
    if !is_accepted_before {
        dropped.push(write(8).await.unwrap());
    }
    drop(dropped);
    assert_eq!(session.state().phase, phase);
    kept.data().await.unwrap();
    let times = executions(&rig, WRITE);
    assert!((1..=2).contains(&times), "{phase:?}: {times}");
    rig.with_target(|engine, _| engine.set_service_time(WRITE, Duration::ZERO));
    // A command that nobody waits for may still be carried out.
    tokio::time::sleep(2 * SECOND).await;
    assert_unimpaired(&rig, session).await;
}

#[test]
fn calls_are_dropped_in_every_phase() {
    for phase in PHASES {
        for is_accepted_before in [false, true] {
            paused(drop_in(phase, is_accepted_before));
        }
    }
}

/// Drops all handles in this phase.
async fn drop_everything_in(phase: SessionPhase) {
    let (rig, session) = start_lasting(lasting(), &narrow()).await;
    rig.with_target(|engine, _| engine.set_service_time(WRITE, SECOND));
    let pending = session.submit(Lun::ZERO, write_blocks(0, 4, stamped(1, 0, 4))).await.unwrap();
    settle().await;
    lose(&rig, Ending::Reset);
    wait_for(&session, phase).await;
    drop((session, pending));
    tokio::time::sleep(5 * SECOND).await;
    assert!(tasks() == 1 && rig.initiator_has_closed() && rig.isid_is_free(), "{phase:?}");
}

/// The drop of the last handle ends the attempts.
#[test]
fn the_last_handle_is_dropped_in_every_phase() {
    for phase in &PHASES[1..] {
        paused(drop_everything_in(*phase));
    }
}

/// A target that answers a login and nothing else: callers are told within the limits, and the session is given up.
#[test]
fn limits_hold_while_the_unit_does_not_answer() {
    paused(async {
        let mut policy = RecoveryPolicy::default();
        (policy.replacement_timeout, policy.loss_timeout) = (3 * SECOND, 6 * SECOND);
        let (rig, session) = start_lasting(Variant { recovery: Some(policy), ..lasting() }, &narrow()).await;
        lose(&rig, Ending::Reset);
        wait_for(&session, SessionPhase::Waiting).await;
        let lost_at = rig.now();
        let waiting = session.submit(Lun::ZERO, read_blocks(0, 1, 512)).await.unwrap();
        rig.hold();
        wait_for(&session, SessionPhase::Probing).await;
        assert!(matches!(waiting.data().await, Err(Error::NoSession { .. })));
        assert!((lost_at + 3 * SECOND..lost_at + 4 * SECOND).contains(&rig.now()), "{:?}", rig.now());
        assert_eq!(session.state().phase, SessionPhase::Probing);
        let reason = session.ended().await;
        assert!(matches!(reason, Error::ConnectionLost { .. }), "{reason:?}");
        assert!((lost_at + 6 * SECOND..lost_at + 7 * SECOND).contains(&rig.now()), "{:?}", rig.now());
    });
}

/// A target that cannot be reached, and is reached later.
#[test]
fn attempts_go_on_until_the_target_is_back() {
    paused(async {
        let (rig, session) = start_lasting(lasting(), &narrow()).await;
        rig.set_reachable(false);
        lose(&rig, Ending::EndOfStream);
        wait_for(&session, SessionPhase::Waiting).await;
        let waiting = session.submit(Lun::ZERO, read_blocks(0, 1, 512)).await.unwrap();
        tokio::time::sleep(40 * SECOND).await;
        let attempts = session.state().attempts;
        assert!((4..10).contains(&attempts), "{attempts}");
        rig.set_reachable(true);
        session.reconnect_now();
        waiting.data().await.unwrap();
        assert!(rig.now() < 42 * SECOND);
        assert_unimpaired(&rig, session).await;
    });
}

/// What was written in front of the end counts as possibly carried out, though nothing came in since.
#[test]
fn trap_07_a_command_that_was_written_last_is_not_sent_again() {
    paused(async {
        let (rig, session) = start_lasting(lasting(), &narrow()).await;
        let quiet_since = rig.now();
        rig.hold();
        // A ping follows after five seconds, and its limit is five more.
        tokio::time::sleep_until(tokio::time::Instant::now() + 10 * SECOND - 20 * MILLISECOND).await;
        let pending = session.submit(Lun::ZERO, register()).await.unwrap();
        wait_for(&session, SessionPhase::Waiting).await;
        assert!(rig.now() < quiet_since + 11 * SECOND, "{:?}", rig.now());
        rig.release();
        let end = pending.completion().await;
        assert!(matches!(end, Err(Error::Ambiguous { old_task: OldTask::Ended, .. })), "{end:?}");
        assert!(executions(&rig, RESERVE) <= 1);
        assert_unimpaired(&rig, session).await;
    });
}

/// A response that has arrived counts, though nothing can be sent any more.
#[test]
fn trap_10_what_has_arrived_is_taken_before_the_loss() {
    paused(async {
        let pipes = PipeSettings { latency: Duration::ZERO..=Duration::ZERO, pieces: 1..=20, capacity: 4096 };
        let (rig, session) = start_lasting(lasting(), &pipes).await;
        rig.hold();
        let first = session.submit(Lun::ZERO, register()).await.unwrap();
        settle().await;
        rig.release();
        rig.serve_now();
        assert_eq!(executions(&rig, RESERVE), 1);
        lose(&rig, Ending::EndOfStream);
        let second = session.submit(Lun::ZERO, read_blocks(0, 1, 512)).await.unwrap();
        first.data().await.unwrap();
        second.data().await.unwrap();
        assert_eq!((session.state().recoveries, executions(&rig, RESERVE)), (1, 1));
        assert_unimpaired(&rig, session).await;
    });
}

/// Has the target start again while the session is idle, and waits until it is replaced.
async fn restart(rig: &Rig, session: &Session) {
    let known = session.state();
    let now = rig.now();
    rig.with_target(|engine, _| engine.restart(now));
    let mut state = session.next_state(known).await;
    while state.recoveries == known.recoveries || state.phase != SessionPhase::Up {
        state = session.next_state(state).await;
    }
}

/// A unit that said that it has no write cache loses nothing with its power; with one, the next flush fails once.
#[test]
fn trap_04_a_unit_without_a_write_cache_loses_nothing() {
    for write_cache in [false, true] {
        paused(async {
            let (rig, session) = start_lasting(Variant { write_cache, ..lasting() }, &narrow()).await;
            let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
            disk.write_at(0, stamped(1, 0, 4)).await.unwrap();
            restart(&rig, &session).await;
            let first = disk.flush().await;
            assert_eq!(matches!(first, Err(Error::WritesMayBeLost { .. })), write_cache, "{first:?}");
            disk.flush().await.unwrap();
            assert_unimpaired(&rig, session).await;
        });
    }
}

/// A unit that has grown, and said so, is the same one.
#[test]
fn trap_06_a_unit_that_grew_within_a_session_is_the_same() {
    paused(async {
        let (rig, session) = start_lasting(lasting(), &narrow()).await;
        rig.enlarge(1);
        session.execute(Lun::ZERO, write_blocks(0, 4, stamped(1, 0, 4))).await.unwrap();
        lose(&rig, Ending::Reset);
        wait_for(&session, SessionPhase::Waiting).await;
        session.execute(Lun::ZERO, write_blocks(0, 4, stamped(2, 0, 4))).await.unwrap();
        assert_eq!(session.state().recoveries, 1);
        assert_unimpaired(&rig, session).await;
    });
}

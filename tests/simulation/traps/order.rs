//! Traps 1, 3, 5 and 7: what is sent again, in which order, and past which events.

use iscsi_initiator::OldTask;
use iscsi_initiator::engine::Phase;
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::world::{Action, Event, PipeSettings, Setup, Told, Variant};

use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

/// A world in which PDUs are on their way for a while, so that the last ping has no answer when the connection is lost, and the
/// operation behind it is accepted between the sessions.
fn world_with_latency<'a>(setup: &'a Setup, actions: &[Action]) -> World<'a> {
    let pipes = PipeSettings { latency: MILLISECOND..=MILLISECOND, ..PipeSettings::default() };
    world_over(setup, &pipes, Workload::of(DISK, actions))
}

const PING: Action = Action::Ping { length: 0 };

/// Everything is sent again in its first order, and before what was accepted later.
#[test]
fn trap_03_the_first_order_is_kept() {
    let setup = Setup::new(Variant { depth: 6, ..variant() });
    let first = [write(0); 5];
    let mut world = world_with_latency(&setup, &[&first[..], &[PING, write(0), read(0)]].concat());
    run_until_slow(&mut world, WRITE, 5);
    reset(&mut world);
    run_until(&mut world, |world| world.is_in(Phase::Waiting));
    assert_eq!((world.told(6), world.left()), (Some(Told::NotSent), 2), "one more was accepted");
    run(&mut world);
    assert_eq!(executed(&world, WRITE), [1, 2, 3, 4, 5, 7]);
    complete(world);
}

/// A newer write of the same block has ended in the meantime: the older one would undo it. What has other blocks is sent again.
#[test]
fn trap_01_a_newer_write_that_has_ended_is_not_undone() {
    let old = (Some(Told::Ambiguous(OldTask::Ended)), vec![3]);
    for (newer, expected) in [(write(0), old), (write(1), (Some(Told::Done), vec![3, 1]))] {
        let setup = Setup::new(Variant { depth: 2, ..variant() });
        let mut world = world(&setup, &[write(0), Action::TestUnitReady, newer, read(0)]);
        run_until_slow(&mut world, WRITE, 1);
        run_until(&mut world, |world| world.told(3).is_some());
        reset(&mut world);
        run(&mut world);
        assert_eq!((world.told(1), executed(&world, WRITE)), expected);
        complete(world);
    }
}

/// A newer write of the same block does not overtake one that was sent again and takes its time.
#[test]
fn trap_01_a_newer_write_does_not_overtake_one_that_was_sent_again() {
    for (newer, expected) in [(write(0), [1, 3]), (write(1), [3, 1])] {
        let setup = Setup::new(Variant { depth: 2, ..variant() });
        let mut world = world(&setup, &[write(0), Action::TestUnitReady, newer]);
        happen(&mut world, Event::ServiceTime(WRITE, SECOND));
        run_until(&mut world, |world| world.running() == 1);
        reset(&mut world);
        run_until(&mut world, |world| world.is_in(Phase::Replaying) && world.running() == 1);
        happen(&mut world, Event::ServiceTime(WRITE, Duration::ZERO));
        run(&mut world);
        assert_eq!(executed(&world, WRITE), expected);
        complete(world);
    }
}

/// Every event of the unit is taken before commands are sent again, none of which meets one.
#[test]
fn trap_05_unit_attentions_do_not_meet_what_is_sent_again() {
    let setup = Setup::new(Variant { depth: 4, unit_attention: true, ..variant() });
    let mut world = world(&setup, &[write(0), write(1), write(2), Action::TestUnitReady]);
    run_until_slow(&mut world, WRITE, 3);
    reset(&mut world);
    run_until(&mut world, |world| world.is_in(Phase::Probing));
    happen(&mut world, Event::Attention(Sense::LUNS_CHANGED));
    happen(&mut world, Event::Attention(Sense::CAPACITY_CHANGED));
    run(&mut world);
    let told: Vec<_> = (1..=4).map(|number| world.told(number)).collect();
    assert_eq!((told, executed(&world, WRITE)), (vec![Some(Told::Done); 4], vec![1, 2, 3]));
    complete(world);
}

/// A unit that is not ready gets nothing. When it is, in a later session, it gets everything once.
#[test]
fn trap_05_a_unit_that_becomes_ready_is_waited_for() {
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[write(0)]);
    run_until_slow(&mut world, WRITE, 1);
    happen(&mut world, Event::Ready(false));
    reset(&mut world);
    world.schedule(world.now() + 20 * SECOND, Event::Ready(true));
    run(&mut world);
    assert!(world.now() < 60 * SECOND, "{:?}", world.now());
    assert_eq!(executed(&world, WRITE), [1]);
    complete(world);
}

/// A unit that never becomes ready is given up within the limits.
#[test]
fn trap_05_a_unit_that_is_never_ready_is_given_up() {
    let policy = RecoveryPolicy::default();
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[write(0)]);
    run_until_slow(&mut world, WRITE, 1);
    happen(&mut world, Event::Ready(false));
    reset(&mut world);
    run_until(&mut world, |world| world.told(1).is_some());
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::MayRun)));
    assert!(world.now() <= policy.replacement_timeout + SECOND, "{:?}", world.now());
    run(&mut world);
    assert!(world.now() <= policy.loss_timeout + SECOND, "{:?}", world.now());
    assert_eq!(executed(&world, WRITE), []);
    fail(world, "");
}

/// A command of which twice is not as good as once is not sent again, whether the target had carried it out or not.
#[test]
fn trap_07_what_may_not_run_twice_is_reported_once() {
    for is_executed in [false, true] {
        let setup = Setup::new(variant());
        let mut world = world(&setup, &[Action::Register]);
        if is_executed {
            run_until(&mut world, |world| !executed(world, RESERVE).is_empty());
        } else {
            run_until_slow(&mut world, RESERVE, 1);
        }
        reset(&mut world);
        run(&mut world);
        assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::Ended)));
        assert_eq!(executed(&world, RESERVE).len(), usize::from(is_executed));
        complete(world);
    }
}

/// One that was never sent is sent.
#[test]
fn trap_07_what_was_never_sent_is_sent_once() {
    let setup = Setup::new(Variant { depth: 2, ..variant() });
    let mut world = world_with_latency(&setup, &[Action::Register, PING, Action::Register]);
    run_until_slow(&mut world, RESERVE, 1);
    reset(&mut world);
    run(&mut world);
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::Ended)));
    assert_eq!((world.told(3), executed(&world, RESERVE)), (Some(Told::Done), vec![3]));
    complete(world);
}

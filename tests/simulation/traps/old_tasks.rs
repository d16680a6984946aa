//! Traps 1, 2 and 10: tasks of lost sessions that still run, or whose answers had arrived.

use std::num::NonZero;

use iscsi_initiator::OldTask;
use iscsi_initiator::engine::Phase;
use iscsi_tests::world::{Action, Direction, Event, Later, Reach, Setup, Told, Variant};

use super::*;

/// The login to the same portal group ends the old task. It does not land on what was written later.
#[test]
fn trap_01_a_write_of_a_lost_session_does_not_land_on_a_newer_one() {
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[write(0), write(0), read(0)]);
    run_until_slow(&mut world, WRITE, 1);
    fall_silent(&mut world);
    run(&mut world);
    assert_eq!(executed(&world, WRITE), [1, 2]);
    complete(world);
}

/// Another portal group is another nexus. Its login ends nothing, so nothing is sent again there: the old task lands later.
#[test]
fn trap_01_in_another_portal_group_a_write_may_still_run() {
    let later = Later { portal_group: 2, ..Later::SAME };
    let setup = Setup::new(Variant { later, ..variant() });
    let mut world = world(&setup, &[write(0), write(0)]);
    run_until_slow(&mut world, WRITE, 1);
    happen(&mut world, Event::Reconfigure);
    fall_silent(&mut world);
    run(&mut world);
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::MayRun)));
    assert_eq!(executed(&world, WRITE), [2]);
    complete(world);
}

/// Nobody is told of an end before the old task has ended: then the write is sent again.
#[test]
fn trap_02_a_silent_target_settles_nothing() {
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[write(0)]);
    run_until_slow(&mut world, WRITE, 1);
    fall_silent(&mut world);
    run_until(&mut world, |world| {
        assert_eq!(world.told(1), None);
        world.is_in(Phase::Replaying)
    });
    assert_eq!(world.target().report().reinstatements, 1);
    run(&mut world);
    assert_eq!((world.told(1), executed(&world, WRITE)), (Some(Told::Done), vec![1]));
    complete(world);
}

/// At the limit of its wait a command that may still run is said to. It is not sent again when the target is back.
#[test]
fn trap_02_at_a_hard_limit_a_write_may_still_run() {
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[write(0), write(1)]);
    run_until_slow(&mut world, WRITE, 1);
    happen(&mut world, Event::ServiceTime(WRITE, LONG));
    fall_silent(&mut world);
    happen(&mut world, Event::Reach(Reach::Silence));
    run_until(&mut world, |world| world.told(1).is_some());
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::MayRun)));
    happen(&mut world, Event::ServiceTime(WRITE, SECOND));
    happen(&mut world, Event::Reach(Reach::Open));
    run(&mut world);
    assert_eq!((world.told(2), executed(&world, WRITE)), (Some(Told::Done), vec![1, 2]));
    complete(world);
}

/// A command for which ABORT TASK was sent, without an answer, is not sent again.
#[test]
fn trap_02_nothing_is_sent_again_after_an_abort_without_an_answer() {
    let setup = Setup::new(Variant { depth: 2, ..variant() });
    let mut world = world(&setup, &[write(0), Action::TestUnitReady, Action::AbortTask]);
    happen(&mut world, Event::ServiceTime(WRITE, LONG));
    run_until(&mut world, |world| world.left() == 1);
    happen(&mut world, Event::ServiceTime(WRITE, Duration::ZERO));
    fall_silent(&mut world);
    run(&mut world);
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::Ended)));
    assert_eq!(executed(&world, WRITE), []);
    complete(world);
}

/// A response that arrives in front of the end counts.
#[test]
fn trap_10_an_answer_in_front_of_the_end_counts() {
    let setup = Setup::new(variant());
    let mut world = world(&setup, &[Action::Register, read(0)]);
    run_until(&mut world, |world| {
        world.ready(Direction::ToInitiator) > 0 && !executed(world, RESERVE).is_empty()
    });
    happen(&mut world, Event::Cut(Direction::ToTarget, Ending::EndOfStream));
    run(&mut world);
    assert_eq!((world.told(1), executed(&world, RESERVE)), (Some(Told::Done), vec![1]));
    complete(world);
}

/// After a PDU that makes no sense nothing is believed, though it has arrived, with and without digests.
#[test]
fn trap_10_nothing_is_believed_behind_a_malformed_pdu() {
    for digests in [false, true] {
        let setup = Setup::new(Variant { digests, depth: 2, ..variant() });
        let mut world = world(&setup, &[Action::Register, Action::Register]);
        run_until(&mut world, |world| executed(world, RESERVE).len() == 2);
        let next = world.crossed(Direction::ToInitiator);
        world.damage(Direction::ToInitiator, next, NonZero::new(0x10).unwrap());
        run(&mut world);
        let ambiguous = Some(Told::Ambiguous(OldTask::Ended));
        assert_eq!([world.told(1), world.told(2)], [ambiguous; 2], "{digests}");
        assert_eq!(executed(&world, RESERVE), [1, 2]);
        complete(world);
    }
}

//! Commands that are sent again, and what becomes of them.

use super::*;
use crate::session::{OldTask, Outcome};

const COMPARE_AND_WRITE: u8 = 0x89;

/// A command is sent again when the unit is the same. The session works when it is answered, not before.
#[test]
fn a_command_that_is_sent_again() {
    let mut world = World::with_command();
    world.log_in_again(Some(1));
    assert_eq!(world.run(), Step::Replay);
    assert_eq!((world.nexus.phase(), world.nexus.status().recoveries), (Phase::Replaying, 1));
    let again = world.sent().unwrap();
    assert_eq!((world.drive(), again.cdb[0]), (Step::Wait, 0x28));
    assert_eq!((world.nexus.phase(), world.nexus.attempts()), (Phase::Replaying, 1));
    world.answer(&again);
    assert_eq!((world.run(), world.run()), (Step::Wait, Step::Wait));
    assert_eq!((world.nexus.phase(), world.nexus.attempts()), (Phase::Up, 0));
}

/// Another initiator that has reserved the unit may have changed its data. What was not sent again proves nothing: the caller
/// learns of its conflict, and decides.
#[test]
fn a_reservation_that_a_command_meets_stops_the_nexus_if_it_was_sent_again() {
    for is_sent_again in [true, false] {
        let mut world = World::with_command();
        world.log_in_again(Some(1));
        assert_eq!(world.run(), Step::Replay);
        let [again, new] = {
            let again = world.sent().unwrap();
            world.submit(READ_10);
            [again, world.sent().unwrap()]
        };
        world.status = ScsiStatus::RESERVATION_CONFLICT;
        world.answer(if is_sent_again { &again } else { &new });
        if is_sent_again {
            assert_eq!((world.drive(), world.nexus.phase()), (Step::End, Phase::Over));
            assert_eq!(world.nexus.stop_reason(), Some(Stop::ReservationConflict(LUN)));
            assert!(world.session.end().is_some());
        } else {
            assert_eq!((world.drive(), world.nexus.phase()), (Step::Wait, Phase::Replaying));
            assert_eq!((world.nexus.stop_reason(), world.session.end()), (None, None));
        }
    }
}

/// A caller sees the numbers of all sessions.
#[test]
fn what_became_of_commands_is_counted() {
    let mut world = World::with_unit();
    for operation_code in [READ_10, READ_10, READ_10, COMPARE_AND_WRITE, COMPARE_AND_WRITE] {
        world.submit(operation_code);
        world.sent().unwrap();
    }
    for (recoveries, sent_again) in [(1, 3), (2, 6)] {
        world.log_in_again(Some(1));
        assert_eq!(world.run(), Step::Replay);
        while world.sent().is_some() {}
        let status = world.nexus.status();
        assert_eq!((status.recoveries, status.sent_again, status.ambiguous), (recoveries, sent_again, 2));
    }
    world.submit(COMPARE_AND_WRITE);
    world.sent().unwrap();
    world.log_in_again(Some(1));
    assert_eq!(world.run(), Step::Replay);
    assert_eq!((world.nexus.status().sent_again, world.nexus.status().ambiguous), (9, 3));
}

/// A unit that was not known, or has no name, may be another one: what may have been carried out is not sent again. One that
/// was found in this session is known in the next one.
#[test]
fn a_unit_that_is_not_recognised_gets_no_command_again() {
    for (is_known, is_named) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut world = World::new(Some(1));
        if !is_named {
            (world.unit.serial_number, world.unit.designators) = (*b"  ", b"");
        }
        if is_known {
            world.nexus.remember(LUN, world.unit.identity());
        }
        for is_recognised in [is_known && is_named, is_named] {
            let read = world.submit(READ_10);
            world.sent().unwrap();
            world.log_in_again(Some(1));
            assert_eq!(world.run(), Step::Replay);
            if is_recognised {
                let again = world.sent().unwrap();
                world.answer(&again);
            }
            assert_eq!(world.run(), Step::Wait);
            let outcome = world.session.take_outcome(read).unwrap();
            let is_ambiguous = outcome == Outcome::Ambiguous(OldTask::Ended);
            assert_eq!(is_ambiguous, !is_recognised, "{is_known} {is_named}");
        }
    }
}

//! The look at the units of another session, before anything is sent again.

use super::*;
use crate::nexus::UnitDifference;
use crate::session::{LogoutCause, Outcome};

const WRITE_SAME: u8 = 0x41;
const SYNCHRONIZE_CACHE: u8 = 0x35;

type Change = fn(&mut Unit);

/// Nothing is sent to a unit that differs in anything which the nexus remembers of it.
#[test]
fn another_unit_stops_the_nexus() {
    let changes: [(Change, UnitDifference, &str); 7] = [
        (|unit| unit.inquiry[8] += 1, UnitDifference::Device, "its device type, vendor or product"),
        (|unit| unit.serial_number = *b"S2", UnitDifference::SerialNumber, "its serial number"),
        (|unit| unit.designators = b"\x01\x03\0\x04UNIT", UnitDifference::Designators, "its designators"),
        (|unit| unit.capacity[7] += 1, UnitDifference::Size, "its size"),
        (|unit| unit.capacity[10] = 0x10, UnitDifference::BlockLength, "the length of its blocks"),
        (|unit| unit.capacity[12] = 0x03, UnitDifference::Protection, "its protection information"),
        (|unit| unit.capacity[14] = 0x80, UnitDifference::Provisioning, "its provisioning"),
    ];
    for (change, difference, name) in changes {
        let mut world = World::with_command();
        world.log_in_again(Some(1));
        change(&mut world.unit);
        assert_eq!((world.run(), world.nexus.phase()), (Step::End, Phase::Over), "{difference:?}");
        assert_eq!(world.nexus.stop_reason(), Some(Stop::OtherUnit(LUN, difference)));
        let Some(End::Failed(Failure::Lost(reason))) = world.session.end() else { panic!() };
        assert!(reason.contains(name), "{reason}");
        assert!(world.sent().is_none());
    }
}

/// Nothing is sent to a unit that is not ready, which may be ready in the next session.
#[test]
fn a_unit_that_is_not_ready_is_looked_at_again() {
    let mut world = World::with_command();
    world.log_in_again(Some(1));
    world.status = ScsiStatus::BUSY;
    assert_eq!((world.run(), world.nexus.phase()), (Step::Wait, Phase::Waiting));
    assert_eq!(world.nexus.stop_reason(), None);
    world.status = ScsiStatus::GOOD;
    world.begin_session(Some(1));
    assert_eq!(world.run(), Step::Replay);
}

/// Another initiator that has reserved the unit may have changed its data.
#[test]
fn a_reservation_that_the_look_meets_stops_the_nexus() {
    let mut world = World::with_command();
    world.log_in_again(Some(1));
    world.status = ScsiStatus::RESERVATION_CONFLICT;
    assert_eq!((world.run(), world.nexus.phase()), (Step::End, Phase::Over));
    assert_eq!(world.nexus.stop_reason(), Some(Stop::ReservationConflict(LUN)));
    assert!(world.session.end().is_some() && world.sent().is_none());
}

/// A unit that has told of another size is the same one with that size, and no longer with the old one.
#[test]
fn a_unit_is_compared_with_the_size_that_it_has_told() {
    for is_found in [true, false] {
        let mut world = World::with_command();
        world.nexus.resize(LUN, Capacity { blocks: 1001, block_size: 512 });
        world.log_in_again(Some(1));
        world.unit.capacity[7] += u8::from(is_found);
        assert_eq!(world.run(), if is_found { Step::Replay } else { Step::End });
    }
}

/// A unit says only once that it has lost its cache, in the answer to the first command. If that was lost with its session, the
/// unit may have said so, and a flush says nothing about writes before it.
#[test]
fn a_first_answer_that_is_lost_fails_the_next_flush() {
    for (answers, may_be_lost) in [(0, true), (1, false)] {
        let mut world = World::with_unit();
        world.submit(WRITE_SAME);
        assert_eq!(world.run(), Step::Wait);
        world.log_in_again(Some(1));
        for _ in 0..answers {
            assert_eq!(world.drive(), Step::Wait);
            let command = world.sent().unwrap();
            world.answer(&command);
        }
        assert_eq!(world.drive(), Step::Wait);
        assert!(world.sent().is_some(), "it has been asked");
        world.log_in_again(Some(1));
        assert_eq!(world.run(), Step::Replay);
        let flush = world.submit(SYNCHRONIZE_CACHE);
        assert_eq!(world.run(), Step::Wait);
        let outcome = world.session.take_outcome(flush).unwrap();
        assert_eq!(outcome == Outcome::WritesMayBeLost, may_be_lost, "{answers}: {outcome:?}");
    }
}

/// A caller who logs out while the units are compared gets no outcome of what it did not ask.
#[test]
fn a_look_that_nobody_wants_leaves_nothing() {
    let mut world = World::with_unit();
    world.log_in_again(Some(1));
    assert_eq!(world.drive(), Step::Wait);
    let command = world.sent().unwrap();
    world.session.log_out(LogoutCause::Initiator, NOW);
    assert_eq!(world.nexus.take(NexusEvent::NotWanted, NOW), Step::End);
    assert_eq!(world.drive(), Step::Wait);
    world.answer(&command);
    assert_eq!((world.session.poll_ended(), world.session.has_outcomes()), (None, false));
}

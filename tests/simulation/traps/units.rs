//! Traps 6 and 8: other units, and other initiators.

use iscsi_initiator::OldTask;
use iscsi_tests::world::{Event, Replacement, Setup, Told, Variant};

use super::*;

/// Nothing is sent to another unit under the same LUN, not even what was never sent before, and the session is over at once.
#[test]
fn trap_06_another_unit_gets_nothing() {
    for replacement in [Replacement::Named, Replacement::Larger, Replacement::OtherBlocks] {
        let setup = Setup::new(variant());
        let mut world = world(&setup, &[write(0), write(1)]);
        run_until_slow(&mut world, WRITE, 1);
        happen(&mut world, Event::Replace(replacement));
        run(&mut world);
        assert_eq!(executed(&world, WRITE), [], "{replacement:?}");
        assert!(world.now() < 3 * SECOND, "{:?}", world.now());
        fail(world, "is another one");
    }
}

/// A unit without a name cannot be recognised: what it may have carried out is not sent again.
#[test]
fn trap_06_a_unit_without_a_name_is_not_recognised() {
    for (is_named, told) in [(true, Told::Done), (false, Told::Ambiguous(OldTask::Ended))] {
        let setup = Setup::new(Variant { is_named, ..variant() });
        let mut world = world(&setup, &[write(0), write(1)]);
        run_until_slow(&mut world, WRITE, 1);
        reset(&mut world);
        run(&mut world);
        assert_eq!([world.told(1), world.told(2)], [Some(told), Some(Told::Done)]);
        complete(world);
    }
}

/// Where others may write, a write that may have been carried out is not sent again, so it does not undo theirs.
#[test]
fn trap_08_the_write_of_another_initiator_is_not_undone() {
    let mut policy = RecoveryPolicy::default();
    policy.is_shared = true;
    let setup = Setup::new(Variant { recovery: Some(policy), ..variant() });
    let mut world = world(&setup, &[write(0), read(0)]);
    run_until_slow(&mut world, WRITE, 1);
    reset(&mut world);
    happen(&mut world, Event::WriteForAnother(Extent { lba: 0, blocks: 1 }));
    run(&mut world);
    assert_eq!(world.told(1), Some(Told::Ambiguous(OldTask::Ended)));
    assert_eq!((world.told(2), executed(&world, WRITE)), (Some(Told::Done), vec![]));
    complete(world);
}

/// A reservation of another initiator is in the way of what is sent again: everything stops.
#[test]
fn trap_08_a_reservation_conflict_stops_everything() {
    let setup = Setup::new(Variant { depth: 2, ..variant() });
    let mut world = world(&setup, &[write(0), write(1), write(2)]);
    run_until_slow(&mut world, WRITE, 2);
    reset(&mut world);
    happen(&mut world, Event::ReserveForAnother);
    run(&mut world);
    assert_eq!(executed(&world, WRITE), []);
    assert!(world.now() < 3 * SECOND, "{:?}", world.now());
    fail(world, "reserved");
}

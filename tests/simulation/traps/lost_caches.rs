//! Trap 4: a flush that succeeds after a loss of power says nothing about writes before it.

use iscsi_initiator::engine::Phase;
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::world::{Action, Event, Setup, Told, Variant};

use super::*;

const STABLE_WRITE: Action = Action::Write { extent: Extent { lba: 0, blocks: 1 }, is_stable: true };

fn cached() -> Variant {
    Variant { write_cache: true, ..variant() }
}

/// What two flushes behind a write tell, if this happens between the write and them.
fn flushes_behind(variant: Variant, write: Action, between: fn(&mut World<'_>)) -> [Told; 2] {
    let setup = Setup::new(variant);
    let mut world = world(&setup, &[write, Action::TestUnitReady, Action::Flush, Action::Flush]);
    run_until(&mut world, |world| world.told(1).is_some());
    between(&mut world);
    run(&mut world);
    let told = [3, 4].map(|number| world.told(number).unwrap());
    complete(world);
    told
}

/// The next flush fails, once, when the cache was lost with an acknowledged write.
#[test]
fn trap_04_a_flush_after_a_restart_fails_once() {
    let told = flushes_behind(cached(), write(0), |world| happen(world, Event::Restart));
    assert_eq!(told, [Told::WritesMayBeLost, Told::Done]);
}

/// It does so, too, when a unit reports the loss of power to some command while the session goes on.
#[test]
fn trap_04_a_reset_within_a_session_counts() {
    let told = flushes_behind(cached(), write(0), |world| happen(world, Event::Attention(Sense::POWER_ON)));
    assert_eq!(told, [Told::WritesMayBeLost, Told::Done]);
}

/// A unit says once that it has lost power. If the answer that says so is lost with its session, the flush fails all the same.
#[test]
fn trap_04_a_loss_of_power_counts_though_its_report_is_lost() {
    let told = flushes_behind(cached(), write(0), |world| {
        happen(world, Event::Restart);
        run_until(world, |world| world.is_in(Phase::Probing));
        world.act().unwrap();
        world.deliver(Direction::ToTarget, usize::MAX);
        reset(world);
    });
    assert_eq!(told, [Told::WritesMayBeLost, Told::Done]);
}

/// The loss of the nexus alone loses nothing.
#[test]
fn trap_04_a_lost_nexus_is_no_lost_cache() {
    let told = flushes_behind(Variant { nexus_loss_attention: true, ..cached() }, write(0), reset);
    assert_eq!(told, [Told::Done; 2]);
}

/// A write that was stable when it was acknowledged cannot be lost.
#[test]
fn trap_04_a_stable_write_is_not_lost() {
    let told = flushes_behind(cached(), STABLE_WRITE, |world| happen(world, Event::Restart));
    assert_eq!(told, [Told::Done; 2]);
}

/// A write that a flush covers cannot be lost either.
#[test]
fn trap_04_a_flushed_write_is_not_lost() {
    let setup = Setup::new(cached());
    let mut world = world(&setup, &[write(0), Action::Flush, Action::TestUnitReady, Action::Flush]);
    run_until(&mut world, |world| world.told(2).is_some());
    happen(&mut world, Event::Restart);
    run(&mut world);
    assert_eq!(world.told(4), Some(Told::Done));
    complete(world);
}

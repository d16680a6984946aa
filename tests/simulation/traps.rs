//! The traps of replay, each with the rule that keeps the initiator out of it.

mod limits;
mod logins;
mod lost_caches;
mod old_tasks;
mod order;
mod units;

use std::time::Duration;

use iscsi_initiator::RecoveryPolicy;
use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::world::{
    Action, DISK, Direction, Ending, Event, Extent, Over, PipeSettings, Seed, Setup, Variant, Workload, World,
};

const SECOND: Duration = Duration::from_secs(1);
/// WRITE (10) and PERSISTENT RESERVE OUT.
const WRITE: u8 = 0x2a;
const RESERVE: u8 = 0x5f;
/// Longer than it takes to notice that the target is silent: the limit of a command, once more since data had moved, and that of a
/// ping.
const LONG: Duration = Duration::from_secs(200);

/// Worlds whose sessions are replaced, and that have one operation in flight at a time.
fn variant() -> Variant {
    Variant { recovery: Some(RecoveryPolicy::default()), depth: 1, ..Variant::default() }
}

/// A world with these operations.
fn world<'a>(setup: &'a Setup, actions: &[Action]) -> World<'a> {
    world_over(setup, &PipeSettings::default(), Workload::of(DISK, actions))
}

/// A world with these pipes and this workload, whose login has begun.
fn world_over<'a>(setup: &'a Setup, pipes: &PipeSettings, workload: Workload) -> World<'a> {
    let mut world = World::with(setup, pipes, &Seed::new(1), workload);
    world.act().unwrap();
    world
}

/// A write of one block.
const fn write(lba: u64) -> Action {
    Action::Write { extent: Extent { lba, blocks: 1 }, is_stable: false }
}

/// A read of one block.
const fn read(lba: u64) -> Action {
    Action::Read(Extent { lba, blocks: 1 })
}

/// Lets a world take its course until something is so.
fn run_until(world: &mut World<'_>, is_so: impl Fn(&World<'_>) -> bool) {
    while !is_so(world) {
        assert_eq!(world.over(), None);
        if Direction::BOTH.iter().all(|direction| world.ready(*direction) == 0) {
            world.wait().unwrap();
        }
        for direction in Direction::BOTH {
            world.deliver(direction, usize::MAX);
        }
        world.act().unwrap();
    }
}

/// Has something happen now.
fn happen(world: &mut World<'_>, event: Event) {
    world.schedule(world.now(), event);
    world.act().unwrap();
}

/// Lets a world take its course until all these commands are being carried out, which would take long, and those that come after
/// them would not.
fn run_until_slow(world: &mut World<'_>, operation: u8, count: usize) {
    happen(world, Event::ServiceTime(operation, LONG));
    run_until(world, |world| world.running() == count);
    happen(world, Event::ServiceTime(operation, Duration::ZERO));
}

/// Both sides learn that the connection is lost, and the target ends its tasks.
fn reset(world: &mut World<'_>) {
    happen(world, Event::Cut(Direction::ToTarget, Ending::Reset));
    for direction in Direction::BOTH {
        world.deliver(direction, usize::MAX);
    }
    world.act().unwrap();
}

/// Neither side learns that the connection is lost, and the target goes on with its tasks.
fn fall_silent(world: &mut World<'_>) {
    happen(world, Event::Cut(Direction::ToTarget, Ending::Silence));
}

/// Runs a world to the end of its initiator's part.
fn run(world: &mut World<'_>) {
    while world.over().is_none() {
        world.turn().unwrap();
    }
}

/// Runs a world to its end, in which all operations have ended, and the session was logged out.
fn complete(mut world: World<'_>) {
    run(&mut world);
    let over = world.finish().unwrap();
    assert!(matches!(over, Over::Session(End::LoggedOut(..))), "{over:?}");
}

/// Runs a world to its end, which is that of the session for this reason.
fn fail(mut world: World<'_>, reason: &str) {
    run(&mut world);
    match world.finish().unwrap() {
        Over::Session(End::Failed(Failure::Lost(text))) if text.contains(reason) => {}
        over => panic!("{over:?}"),
    }
}

/// The numbers of the operations that the target has executed with this operation code, in their order.
fn executed(world: &World<'_>, operation: u8) -> Vec<u32> {
    let executions = world.target().executions().iter().filter(|each| each.operation == operation);
    let at = if operation == RESERVE { 12 } else { 4 };
    executions.map(|each| u32::from_be_bytes(each.data[at..at + 4].try_into().unwrap())).collect()
}

//! Every byte of a session with digests is damaged on its way.

use std::time::{Duration, Instant};

use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::world::{Direction, Over, PipeSettings, Seed, Setup, Variant, World};

/// Damage is found when it arrives, long before any limit.
const SOON: Duration = Duration::from_secs(1);

/// The number of runs that ended in each way.
#[derive(Debug, Default)]
struct Runs {
    /// The initiator found a digest wrong.
    digests: u64,
    /// The target did, and closed the connection.
    lost: u64,
    /// The target waits for additional headers that damage announced, and the initiator for the target.
    misled: u64,
}

/// Runs a world to its end, and a clone of it with damage to each byte of the session.
fn damage_everywhere(variant: Variant) -> Runs {
    let setup = Setup::new(variant);
    let mut world = World::new(&setup, &PipeSettings::default(), &Seed::new(1));
    let (mut bits, mut runs) = (Seed::new(2), Runs::default());
    world.act().unwrap();
    let operations = world.left();
    while world.over().is_none() {
        for direction in Direction::BOTH {
            // The session has begun, so what crosses now has digests.
            let count = if world.left() < operations { world.ready(direction) } else { 0 };
            (0..count).for_each(|count| damage(&world, direction, count, &mut bits, &mut runs));
            world.deliver(direction, usize::MAX);
        }
        world.act().unwrap();
    }
    world.finish().unwrap();
    runs
}

/// Lets this many bytes cross in a clone, damages the next, and runs the clone to its end.
fn damage(world: &World<'_>, direction: Direction, count: usize, bits: &mut Seed, runs: &mut Runs) {
    let mut world = world.clone();
    let place = format!("damage after {count} bytes of {direction:?} in {world:?}");
    let offset = world.crossed(direction) + count as u64;
    world.damage(direction, offset, bits.damage());
    while world.over().is_none() {
        world.turn().unwrap_or_else(|fault| panic!("{place}: {fault}"));
    }
    let (now, is_misled) = (world.now(), world.is_target_misled());
    match (direction, world.finish().unwrap_or_else(|fault| panic!("{place}: {fault}"))) {
        (Direction::ToInitiator, Over::Session(End::Failed(Failure::Digest(_)))) if now < SOON => {
            runs.digests += 1;
        }
        (Direction::ToTarget, Over::Session(End::Failed(Failure::Closed | Failure::Lost(_))))
            if now < SOON =>
        {
            runs.lost += 1;
        }
        (Direction::ToTarget, Over::Session(End::Failed(Failure::Silent(_)))) if is_misled => {
            runs.misled += 1;
        }
        (_, over) => panic!("{place}: {over:?} after {now:?}"),
    }
}

/// The initiator notices all damage at once, and the target all but some to the `TotalAHSLength` of a SCSI Command, which may
/// have additional headers.
#[test]
fn pdu_06_dig_10_damage_to_every_byte_is_noticed() {
    let began = Instant::now();
    let runs = damage_everywhere(Variant { digests: true, immediate_data: false, ..Variant::default() });
    println!("{runs:?} in {:?}", began.elapsed());
    assert!(runs.digests > 10_000 && runs.lost > 10_000 && runs.misled <= 61, "{runs:?}");
}

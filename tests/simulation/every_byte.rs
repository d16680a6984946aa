//! The connection is cut in front of every byte that crosses it, in each way in which a connection can end.

use std::time::Instant;

use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::world::{Direction, Ending, Over, PipeSettings, Seed, Setup, Variant, World};

const ENDINGS: [Ending; 3] = [Ending::EndOfStream, Ending::Reset, Ending::Silence];

/// The number of runs that ended in each way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Runs {
    bytes: u64,
    logins_failed: u64,
    sessions_failed: u64,
}

/// Runs a world to its end, and a clone of it for each byte and each ending.
fn cut_everywhere(variant: Variant) -> Runs {
    let setup = Setup::new(variant);
    let mut world = World::new(&setup, &PipeSettings::default(), &Seed::new(1));
    let mut runs = Runs::default();
    world.act().unwrap();
    while world.over().is_none() {
        for direction in Direction::BOTH {
            for count in 0..world.ready(direction) {
                for ending in ENDINGS {
                    cut(&world, direction, count, ending, &mut runs);
                }
                runs.bytes += 1;
            }
            world.deliver(direction, usize::MAX);
        }
        world.act().unwrap();
        if world.over().is_none() && Direction::BOTH.iter().all(|each| world.ready(*each) == 0) {
            world.wait().unwrap();
        }
    }
    assert!(matches!(world.over(), Some(Over::Session(End::LoggedOut(..)))), "{:?}", world.over());
    assert_eq!(world.left(), 0);
    world.finish().unwrap();
    runs
}

/// Lets this many bytes cross in a clone, cuts it, and runs it to its end.
fn cut(world: &World<'_>, direction: Direction, count: usize, ending: Ending, runs: &mut Runs) {
    let mut cut = world.clone();
    if count > 0 {
        cut.deliver(direction, count);
    }
    cut.cut(direction, ending);
    let place = format!("{ending:?} after {count} bytes of {direction:?} in {world:?}");
    let over = cut.run().unwrap_or_else(|fault| panic!("{place}: {fault}"));
    match over {
        Over::LoginFailed(_) => runs.logins_failed += 1,
        Over::Session(End::Failed(Failure::Closed | Failure::Lost(_) | Failure::Silent(_))) => {
            runs.sessions_failed += 1;
        }
        // The answer to the logout had arrived.
        Over::Session(End::LoggedOut(..)) => {}
        Over::Session(other) => panic!("{place}: {other:?}"),
    }
}

/// Every command ends exactly once, failures come in the order of submission, nothing hangs, no acknowledged data differ.
fn check(variant: Variant) {
    let began = Instant::now();
    let runs = cut_everywhere(variant);
    println!("{runs:?} in {:?}", began.elapsed());
    assert!(runs.bytes > 50_000 && runs.logins_failed > 1000 && runs.sessions_failed > 100_000, "{runs:?}");
}

#[test]
fn lgo_08_every_byte_with_immediate_and_unsolicited_data() {
    check(Variant::default());
}

#[test]
fn lgo_08_every_byte_with_solicited_data_only() {
    let (initial_r2t, immediate_data, max_outstanding_r2t) = (true, false, 3);
    check(Variant { initial_r2t, immediate_data, max_outstanding_r2t, ..Variant::default() });
}

#[test]
fn lgo_08_every_byte_with_unsolicited_data_and_digests() {
    check(Variant { immediate_data: false, digests: true, ..Variant::default() });
}

//! Sessions that are replaced: the connection is cut in front of every byte of a workload, and once more in front of those of
//! the login that follows.

use std::time::{Duration, Instant};

use iscsi_initiator::RecoveryPolicy;
use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::world::{Direction, Ending, Over, PipeSettings, Seed, Setup, Variant, World};

use crate::is_long;

const ENDINGS: [Ending; 3] = [Ending::EndOfStream, Ending::Reset, Ending::Silence];
/// Of so many places in front of a byte one is tried in CI.
const STRIDE: u64 = 251;
/// The limit of a command and of the ping after it, which notice a silent cut, twice; and some pauses.
const LONGEST: Duration = Duration::from_secs(200);

/// The number of runs that ended in each way.
#[derive(Debug, Default)]
struct Runs {
    /// Places at which the connection was cut, with each ending.
    places: u64,
    /// The workload was carried out, and the session logged out.
    complete: u64,
    /// The first login was cut, which is an error of its caller.
    logins_failed: u64,
    /// The logout was cut.
    logouts_failed: u64,
    /// Runs in which the login of the second session was cut, too.
    second_cuts: u64,
}

fn variant() -> Variant {
    Variant { recovery: Some(RecoveryPolicy::default()), ..Variant::default() }
}

/// Lets a world take its course, and calls `at` with a clone in front of each byte, or of one of `stride`.
fn at_every_byte<'a>(
    mut world: World<'a>,
    stride: u64,
    mut is_over: impl FnMut(&World<'a>) -> bool,
    mut at: impl FnMut(&World<'a>, Direction, usize),
) -> World<'a> {
    let mut byte = 0;
    while !is_over(&world) {
        for direction in Direction::BOTH {
            for count in 0..world.ready(direction) {
                if byte % stride == 0 {
                    at(&world, direction, count);
                }
                byte += 1;
            }
            world.deliver(direction, usize::MAX);
        }
        world.act().unwrap();
        if world.over().is_none() && Direction::BOTH.iter().all(|each| world.ready(*each) == 0) {
            world.wait().unwrap();
        }
    }
    world
}

/// A clone that is cut behind so many bytes more.
fn cut<'a>(world: &World<'a>, direction: Direction, count: usize, ending: Ending) -> World<'a> {
    let mut cut = world.clone();
    if count > 0 {
        cut.deliver(direction, count);
    }
    cut.cut(direction, ending);
    cut
}

/// Runs a world to its end.
fn finish(mut world: World<'_>, place: &str, runs: &mut Runs) {
    while world.over().is_none() {
        world.turn().unwrap_or_else(|fault| panic!("{place}: {fault}"));
    }
    let (now, left) = (world.now(), world.left());
    assert!(now < LONGEST, "{place}: {now:?}");
    match world.finish().unwrap_or_else(|fault| panic!("{place}: {fault}")) {
        Over::LoginFailed(_) => runs.logins_failed += 1,
        Over::Session(End::LoggedOut(..)) => runs.complete += 1,
        Over::Session(End::Failed(Failure::Closed | Failure::Lost(_) | Failure::Silent(_))) if left == 0 => {
            runs.logouts_failed += 1;
        }
        Over::Session(other) => panic!("{place}: {other:?}"),
    }
}

/// Cuts at one place, lets the initiator log in again, and cuts that login, too, in front of every third byte or fewer.
fn cut_again(cut: &World<'_>, ending: Ending, place: &str, runs: &mut Runs) {
    let is_over = |world: &World<'_>| world.over().is_some() || world.sessions() > 1;
    let stride = if is_long() { 3 } else { 97 };
    let mut second = cut.clone();
    while second.over().is_none() && !second.is_connecting() {
        second.turn().unwrap_or_else(|fault| panic!("{place}: {fault}"));
    }
    at_every_byte(second, stride, is_over, |world, direction, count| {
        let place = format!("{place}, then after {count} bytes of {direction:?} in {world:?}");
        finish(self::cut(world, direction, count, ending), &place, runs);
        runs.second_cuts += 1;
    });
}

/// Cuts everywhere: all operations end as they should, no acknowledged data differ, nothing hangs.
fn cut_everywhere(variant: Variant) -> Runs {
    let setup = Setup::new(variant);
    let mut world = World::new(&setup, &PipeSettings::default(), &Seed::new(1));
    world.act().unwrap();
    let mut runs = Runs::default();
    // Every place after every one would be millions of runs for each variant.
    let (stride, between) = if is_long() { (1, 199) } else { (STRIDE, 20) };
    let world = at_every_byte(
        world,
        stride,
        |world| world.over().is_some(),
        |world, direction, count| {
            for ending in ENDINGS {
                let place = format!("{ending:?} after {count} bytes of {direction:?} in {world:?}");
                let cut = cut(world, direction, count, ending);
                if runs.places % between == 0 {
                    cut_again(&cut, ending, &place, &mut runs);
                }
                finish(cut, &place, &mut runs);
            }
            runs.places += 1;
        },
    );
    world.finish().unwrap();
    runs
}

fn check(variant: Variant) {
    let began = Instant::now();
    let runs = cut_everywhere(variant);
    println!("{runs:?} in {:?}", began.elapsed());
    assert!(
        runs.places > 250 && runs.complete > 600 && runs.logins_failed > 5 && runs.second_cuts > 20,
        "{runs:?}"
    );
}

#[test]
fn every_byte_with_immediate_and_unsolicited_data() {
    check(variant());
}

#[test]
fn every_byte_with_solicited_data_only_and_a_write_cache() {
    let (initial_r2t, immediate_data, max_outstanding_r2t) = (true, false, 3);
    check(Variant { initial_r2t, immediate_data, max_outstanding_r2t, write_cache: true, ..variant() });
}

#[test]
fn every_byte_with_digests_and_a_shared_unit() {
    let recovery = RecoveryPolicy::default();
    check(Variant { digests: true, unit_attention: true, recovery: Some(recovery), ..Variant::default() });
}

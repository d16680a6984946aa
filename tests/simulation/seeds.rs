//! Courses that are drawn from a seed: delays, pieces, damage, a closing window, restarts, unit attentions.

use std::time::{Duration, Instant};

use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::world::{Direction, Event, Over, PipeSettings, Seed, Setup, Variant, World};

use crate::is_long;

/// The seeds of a run in CI, and of a long one.
const SHORT_RUN: u64 = 4000;
const LONG_RUN: u64 = 1_000_000;
const MICROSECOND: Duration = Duration::from_micros(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What a seed has drawn.
struct Course {
    variant: Variant,
    pipes: PipeSettings,
    /// Offsets at which bytes are damaged.
    damages: Vec<(Direction, u64)>,
    events: Vec<(Duration, Event)>,
}

impl Course {
    fn draw(seed: &mut Seed) -> Self {
        // Without digests nobody can notice damage.
        let is_damaged = seed.one_in(4);
        let variant = Variant {
            initial_r2t: seed.one_in(2),
            immediate_data: seed.one_in(2),
            digests: is_damaged || seed.one_in(4),
            max_outstanding_r2t: if seed.one_in(2) { 1 } else { 3 },
            write_cache: seed.one_in(2),
            unit_attention: seed.one_in(2),
        };
        // Byte by byte a course takes long to compute, so few are that fine.
        let finest = usize::from(!seed.one_in(500));
        // A pipe passes its capacity once per latency, so a narrow one is fast: otherwise no command would end in time.
        let (capacity, slowest) = [
            (1, 50 * MICROSECOND),
            (600, 5 * MILLISECOND),
            (5000, 20 * MILLISECOND),
            (1 << 16, 100 * MILLISECOND),
        ][seed.length(finest..=3)];
        let latency = Duration::ZERO..=seed.duration(&(Duration::ZERO..=slowest));
        let pieces = [1..=1, 1..=600, 1..=3000, usize::MAX..=usize::MAX][seed.length(finest..=3)].clone();
        let pipes = PipeSettings { latency, pieces, capacity };
        let damages = if is_damaged { vec![damage(seed)] } else { Vec::new() };
        let count = seed.integer(0..=4);
        let events = (0..count).map(|_| event(seed)).collect();
        Self { variant, pipes, damages, events }
    }
}

/// A byte behind the login, whose PDUs have no digests.
fn damage(seed: &mut Seed) -> (Direction, u64) {
    let direction = if seed.one_in(2) { Direction::ToTarget } else { Direction::ToInitiator };
    (direction, seed.integer(3000..=60_000))
}

fn event(seed: &mut Seed) -> (Duration, Event) {
    let at = seed.duration(&(Duration::ZERO..=3 * SECOND));
    let event = match seed.integer(0..=5) {
        0 => Event::Restart,
        1 => Event::Attention(Sense::POWER_ON),
        2 | 3 => Event::Window(u32::try_from(seed.integer(0..=9)).unwrap()),
        _ => Event::ShowNumbers,
    };
    (at, event)
}

/// Runs the course of a seed.
fn run(number: u64) -> Result<Over, String> {
    let seed = Seed::new(number);
    let course = Course::draw(&mut seed.part("course"));
    let setup = Setup::new(course.variant);
    let mut world = World::new(&setup, &course.pipes, &seed);
    let mut damage = seed.part("damage");
    for (direction, offset) in course.damages {
        world.damage(direction, offset, damage.damage());
    }
    for (at, event) in course.events {
        world.schedule(at, event);
        // A window that closed opens again, or the commands behind it would rightly wait for ever.
        if matches!(event, Event::Window(_)) {
            world.schedule(at + SECOND, Event::Window(8));
            world.schedule(at + SECOND, Event::ShowNumbers);
        }
    }
    world.act().map_err(|fault| fault.to_string())?;
    world.run().map_err(|fault| fault.to_string())
}

/// Runs one seed or many, and names each that fails with the command that repeats it.
#[test]
fn courses_of_many_seeds() {
    if let Ok(seed) = std::env::var("ISCSI_TESTS_SEED") {
        let outcome = run(seed.parse().expect("a number"));
        return assert!(outcome.is_ok(), "{outcome:?}");
    }
    let began = Instant::now();
    let (mut logged_out, mut failed) = (0, 0);
    for number in 0..if is_long() { LONG_RUN } else { SHORT_RUN } {
        match run(number) {
            Ok(Over::Session(End::LoggedOut(..))) => logged_out += 1,
            Ok(
                Over::LoginFailed(_)
                | Over::Session(End::Failed(Failure::Lost(_) | Failure::Digest(_) | Failure::Format(_))),
            ) => failed += 1,
            outcome => panic!(
                "{outcome:?}; again: ISCSI_TESTS_SEED={number} cargo test -p iscsi-tests --test simulation \
                 courses_of_many_seeds"
            ),
        }
    }
    println!("{logged_out} logged out, {failed} sessions or logins failed, in {:?}", began.elapsed());
    assert!(logged_out > 1000 && failed > 500);
}

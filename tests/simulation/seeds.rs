//! Courses that are drawn from a seed: delays, pieces, damage, a closing window, restarts, unit attentions.

use std::time::{Duration, Instant};

use iscsi_initiator::engine::{End, Failure};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::world::{Direction, Event, Over, PipeSettings, Seed, Setup, Variant, World};

use crate::is_long;

/// The seeds of a run in CI, and of a long one.
const SHORT_RUN: u64 = 4000;
const LONG_RUN: u64 = 1_000_000;
/// The seeds that may fail before a run ends.
const MOST_FAILURES: u64 = 20;
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
            ..Variant::default()
        };
        let pipes = draw_pipes(seed);
        let damages = if is_damaged { vec![damage(seed)] } else { Vec::new() };
        let count = seed.integer(0..=4);
        let events = (0..count).map(|_| event(seed)).collect();
        Self { variant, pipes, damages, events }
    }
}

impl Course {
    /// Whether a session that has ended so was logged out; `None` if nothing of this course explains the end.
    fn explains(&self, over: &Over, is_target_misled: bool) -> Option<bool> {
        let is_restarted = self.events.iter().any(|(_, event)| *event == Event::Restart);
        let is_damaged = |direction| self.damages.iter().any(|damage| damage.0 == direction);
        let (is_logged_out, is_explained) = match over {
            Over::Session(End::LoggedOut(..)) => (true, true),
            Over::LoginFailed(_) => (false, is_restarted),
            Over::Session(End::Failed(failure)) => (
                false,
                match failure {
                    Failure::Closed | Failure::Lost(_) => is_restarted || is_damaged(Direction::ToTarget),
                    Failure::Digest(_) => is_damaged(Direction::ToInitiator),
                    Failure::Silent(_) => is_damaged(Direction::ToTarget) && is_target_misled,
                    _ => false,
                },
            ),
        };
        is_explained.then_some(is_logged_out)
    }
}

/// Pipes that are wide or narrow, fast or slow, and deliver in small or large pieces.
pub(super) fn draw_pipes(seed: &mut Seed) -> PipeSettings {
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
    PipeSettings { latency, pieces, capacity }
}

/// A byte behind the login, whose PDUs have no digests.
pub(super) fn damage(seed: &mut Seed) -> (Direction, u64) {
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

/// The world of a course, with everything that will happen to it.
fn world<'a>(setup: &'a Setup, course: &Course, seed: &Seed) -> World<'a> {
    let mut world = World::new(setup, &course.pipes, seed);
    let mut damage = seed.part("damage");
    for &(direction, offset) in &course.damages {
        world.damage(direction, offset, damage.damage());
    }
    for &(at, event) in &course.events {
        world.schedule(at, event);
        // A window that closed opens again, or the commands behind it would rightly wait for ever.
        if matches!(event, Event::Window(_)) {
            world.schedule(at + SECOND, Event::Window(8));
            world.schedule(at + SECOND, Event::ShowNumbers);
        }
    }
    world
}

/// Runs the course of a seed; true if the session was logged out, false if it failed for a reason that the course has.
fn run(number: u64) -> Result<bool, String> {
    let seed = Seed::new(number);
    let course = Course::draw(&mut seed.part("course"));
    let setup = Setup::new(course.variant);
    let mut world = world(&setup, &course, &seed);
    world.act().map_err(|fault| fault.to_string())?;
    while world.over().is_none() {
        world.turn().map_err(|fault| fault.to_string())?;
    }
    // A misled target and an initiator with all its commands in flight both wait, until the limit of a command ends that.
    let is_misled = world.is_target_misled();
    let over = world.finish().map_err(|fault| fault.to_string())?;
    course.explains(&over, is_misled).ok_or_else(|| format!("{over:?}"))
}

/// The command that runs one seed of a test again.
fn command(test: &str, number: u64) -> String {
    format!("ISCSI_TESTS_SEED={number} cargo test -p iscsi-tests --test simulation {test}")
}

/// A number in an environment variable.
fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Runs one seed or many of a test, and names each that fails with the command that repeats it. Returns the number of seeds, and
/// of those whose sessions were logged out.
pub(super) fn run_seeds(test: &str, run: fn(u64) -> Result<bool, String>) -> Option<(u64, u64)> {
    if let Some(seed) = variable("ISCSI_TESTS_SEED") {
        assert_eq!(run(seed).err(), None);
        return None;
    }
    let began = Instant::now();
    let first = variable("ISCSI_TESTS_FIRST_SEED").unwrap_or(0);
    let seeds = first..if is_long() { LONG_RUN } else { SHORT_RUN };
    let count = seeds.end.saturating_sub(first);
    let (mut logged_out, mut failed, mut wrong) = (0, 0, 0);
    for number in seeds {
        match run(number) {
            Ok(true) => logged_out += 1,
            Ok(false) => failed += 1,
            Err(outcome) => {
                println!("{outcome}; again: {}", command(test, number));
                wrong += 1;
                assert!(wrong < MOST_FAILURES, "{wrong} seeds failed; the last: {}", command(test, number));
            }
        }
    }
    println!("{logged_out} logged out, {failed} sessions or logins failed, in {:?}", began.elapsed());
    assert_eq!(wrong, 0, "seeds failed");
    Some((count, logged_out))
}

#[test]
fn courses_of_many_seeds() {
    let Some((count, logged_out)) = run_seeds("courses_of_many_seeds", run) else { return };
    let failed = count - logged_out;
    assert!(
        logged_out > count / 4 && failed > count / 8,
        "of {count}, {logged_out} logged out, {failed} failed"
    );
}

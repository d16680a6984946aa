//! Courses with recovery that are drawn from a seed: cuts, partitions, restarts with a lost cache, damage, a closing window, slow
//! commands, another unit under the LUN, another initiator, and other secrets and settings at a later login.

use std::time::Duration;

use iscsi_initiator::engine::{End, Failure};
use iscsi_initiator::{RecoveryPolicy, Requirement};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::world::{
    DISK, Direction, Ending, Event, Extent, Later, LaterSecrets, Over, PipeSettings, Reach, Replacement,
    Seed, Setup, Variant, World,
};

use crate::seeds::{damage, draw_pipes, run_seeds};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// No course takes longer: a few silent cuts, each noticed by the limits of a command, once more since data had moved, and of a
/// ping, and as many pauses.
const LONGEST: Duration = Duration::from_mins(30);
/// The most turns of a course.
const MOST_TURNS: u32 = 500_000;
/// The commands that take time: READ (10), WRITE (10), SYNCHRONIZE CACHE (10), PERSISTENT RESERVE OUT.
const SLOW: [u8; 4] = [0x28, 0x2a, 0x35, 0x5f];

/// What a seed has drawn.
struct Course {
    variant: Variant,
    pipes: PipeSettings,
    /// Offsets at which bytes of the first connection are damaged.
    damages: Vec<(Direction, u64)>,
    events: Vec<(Duration, Event)>,
}

impl Course {
    fn draw(seed: &mut Seed) -> Self {
        let variant = draw_variant(seed);
        let pipes = draw_pipes(seed);
        let damages = if variant.digests && seed.one_in(2) { vec![damage(seed)] } else { Vec::new() };
        let service_time = [0, 1, 30, 500][seed.length(0..=3)] * MILLISECOND;
        let mut events: Vec<_> = SLOW
            .iter()
            .map(|operation| (Duration::ZERO, Event::ServiceTime(*operation, service_time)))
            .collect();
        // So long does the workload take, roughly.
        let span = 30 * (service_time + 2 * *pipes.latency.end()) + 10 * MILLISECOND;
        for _ in 0..seed.integer(1..=5) {
            let at = seed.duration(&(Duration::ZERO..=span));
            add_event(at, &variant, seed, &mut events);
        }
        Self { variant, pipes, damages, events }
    }

    fn has(&self, is_it: fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(_, event)| is_it(event))
    }

    /// Whether the course has what ends a session for good.
    fn is_final(&self) -> bool {
        let is_refused = self.has(|event| *event == Event::Reconfigure) && !self.variant.later.admits_login();
        is_refused || self.has(|event| matches!(event, Event::Replace(_)))
    }

    /// Whether the target closes connections so often that it may do so twice right after a login: the session then seems to be
    /// taken over.
    fn may_seem_taken_over(&self) -> bool {
        let closes = |event: &Event| {
            matches!(event, Event::Restart | Event::Drop { .. } | Event::Cut(_, Ending::EndOfStream))
        };
        self.events.iter().filter(|(_, event)| closes(event)).count() >= 2
    }

    /// Whether a session that has ended so was logged out; `None` if nothing of this course explains the end.
    fn explains(&self, over: &Over, left: usize) -> Option<bool> {
        let is_lost = !self.damages.is_empty()
            || self.has(|event| {
                matches!(event, Event::Cut(..) | Event::Restart | Event::Drop { .. } | Event::Replace(_))
            });
        match over {
            Over::Session(End::LoggedOut(..)) => Some(true),
            Over::LoginFailed(_) => is_lost.then_some(false),
            Over::Session(End::Failed(Failure::Closed)) if self.may_seem_taken_over() => Some(false),
            // The logout was cut, or there can be no other session.
            Over::Session(End::Failed(_)) => (is_lost && (left == 0 || self.is_final())).then_some(false),
        }
    }
}

fn draw_variant(seed: &mut Seed) -> Variant {
    let mut policy = RecoveryPolicy::default();
    policy.is_shared = seed.one_in(3);
    policy.reconnect_delay = [10, 1000][seed.length(0..=1)] * MILLISECOND;
    Variant {
        initial_r2t: seed.one_in(2),
        immediate_data: seed.one_in(2),
        digests: seed.one_in(3),
        max_outstanding_r2t: if seed.one_in(2) { 1 } else { 3 },
        write_cache: seed.one_in(2),
        unit_attention: seed.one_in(4),
        nexus_loss_attention: seed.one_in(3),
        is_named: !seed.one_in(10),
        recovery: Some(policy),
        later: draw_later(seed),
        depth: seed.length(1..=12),
        ..Variant::default()
    }
}

fn draw_later(seed: &mut Seed) -> Later {
    use LaterSecrets::{Renewed, RenewedAtTarget, ReverseForgotten, Same};
    let is_weaker = seed.one_in(4);
    let authentications = [Requirement::None, Requirement::Chap, Requirement::Mutual];
    Later {
        portal_group: if seed.one_in(3) { 2 } else { 1 },
        authentication: if is_weaker { authentications[seed.length(0..=2)] } else { Requirement::Mutual },
        secrets: if is_weaker {
            [Same, RenewedAtTarget, ReverseForgotten][seed.length(0..=2)]
        } else {
            [Same, Renewed][seed.length(0..=1)]
        },
        has_other_parameters: seed.one_in(2),
    }
}

fn draw_cut(seed: &mut Seed) -> Event {
    let ending = [Ending::EndOfStream, Ending::Reset, Ending::Silence][seed.length(0..=2)];
    Event::Cut(Direction::BOTH[seed.length(0..=1)], ending)
}

/// Adds an event, and what belongs to it.
fn add_event(at: Duration, variant: &Variant, seed: &mut Seed, events: &mut Vec<(Duration, Event)>) {
    let while_it_lasts = seed.duration(&(MILLISECOND..=20 * SECOND));
    let mut add = |after: Duration, event| events.push((at + after, event));
    match seed.integer(0..=13) {
        0..=3 => add(Duration::ZERO, draw_cut(seed)),
        4 | 5 => add(Duration::ZERO, Event::Restart),
        6 => {
            let reach = if seed.one_in(2) { Reach::Refused } else { Reach::Silence };
            add(Duration::ZERO, draw_cut(seed));
            add(Duration::ZERO, Event::Reach(reach));
            add(while_it_lasts, Event::Reach(Reach::Open));
        }
        7 => {
            // A window that closed opens again, or the commands behind it would rightly wait for ever.
            add(Duration::ZERO, Event::Window(u32::try_from(seed.integer(0..=3)).unwrap()));
            add(SECOND, Event::Window(8));
            add(SECOND, Event::ShowNumbers);
        }
        8 => {
            add(Duration::ZERO, draw_cut(seed));
            add(Duration::ZERO, Event::Ready(false));
            add(while_it_lasts, Event::Ready(true));
        }
        9 => {
            let slow = SLOW[seed.length(0..=3)];
            add(Duration::ZERO, Event::ServiceTime(slow, 10 * while_it_lasts));
            add(while_it_lasts / 100, Event::ServiceTime(slow, Duration::ZERO));
        }
        10 => {
            add(Duration::ZERO, Event::Reconfigure);
            add(Duration::ZERO, draw_cut(seed));
        }
        11 if variant.is_named => {
            let replacement = [Replacement::Named, Replacement::Larger, Replacement::OtherBlocks];
            add(Duration::ZERO, Event::Replace(replacement[seed.length(0..=2)]));
        }
        12 if variant.recovery.is_some_and(|policy| policy.is_shared) => {
            let blocks = u32::try_from(seed.integer(1..=3)).unwrap();
            let extent = Extent { lba: seed.integer(0..=DISK.blocks - u64::from(blocks)), blocks };
            add(Duration::ZERO, draw_cut(seed));
            add(seed.duration(&(Duration::ZERO..=SECOND)), Event::WriteForAnother(extent));
        }
        13 => add(Duration::ZERO, Event::Drop { time2wait: u16::try_from(seed.integer(0..=5)).unwrap() }),
        _ => add(Duration::ZERO, Event::Attention(Sense::POWER_ON)),
    }
}

/// Runs the course of a seed; true if the session was logged out, false if it failed for a reason that the course has.
fn run(number: u64) -> Result<bool, String> {
    let seed = Seed::new(number);
    let course = Course::draw(&mut seed.part("course"));
    let setup = Setup::new(course.variant);
    let mut world = World::new(&setup, &course.pipes, &seed);
    let mut bits = seed.part("damage");
    for &(direction, offset) in &course.damages {
        world.damage(direction, offset, bits.damage());
    }
    course.events.iter().for_each(|&(at, event)| world.schedule(at, event));
    world.act().map_err(|fault| fault.to_string())?;
    let mut turns = 0;
    while world.over().is_none() {
        turns += 1;
        if turns > MOST_TURNS {
            return Err(format!("no end of {world:?} with {:?} {:?}", course.pipes, course.events));
        }
        world.turn().map_err(|fault| format!("{fault} in {world:?} with {:?}", course.events))?;
    }
    let (left, now) = (world.left(), world.now());
    let over =
        world.finish().map_err(|fault| format!("{fault} with {:?} {:?}", course.variant, course.events))?;
    if now > LONGEST {
        return Err(format!("{over:?} after {now:?}"));
    }
    course.explains(&over, left).ok_or_else(|| format!("{over:?} with {:?}", course.events))
}

/// Data agree with the model, nothing runs twice unreported, nothing hangs, and all ends within its time.
#[test]
fn recoveries_of_many_seeds() {
    let Some((count, logged_out)) = run_seeds("recoveries_of_many_seeds", run) else { return };
    assert!(logged_out > count / 2 && logged_out < count, "of {count}, {logged_out} logged out");
}

//! Trap 11: attempts without end.

use iscsi_initiator::engine::{NexusEvent, Phase};
use iscsi_tests::world::{Event, Reach, Setup, Variant};

use super::*;

/// A world with a write that is being carried out.
fn world_with_a_write(setup: &Setup) -> World<'_> {
    let mut world = world(setup, &[write(0), write(1)]);
    run_until_slow(&mut world, WRITE, 1);
    world
}

/// The time that the target wants passes before any attempt.
#[test]
fn trap_11_the_target_determines_the_first_pause() {
    let setup = Setup::new(variant());
    let mut world = world_with_a_write(&setup);
    let began = world.now();
    happen(&mut world, Event::Drop { time2wait: 7 });
    run_until(&mut world, |world| world.sessions() == 2);
    assert!((began + 7 * SECOND..=began + 8 * SECOND).contains(&world.now()), "{:?}", world.now());
    complete(world);
}

/// Pauses double up to the longest, and the attempts end with their time.
#[test]
fn trap_11_attempts_are_limited_in_time() {
    let (policy, setup) = (RecoveryPolicy::default(), Setup::new(variant()));
    let mut world = world_with_a_write(&setup);
    happen(&mut world, Event::Reach(Reach::Refused));
    reset(&mut world);
    let mut attempts = Vec::new();
    while world.over().is_none() {
        let (now, count) = (world.now(), world.status().unwrap().attempts);
        world.turn().unwrap();
        if world.status().is_some_and(|status| status.attempts > count) {
            attempts.push(now);
        }
    }
    let pauses: Vec<_> = attempts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let longest = policy.longest_reconnect_delay;
    assert!((20..=45).contains(&attempts.len()), "{attempts:?}");
    assert!(pauses.iter().all(|pause| (SECOND..=longest).contains(pause)), "{pauses:?}");
    assert!(pauses[6..].iter().all(|pause| *pause >= longest / 2), "{pauses:?}");
    assert!(world.now() <= policy.loss_timeout + SECOND, "{:?}", world.now());
    fail(world, "");
}

/// Sessions in which nothing succeeds are attempts like any other: their number is limited.
#[test]
fn trap_11_only_a_command_that_succeeds_begins_the_attempts_anew() {
    let mut policy = RecoveryPolicy::default();
    policy.most_attempts = 5;
    let setup = Setup::new(Variant { recovery: Some(policy), ..variant() });
    for is_answered in [false, true] {
        let mut world = world_with_a_write(&setup);
        reset(&mut world);
        for _ in 0..5 {
            run_until(&mut world, |world| world.is_in(Phase::Probing));
            if is_answered {
                happen(&mut world, Event::ServiceTime(WRITE, LONG));
                run_until(&mut world, |world| world.running() == 1);
            }
            assert_eq!(world.over(), None);
            reset(&mut world);
        }
        run(&mut world);
        assert_eq!(executed(&world, WRITE), []);
        fail(world, "");
    }
}

/// Brings a world into a phase of its nexus.
fn bring_into(world: &mut World<'_>, phase: Phase) {
    match phase {
        Phase::Up => return,
        Phase::Connecting => happen(world, Event::Reach(Reach::Silence)),
        Phase::Replaying => happen(world, Event::ServiceTime(WRITE, LONG)),
        _ => {}
    }
    reset(world);
    // Commands that are sent again have arrived.
    let running = usize::from(phase == Phase::Replaying);
    run_until(world, |world| world.is_in(phase) && world.running() == running);
}

const PHASES: [Phase; 5] = [Phase::Up, Phase::Waiting, Phase::Connecting, Phase::Probing, Phase::Replaying];

/// A caller may have the session rest in every phase, and wake it.
#[test]
fn trap_11_a_caller_may_suspend_the_attempts_in_every_phase() {
    for event in [NexusEvent::Resume, NexusEvent::ReconnectNow] {
        for phase in PHASES {
            let setup = Setup::new(variant());
            let mut world = world_with_a_write(&setup);
            bring_into(&mut world, phase);
            world.tell(NexusEvent::Suspend);
            world.act().unwrap();
            let sessions = world.sessions();
            happen(&mut world, Event::Reach(Reach::Open));
            happen(&mut world, Event::ServiceTime(WRITE, Duration::ZERO));
            let later = world.now() + 60 * SECOND;
            world.schedule(later, Event::ShowNumbers);
            run_until(&mut world, |world| {
                assert!(world.is_in(Phase::Suspended), "{phase:?}");
                world.now() >= later
            });
            assert_eq!((world.sessions(), executed(&world, WRITE)), (sessions, vec![]), "{phase:?}");
            world.tell(event);
            run(&mut world);
            assert_eq!(executed(&world, WRITE), [1, 2], "{phase:?}");
            complete(world);
        }
    }
}

/// When nobody wants the session any more, that is the end in every phase.
#[test]
fn trap_11_nothing_is_attempted_for_nobody() {
    for phase in [Phase::Waiting, Phase::Connecting, Phase::Probing] {
        let setup = Setup::new(variant());
        let mut world = world_with_a_write(&setup);
        bring_into(&mut world, phase);
        world.tell(NexusEvent::NotWanted);
        let told_at = world.now();
        run(&mut world);
        assert_eq!((world.now(), executed(&world, WRITE)), (told_at, vec![]), "{phase:?}");
        // A session that is there is logged out.
        if phase == Phase::Probing { complete(world) } else { fail(world, "") }
    }
}

/// Sessions that the target closes three times in a row right after their login were taken over by another initiator of the same name.
/// To take it back again and again would replay writes for ever.
#[test]
fn trap_11_a_session_that_is_taken_over_three_times_in_a_row_is_given_up() {
    let setup = Setup::new(variant());
    let mut world = world_with_a_write(&setup);
    reset(&mut world);
    for _ in 0..3 {
        run_until(&mut world, |world| world.is_in(Phase::Probing));
        assert_eq!(world.over(), None);
        happen(&mut world, Event::Cut(Direction::ToInitiator, Ending::EndOfStream));
        world.deliver(Direction::ToInitiator, usize::MAX);
        world.act().unwrap();
    }
    run(&mut world);
    assert_eq!((world.target().report().normal_sessions, executed(&world, WRITE)), (4, vec![]));
    let over = world.finish().unwrap();
    assert!(matches!(over, Over::Session(End::Failed(_))), "{over:?}");
}

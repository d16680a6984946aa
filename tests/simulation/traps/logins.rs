//! Trap 9: the new session differs from the one before.

use iscsi_initiator::Requirement;
use iscsi_tests::world::{Event, Later, LaterSecrets, Setup, Variant};

use super::*;

/// Commands are kept, PDUs are not: they obey the parameters of the new session.
#[test]
fn trap_09_what_is_sent_again_obeys_the_new_parameters() {
    let later = Later { has_other_parameters: true, ..Later::SAME };
    // Some of the data of a write are on their way when the connection is lost.
    let millisecond = Duration::from_millis(1);
    let pipes = PipeSettings { latency: millisecond..=millisecond, pieces: 1..=700, capacity: 1 << 16 };
    for (initial_r2t, immediate_data) in [(false, false), (false, true), (true, false), (true, true)] {
        let setup = Setup::new(Variant { initial_r2t, immediate_data, later, depth: 8, ..variant() });
        let mut runs = 0;
        for offset in (4000..40_000).step_by(3700) {
            let workload = Workload::new(DISK, Seed::new(offset));
            let mut world = world_over(&setup, &pipes, workload);
            run_until(&mut world, |world| world.crossed(Direction::ToTarget) >= offset);
            happen(&mut world, Event::Reconfigure);
            reset(&mut world);
            complete(world);
            runs += 1;
        }
        assert_eq!(runs, 10);
    }
}

/// A login that recovers has no less authentication than the first one, whatever the target and the store have become. If it
/// cannot, that is the end, and nothing was sent.
#[test]
fn trap_09_less_authentication_than_before_is_the_end() {
    for (authentication, secrets) in [
        (Requirement::None, LaterSecrets::Same),
        (Requirement::Chap, LaterSecrets::Same),
        (Requirement::Chap, LaterSecrets::ReverseForgotten),
        (Requirement::Mutual, LaterSecrets::RenewedAtTarget),
        (Requirement::Mutual, LaterSecrets::ReverseForgotten),
    ] {
        let later = Later { authentication, secrets, ..Later::SAME };
        assert!(!later.admits_login());
        let setup = Setup::new(Variant { later, ..variant() });
        let mut world = world(&setup, &[write(0), write(1)]);
        run_until_slow(&mut world, WRITE, 1);
        happen(&mut world, Event::Reconfigure);
        reset(&mut world);
        run(&mut world);
        assert_eq!(
            (executed(&world, WRITE), world.target().report().normal_sessions),
            (vec![], 1),
            "{later:?}"
        );
        assert!(world.now() < 3 * SECOND, "{later:?}: {:?}", world.now());
        fail(world, "");
    }
}

/// Secrets that were renewed on both sides meanwhile are those of the next login.
#[test]
fn trap_09_renewed_secrets_are_taken() {
    let later = Later { secrets: LaterSecrets::Renewed, ..Later::SAME };
    let setup = Setup::new(Variant { later, ..variant() });
    let mut world = world(&setup, &[write(0), write(1)]);
    run_until_slow(&mut world, WRITE, 1);
    happen(&mut world, Event::Reconfigure);
    reset(&mut world);
    run(&mut world);
    assert_eq!((executed(&world, WRITE), world.target().report().mutual_sessions), (vec![1, 2], 2));
    complete(world);
}

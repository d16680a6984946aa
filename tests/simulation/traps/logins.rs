//! Trap 9: the new session differs from the one before.

use iscsi_initiator::Requirement;
use iscsi_tests::world::{Event, Later, LaterSecrets, Setup, Variant};

use super::*;

/// Commands are kept, PDUs are not: they obey the parameters of the new session.
#[test]
fn trap_09_what_is_sent_again_obeys_the_new_parameters() {
    let later = Later { has_other_parameters: true, ..Later::SAME };
    for (initial_r2t, immediate_data) in [(false, false), (false, true), (true, false), (true, true)] {
        let setup = Setup::new(Variant { initial_r2t, immediate_data, later, depth: 8, ..variant() });
        let mut runs = 0;
        for left in (12..70).step_by(6) {
            let workload = Workload::new(DISK, Seed::new(left));
            let mut world = world_over(&setup, &PipeSettings::default(), workload);
            run_until(&mut world, |world| world.left() as u64 <= left);
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

//! Precedence of the target's own reverse secret, the default one, and a cleared one.

use iscsi_tests::external_targets::Capture;

use super::{CLEARED, FORWARD, REVERSE, Stage, WRONG, WRONG_ANSWER, both_authenticated};

#[test]
fn a_global_secret_counts_for_a_target_without_one() {
    let stage = Stage::new();
    stage.log_in().expect(&[0]).shows("the target did not");
    stage.run("login", &["--auth", "mutual"]).expect(&[4]).complains("no secret of the target is known");
    stage.set_global(REVERSE.1);
    both_authenticated(stage.log_in());
    both_authenticated(stage.run("login", &["--auth", "mutual"]));

    stage.set_global(WRONG);
    stage.log_in().expect(&[4]).complains(WRONG_ANSWER);
    stage.store_reverse(&["--global"], "somebody", REVERSE.1);
    stage.log_in().expect(&[4]).complains("somebody");

    // Without the secret mutual CHAP is no longer required, unless an option requires it.
    stage.user.run(&["secret", "clear", "--global"]).expect(&[0]);
    stage.run("login", &["--auth", "mutual"]).expect(&[4]).complains("no secret of the target is known");
    stage.log_in().expect(&[0]).shows("the target did not");
}

/// Control for these tests: without the store, the login fails.
#[test]
fn nothing_but_the_store_holds_the_secrets() {
    let stage = Stage::new();
    stage.set(REVERSE.1);
    both_authenticated(stage.log_in());
    std::fs::rename(stage.user.path("store"), stage.user.path("elsewhere")).unwrap();
    stage.log_in().expect(&[3]);
    let elsewhere = stage.user.path("elsewhere");
    both_authenticated(stage.run("login", &["--store", elsewhere.to_str().unwrap()]));
    for file in std::fs::read_dir(elsewhere).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for (_, secret) in [FORWARD, REVERSE] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is legible in {}", file.display());
        }
    }
}

#[test]
fn a_secret_of_the_target_counts_and_the_global_one_does_not() {
    let stage = Stage::new();
    stage.set_global(WRONG);
    stage.set(REVERSE.1);
    both_authenticated(stage.log_in());
    stage.set_global(REVERSE.1);
    stage.set(WRONG);
    stage.log_in().expect(&[4]).complains(WRONG_ANSWER);
}

/// The one connection of the record is that of the last login, which shows that the record would have the others.
#[test]
fn a_cleared_secret_fails_every_login_without_a_connection() {
    let stage = Stage::new();
    stage.set_global(REVERSE.1);
    stage.set(REVERSE.1);
    stage.take_out("clear");
    let capture = Capture::start(stage.tgt.portal().port());
    for command in ["login", "luns", "info"] {
        stage.run(command, &[]).expect(&[4]).complains(CLEARED);
    }
    stage.run("login", &["--auth", "mutual"]).expect(&[4]).complains(CLEARED);
    stage.set(REVERSE.1);
    both_authenticated(stage.log_in());

    let dissection = capture.stop();
    let attempts = dissection.fields("tcp.flags.syn == 1 && tcp.flags.ack == 0", &["frame.number"]);
    assert_eq!(attempts.len(), 1, "{attempts:?}");
}

#[test]
fn a_forgotten_secret_leaves_the_target_to_the_global_one() {
    let stage = Stage::new();
    stage.set_global(REVERSE.1);
    stage.set(WRONG);
    stage.take_out("clear");
    stage.log_in().expect(&[4]).complains(CLEARED);
    stage.take_out("forget");
    // The forward secret is removed as well, but the default reverse secret requires mutual CHAP, which needs one.
    stage.log_in().expect(&[4]).complains("no secret of the initiator is known");
    stage.remember(FORWARD.1);
    both_authenticated(stage.log_in());

    stage.set_global(WRONG);
    stage.log_in().expect(&[4]).complains(WRONG_ANSWER);
}

//! Secrets that another run of the program changes while a login is under way: a login ends with the secrets it began
//! with, and the next one begins with the new ones.

use std::ops::RangeInclusive;

use super::{CLEARED, FORWARD, Outcome, REVERSE, Stage, WRONG, WRONG_ANSWER, both_authenticated};
use crate::relay::Relay;

/// The answers at which a login can be held before both sides have authenticated themselves.
const ANSWERS: RangeInclusive<usize> = 1..=3;

impl Stage {
    /// Logs in, and makes a change while the target's answer of this number is held back.
    #[track_caller]
    fn log_in_during(&self, answer: usize, change: impl FnOnce()) -> Outcome {
        let mut relay = Relay::holding_answer(answer, self.tgt.portal());
        let url = format!("iscsi://{}/{}", relay.portal(), self.iqn());
        let mut login = self.user.start(&["login", &url]);
        let under_way = relay.holds();
        change();
        let under_way = under_way && login.try_wait().unwrap().is_none();
        relay.let_go();
        let outcome = Outcome::of(login);
        let Outcome { code, stdout, stderr } = &outcome;
        assert!(
            under_way,
            "not under way at answer {answer}: exit code {code}\nstdout: {stdout}\nstderr: {stderr}"
        );
        outcome
    }
}

#[test]
fn the_reverse_secret_of_the_target() {
    let stage = Stage::new();
    stage.set(REVERSE.1);
    for answer in ANSWERS {
        both_authenticated(stage.log_in_during(answer, || stage.set(WRONG)));
        stage.log_in().expect(&[4]);
        stage.log_in_during(answer, || stage.set(REVERSE.1)).expect(&[4]).complains(WRONG_ANSWER);
        both_authenticated(stage.log_in());
    }
}

#[test]
fn the_default_reverse_secret() {
    let stage = Stage::new();
    stage.set_global(REVERSE.1);
    for answer in ANSWERS {
        both_authenticated(stage.log_in_during(answer, || stage.set_global(WRONG)));
        stage.log_in().expect(&[4]);
        stage.log_in_during(answer, || stage.set_global(REVERSE.1)).expect(&[4]).complains(WRONG_ANSWER);
        both_authenticated(stage.log_in());
    }
}

#[test]
fn the_forward_secret() {
    let stage = Stage::new();
    stage.set(REVERSE.1);
    for answer in ANSWERS {
        both_authenticated(stage.log_in_during(answer, || stage.remember(WRONG)));
        stage.log_in().expect(&[3]);
        stage.log_in_during(answer, || stage.remember(FORWARD.1)).expect(&[3]);
        both_authenticated(stage.log_in());
    }
}

/// Both at once: no login joins the old secret of one direction with the new one of the other.
#[test]
fn both_directions() {
    let stage = Stage::new();
    let change = |forward, reverse| {
        stage.remember(forward);
        stage.set(reverse);
    };
    change(FORWARD.1, REVERSE.1);
    for answer in ANSWERS {
        both_authenticated(stage.log_in_during(answer, || change(WRONG, "not-the-secret-2")));
        stage.log_in().expect(&[3]);
        stage.log_in_during(answer, || change(FORWARD.1, REVERSE.1)).expect(&[3]);
        both_authenticated(stage.log_in());
    }
}

/// A secret is removed during a login: this login still requires mutual CHAP, and the initiator refuses the next one.
#[test]
fn taken_out() {
    let stage = Stage::new();
    for answer in ANSWERS {
        for secret in [REVERSE.1, WRONG] {
            stage.set(secret);
            let under_way = stage.log_in_during(answer, || stage.take_out("clear"));
            if secret == WRONG {
                under_way.expect(&[4]).complains(WRONG_ANSWER);
            } else {
                both_authenticated(under_way);
            }
            stage.log_in().expect(&[4]).complains(CLEARED);
        }
    }
}

/// A secret that comes to be demanded only after the login began is demanded of the next one.
#[test]
fn put_in() {
    let stage = Stage::new();
    let change = || stage.set(REVERSE.1);
    stage.log_in_during(1, change).expect(&[0]).shows("the target did not");
    both_authenticated(stage.log_in());
}

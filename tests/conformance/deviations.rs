//! Deviations that are tolerated: what they lead to, and what stays refused whether or not they are tolerated.

mod chap;
mod keys;
mod responses;
mod values;

use iscsi_login::initiator::{Completed, Config, SessionType, Step};
use iscsi_login::{Authentication, LoginError, Offer, ProtocolViolation, Strictness};

use crate::scripted::{CHALLENGE, Play, answer, config, grant};

const MD5: (&str, &str) = ("CHAP_A", "5");

const CHAP: (&str, &str) = ("AuthMethod", "CHAP");

/// Settings that tolerate the table.
fn tolerant(authentication: Authentication<'static>) -> Config<'static> {
    Config { strictness: Strictness::Tolerant, ..config(authentication) }
}

fn open() -> Config<'static> {
    tolerant(Authentication::None)
}

fn discovery() -> Config<'static> {
    Config { session_type: SessionType::Discovery, ..open() }
}

/// A login by CHAP, by the mode of the settings, up to the point where the challenge is due.
fn at_challenge(config: Config<'static>) -> Play {
    Play::begin(config).on(|request| answer(request, &[CHAP]))
}

fn at_proof(config: Config<'static>) -> Play {
    at_challenge(config).on(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]))
}

fn complete(step: Result<Step<'_>, LoginError>) -> Completed {
    match step.unwrap() {
        Step::Complete(completed) => completed,
        _ => panic!("not complete"),
    }
}

fn ids(completed: &Completed) -> Vec<&'static str> {
    completed.deviations.iter().map(|observed| observed.deviation.id).collect()
}

/// The outcome of answering the offers of these settings so.
fn answered(config: Config<'static>, keys: &[(&str, &str)]) -> Completed {
    complete(Play::begin(config).step(|request| grant(request, keys)))
}

fn with(change: fn(&mut Offer)) -> Config<'static> {
    let mut offer = Offer::default();
    change(&mut offer);
    Config { offer, ..open() }
}

/// Both modes.
const MODES: [Strictness; 2] = [Strictness::Strict, Strictness::Tolerant];

fn is_violation_of(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key, .. }) if *key == expected)
}

fn is_out_of_place(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { key, .. }) if key == expected)
}

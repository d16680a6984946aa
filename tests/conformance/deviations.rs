//! Tolerated deviations with their results, and violations that are refused in either mode.

mod chap;
mod keys;
mod responses;
mod values;

use iscsi_login::initiator::{CompletedLogin, LoginConfig, SessionType, Step};
use iscsi_login::{Authentication, LoginError, Offer, ProtocolViolation, Strictness};

use crate::scripted::{CHALLENGE, Play, answer, config, grant, prepared};

const MD5: (&str, &str) = ("CHAP_A", "5");

const CHAP: (&str, &str) = ("AuthMethod", "CHAP");

/// Settings that tolerate the deviations of the table.
fn tolerant(authentication: Authentication<'static>) -> LoginConfig<'static> {
    LoginConfig { strictness: Strictness::Tolerant, ..config(authentication) }
}

fn open() -> LoginConfig<'static> {
    tolerant(Authentication::None)
}

fn discovery() -> LoginConfig<'static> {
    LoginConfig { session_type: SessionType::Discovery, ..open() }
}

/// A login by CHAP with these settings, up to the point where the challenge is due.
fn at_challenge(config: LoginConfig<'static>) -> Play {
    Play::begin(config).on(|request| answer(request, &[CHAP]))
}

fn at_response(config: LoginConfig<'static>) -> Play {
    at_challenge(config).on(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]))
}

fn complete(step: Result<Step<'_>, LoginError>) -> CompletedLogin {
    match step.unwrap() {
        Step::Complete(completed) => completed,
        _ => panic!("not complete"),
    }
}

fn ids(completed: &CompletedLogin) -> Vec<&'static str> {
    completed.deviations.iter().map(|observed| observed.deviation.id).collect()
}

/// The result of a login with these settings and this answer to its offers.
fn answered(config: LoginConfig<'static>, keys: &[(&str, &str)]) -> CompletedLogin {
    complete(Play::begin(config).step(|request| grant(request, keys)))
}

fn with(change: fn(&mut Offer)) -> LoginConfig<'static> {
    let mut offer = Offer::default();
    change(&mut offer);
    LoginConfig { offer: prepared(offer), ..open() }
}

/// Both modes.
const MODES: [Strictness; 2] = [Strictness::Strict, Strictness::Tolerant];

fn is_violation_of(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key, .. }) if *key == expected)
}

fn is_out_of_place(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { key, .. }) if key == expected)
}

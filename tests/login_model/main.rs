//! An exhaustive check of all logins of up to six answers out of a list of target answers: none reaches full feature phase
//! without the authentication that its policy requires.
//!
//! `cargo test -p iscsi-login --test login_model -- --nocapture` prints the number of states visited and of the
//! sequences of answers that they represent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod answer;
mod exploration;
mod policy;
mod texts;

use answer::{Answer, answers};
use iscsi_login::Strictness;

use exploration::{Exploration, explore};
use policy::Policy;
use texts::Text;

/// The largest number of answers; a mutual login takes four.
const DEPTH: usize = 6;

/// Checks that every sequence that ends in full feature phase contains the evidence of its policy.
fn check(policy: Policy, strictness: Strictness, evidence: fn(&[Answer]) -> bool) -> Exploration {
    let exploration = explore((policy, strictness), &answers(), DEPTH);
    println!("{policy:?}, {strictness:?}: {exploration}");
    assert!(exploration.completed > 0, "no answers lead to full feature phase: the check is vacuous");
    for path in &exploration.ways_in {
        assert!(evidence(path), "{policy:?} was bypassed by {path:?}");
    }
    exploration
}

#[test]
fn there_are_two_hundred_answers_of_different_names() {
    let names: std::collections::BTreeSet<_> = answers().into_iter().map(|answer| answer.name).collect();
    assert!(names.len() >= 200 && names.len() == answers().len(), "{}", names.len());
}

fn said(path: &[Answer], text: Text) -> bool {
    path.iter().any(|answer| answer.text == text)
}

fn challenged(path: &[Answer]) -> bool {
    path.iter().any(|answer| answer.text.is_challenge())
}

/// A challenge, which may come with a repeated method.
fn challenged_by_deviation(path: &[Answer]) -> bool {
    challenged(path) || said(path, Text::ChallengeWithMethod)
}

/// The right response to the initiator's challenge. The initiator sends the next identifier if the target's is its own.
fn authenticated(path: &[Answer]) -> bool {
    let shifted = said(path, Text::ChallengeWithOwnIdentifier);
    said(path, if shifted { Text::ResponseForNextIdentifier } else { Text::RightResponse })
}

/// CHP-19 to CHP-24: mutual CHAP requires the right response.
#[test]
fn chp_24_mutual_requires_a_right_response() {
    let exploration = check(Policy::Mutual, Strictness::Strict, authenticated);
    assert!(exploration.states > 500 && exploration.sequences > 200_000, "{exploration}");
}

/// Tolerated deviations do not bypass mutual CHAP.
#[test]
fn chp_24_mutual_requires_a_right_response_from_a_target_that_deviates() {
    let exploration = check(Policy::Mutual, Strictness::Tolerant, authenticated);
    assert!(exploration.states > 500 && exploration.sequences > 500_000, "{exploration}");
}

/// CHP-23: CHAP requires a challenge to the initiator.
#[test]
fn chp_23_chap_requires_a_challenge() {
    check(Policy::Chap, Strictness::Strict, challenged);
    check(Policy::Chap, Strictness::Tolerant, challenged_by_deviation);
}

/// CHAP only if asked for requires a challenge or the choice of None.
#[test]
fn chp_23_if_asked_requires_a_challenge_or_none() {
    check(Policy::IfAsked, Strictness::Strict, |path| challenged(path) || said(path, Text::MethodNone));
}

/// A target that deviates may choose no method; but if it chooses CHAP, it has to send a challenge.
#[test]
fn chp_23_if_asked_treats_silence_as_none_but_not_as_chap() {
    let evidence = |path: &[Answer]| {
        challenged_by_deviation(path) || said(path, Text::MethodNone) || path[0].text != Text::MethodChap
    };
    check(Policy::IfAsked, Strictness::Tolerant, evidence);
}

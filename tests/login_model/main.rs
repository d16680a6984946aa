//! Every login of up to six answers, out of a list of target answers, tried: none reaches full feature phase past its
//! policy.
//!
//! `cargo test -p iscsi-login --test login_model -- --nocapture` prints how many states were visited and how many
//! sequences of answers they stand for.

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
use exploration::{Exploration, explore};
use policy::Policy;
use texts::Text;

/// Answers of the target one after the other; a mutual login takes four.
const DEPTH: usize = 6;

/// Sequences that end in full feature phase, each with the policy's evidence.
fn check(policy: Policy, evidence: fn(&[Answer]) -> bool) -> Exploration {
    let exploration = explore(policy, &answers(), DEPTH);
    println!("{policy:?}: {exploration}");
    assert!(exploration.completed > 0, "no answers lead to full feature phase: the check proves nothing");
    for path in &exploration.ways_in {
        assert!(evidence(path), "{policy:?} was walked around by {path:?}");
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

/// The proof for the identifier that we sent: another than the target's, should that have been ours.
fn proved(path: &[Answer]) -> bool {
    let shifted = said(path, Text::ChallengeWithOurIdentifier);
    said(path, if shifted { Text::ProofForNextIdentifier } else { Text::RightProof })
}

/// CHP-19 to CHP-24: without a right proof there is no way in.
#[test]
fn chp_24_mutual_takes_a_right_proof() {
    let exploration = check(Policy::Mutual, proved);
    assert!(exploration.states > 500 && exploration.sequences > 1_000_000, "{exploration}");
}

/// CHP-23: without our own proof asked for there is no way in.
#[test]
fn chp_23_chap_takes_a_challenge() {
    check(Policy::Chap, challenged);
}

/// If nobody asks, the target has said so.
#[test]
fn chp_23_if_asked_takes_a_challenge_or_none() {
    check(Policy::IfAsked, |path| challenged(path) || said(path, Text::MethodNone));
}

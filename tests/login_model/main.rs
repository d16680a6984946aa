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
use iscsi_login::Strictness;

use exploration::{Exploration, explore};
use policy::Policy;
use texts::Text;

/// Answers of the target one after the other; a mutual login takes four.
const DEPTH: usize = 6;

/// Sequences that end in full feature phase, each with the policy's evidence.
fn check(policy: Policy, strictness: Strictness, evidence: fn(&[Answer]) -> bool) -> Exploration {
    let exploration = explore((policy, strictness), &answers(), DEPTH);
    println!("{policy:?}, {strictness:?}: {exploration}");
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

/// The method may stand beside the challenge once more.
fn challenged_by_deviation(path: &[Answer]) -> bool {
    challenged(path) || said(path, Text::ChallengeWithMethod)
}

/// The proof for the identifier that we sent: another than the target's, should that have been ours.
fn proved(path: &[Answer]) -> bool {
    let shifted = said(path, Text::ChallengeWithOurIdentifier);
    said(path, if shifted { Text::ProofForNextIdentifier } else { Text::RightProof })
}

/// CHP-19 to CHP-24: without a right proof there is no way in.
#[test]
fn chp_24_mutual_takes_a_right_proof() {
    let exploration = check(Policy::Mutual, Strictness::Strict, proved);
    assert!(exploration.states > 500 && exploration.sequences > 200_000, "{exploration}");
}

/// The table of deviations has no way around the proof either.
#[test]
fn chp_24_mutual_takes_a_right_proof_from_a_target_that_deviates() {
    let exploration = check(Policy::Mutual, Strictness::Tolerant, proved);
    assert!(exploration.states > 500 && exploration.sequences > 500_000, "{exploration}");
}

/// CHP-23: without our own proof asked for there is no way in.
#[test]
fn chp_23_chap_takes_a_challenge() {
    check(Policy::Chap, Strictness::Strict, challenged);
    check(Policy::Chap, Strictness::Tolerant, challenged_by_deviation);
}

/// If nobody asks, the target has said so.
#[test]
fn chp_23_if_asked_takes_a_challenge_or_none() {
    check(Policy::IfAsked, Strictness::Strict, |path| challenged(path) || said(path, Text::MethodNone));
}

/// A target that deviates may say nothing at all; but if it chooses CHAP, it has to challenge.
#[test]
fn chp_23_if_asked_takes_silence_for_none_but_not_for_chap() {
    let evidence = |path: &[Answer]| {
        challenged_by_deviation(path) || said(path, Text::MethodNone) || path[0].text != Text::MethodChap
    };
    check(Policy::IfAsked, Strictness::Tolerant, evidence);
}

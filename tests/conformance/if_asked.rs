//! CHAP only if the target asks for it: `None` is accepted, and reported as such.

use iscsi_login::initiator::{Authenticated, Step};
use iscsi_login::{Authentication, ChapAlgorithm, LoginError, TargetAuthError};
use iscsi_pdu::Stage;

use crate::scripted::{CHALLENGE, Play, answer, config, forward, grant};

fn begin() -> Play {
    Play::begin(config(Authentication::IfAsked(forward())))
}

fn completed(play: Play) -> iscsi_login::initiator::CompletedLogin {
    match play.step(|request| grant(request, &[])).unwrap() {
        Step::Complete(completed) => completed,
        _ => panic!("not complete"),
    }
}

/// LOG-24: both methods are in one list, with the transition.
#[test]
fn log_24_both_methods_are_offered() {
    let play = begin();
    assert_eq!(play.value("AuthMethod").as_deref(), Some("None,CHAP"));
    assert_eq!((play.request.transit, play.request.next_stage), (true, Stage::OPERATIONAL));
}

#[test]
fn a_target_that_chooses_none() {
    let at_once = completed(begin().on(|request| grant(request, &[("AuthMethod", "None")])));
    assert_eq!((at_once.authenticated, at_once.round_trips), (Authenticated::None, 2));
    let slowly = begin().on(|request| answer(request, &[("AuthMethod", "None")]));
    assert!(slowly.request.transit && slowly.request.text.is_empty());
    let slowly = completed(slowly.on(|request| grant(request, &[])));
    assert_eq!((slowly.authenticated, slowly.round_trips), (Authenticated::None, 3));
}

#[test]
fn a_target_that_chooses_chap() {
    let play = begin().on(|request| answer(request, &[("AuthMethod", "CHAP")]));
    assert!(!play.request.transit);
    let challenge = [&[("CHAP_A", "5")], &CHALLENGE[..]].concat();
    let play = play.on(|request| answer(request, &challenge));
    assert!(play.value("CHAP_R").is_some() && play.value("CHAP_C").is_none());
    let completed = completed(play.on(|request| grant(request, &[])));
    assert_eq!(completed.authenticated, Authenticated::Initiator { algorithm: ChapAlgorithm::Md5 });
}

/// CHP-23: a transition without a choice is an attempt to skip the authentication.
#[test]
fn chp_23_a_target_that_chooses_nothing() {
    let skipped = LoginError::from(TargetAuthError::Skipped { next: Stage::OPERATIONAL });
    assert_eq!(begin().fails(|request| grant(request, &[])), skipped);
    assert_eq!(begin().fails(|request| grant(request, &[("AuthMethod", "CHAP")])), skipped);
    let other = TargetAuthError::Method { chosen: "KRB5".to_owned() };
    assert_eq!(begin().fails(|request| answer(request, &[("AuthMethod", "KRB5")])), other.into());
}

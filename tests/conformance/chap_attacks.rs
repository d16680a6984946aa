//! Attacks of a target on CHAP, and the exact error of each.

use iscsi_login::{Authentication, ChapAlgorithm, LoginError, ProtocolViolation, TargetAuthError, initiator};
use iscsi_pdu::{LoginResponse, LoginStatus, Stage};

use crate::scripted::{CHALLENGE, Play, RESPONSE, answer, config, forward, grant, mutual};

fn not_authenticated(reason: TargetAuthError) -> LoginError {
    LoginError::NotAuthenticated(reason)
}

/// Only CHAP is offered, and no other method is accepted.
#[test]
fn chp_23_other_methods() {
    for authentication in [mutual(), Authentication::Chap(forward())] {
        assert_eq!(Play::begin(config(authentication)).value("AuthMethod").as_deref(), Some("CHAP"));
        for chosen in ["None", "Reject", "KRB5", "CHAP,None"] {
            let error = Play::begin(config(authentication))
                .fails(|request| answer(request, &[("AuthMethod", chosen)]));
            assert_eq!(error, not_authenticated(TargetAuthError::Method { chosen: chosen.to_owned() }));
        }
        let error = Play::begin(config(authentication)).fails(|request| answer(request, &[]));
        assert_eq!(error, ProtocolViolation::MissingKey { key: "AuthMethod" }.into());
    }
}

/// LOG-15: a transition before the authentication is complete.
#[test]
fn chp_23_chp_24_transition_before_the_response() {
    for next in [Stage::OPERATIONAL, Stage::FULL_FEATURE] {
        let granted =
            |request: &_| LoginResponse { transit: true, next_stage: next, tsih: 1, ..answer(request, &[]) };
        let skipped = not_authenticated(TargetAuthError::Skipped { next });
        assert_eq!(Play::begin(config(mutual())).fails(granted), skipped);
        assert_eq!(Play::at_challenge(mutual()).fails(granted), skipped);
    }
    let beyond = |request: &_| LoginResponse { next_stage: Stage::FULL_FEATURE, ..grant(request, &RESPONSE) };
    let skipped = not_authenticated(TargetAuthError::Skipped { next: Stage::FULL_FEATURE });
    assert_eq!(Play::at_response("5").fails(beyond), skipped);
}

/// The target sends the initiator's challenge before the initiator has sent it: it guessed the bytes.
#[test]
fn chp_16_reflected_challenge() {
    let reflected = [("CHAP_A", "5"), ("CHAP_I", "33"), ("CHAP_C", "0x0f1e2d3c4b5a69788796a5b4c3d2e1f0")];
    let error = Play::at_challenge(mutual()).fails(|request| answer(request, &reflected));
    assert_eq!(error, not_authenticated(TargetAuthError::ReflectedChallenge));
    let same_identifier = [("CHAP_A", "5"), ("CHAP_I", "92"), CHALLENGE[1]];
    let play = Play::at_challenge(mutual()).on(|request| answer(request, &same_identifier));
    assert_eq!(play.value("CHAP_I").as_deref(), Some("93"));
    assert_ne!(play.value("CHAP_C").as_deref(), Some(CHALLENGE[1].1));
}

/// A challenge of another connection of the initiator is not answered under any policy.
#[test]
fn chp_17_own_challenges_of_other_connections() {
    for authentication in [mutual(), Authentication::Chap(forward()), Authentication::IfAsked(forward())] {
        let config = initiator::LoginConfig {
            is_own_challenge: &|bytes| bytes == [0x77; 16],
            algorithms: &[ChapAlgorithm::Md5],
            ..config(authentication)
        };
        let play = || Play::begin(config).on(|request| answer(request, &[("AuthMethod", "CHAP")]));
        let challenge = iscsi_pdu::encode_hex(&[0x77; 16]);
        let keys = [("CHAP_A", "5"), CHALLENGE[0], ("CHAP_C", challenge.as_str())];
        let error = play().fails(|request| answer(request, &keys));
        assert_eq!(error, not_authenticated(TargetAuthError::ReflectedChallenge));
        let other = play().on(|request| answer(request, &[("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]]));
        assert!(other.value("CHAP_R").is_some());
    }
}

/// The target refuses the initiator at each step.
#[test]
fn chp_25_refusals_at_every_step() {
    let refusal =
        |request: &_| LoginResponse { status: LoginStatus::AUTHENTICATION_FAILURE, ..answer(request, &[]) };
    for play in [Play::begin(config(mutual())), Play::at_challenge(mutual()), Play::at_response("5")] {
        let expected =
            LoginError::Refused { stage: Stage::SECURITY, status: LoginStatus::AUTHENTICATION_FAILURE };
        assert_eq!(play.fails(refusal), expected);
    }
}

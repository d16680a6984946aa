//! Stages: their order, their keys, and transitions that a target must not make.

use iscsi_login::initiator::{self, Step};
use iscsi_login::{Authentication, LoginError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{LoginResponse, LoginStatus, Stage};

use crate::scripted::{Play, answer, config, grant, mutual};

/// LOG-12, LOG-24: the security stage comes first, with the method before its first step.
#[test]
fn log_12_log_24_security_comes_first() {
    let play = Play::begin(config(mutual()));
    assert_eq!(play.request.current_stage, Stage::SECURITY);
    assert_eq!((play.value("AuthMethod").as_deref(), play.value("CHAP_A")), (Some("CHAP"), None));
    assert!(!play.request.transit);
    let play = play.on(|request| answer(request, &[("AuthMethod", "CHAP")]));
    assert_eq!((play.value("AuthMethod"), play.keys().len()), (None, 1));
    let open = Play::begin(config(Authentication::None));
    assert_eq!(open.request.current_stage, Stage::OPERATIONAL);
}

/// LOG-15: a transition that was not requested fails, in either stage.
#[test]
fn log_15_transitions_that_were_not_requested() {
    let skipped = TargetAuthError::Skipped { next: Stage::OPERATIONAL };
    let unasked = |request: &_| LoginResponse {
        transit: true,
        next_stage: Stage::OPERATIONAL,
        ..answer(request, &[("AuthMethod", "CHAP")])
    };
    assert_eq!(Play::begin(config(mutual())).fails(unasked), skipped.into());
    let rest = Play::at_parameters().on(|request| LoginResponse { continues: true, ..answer(request, &[]) });
    let error = rest.fails(|request| LoginResponse {
        transit: true,
        next_stage: Stage::FULL_FEATURE,
        ..answer(request, &[])
    });
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::Header { field: "T", .. })), "{error}");
}

/// LOG-17, LOG-28: a key of the other stage, and an unknown key, during authentication.
#[test]
fn log_17_log_28_keys_of_the_wrong_stage() {
    for key in ["MaxBurstLength", "HeaderDigest", "X-com.example.foo", "CHAP_R"] {
        let error = Play::begin(config(mutual()))
            .fails(|request| answer(request, &[("AuthMethod", "CHAP"), (key, "1")]));
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { .. })),
            "{key}: {error}"
        );
    }
    // The initiator sends no operational key before the stage is over.
    let play = Play::at_challenge(mutual());
    assert!(play.keys().iter().all(|(key, _)| key.starts_with("CHAP_")), "{:?}", play.keys());
}

/// LOG-18: only status 0000 with T and stage 3 completes a login.
#[test]
fn log_18_what_completes_a_login() {
    let complete = |change: fn(&mut LoginResponse)| {
        let step = Play::at_parameters().step(|request| {
            let mut response = grant(request, &[]);
            change(&mut response);
            response
        });
        matches!(step, Ok(Step::Complete(_)))
    };
    assert!(complete(|_| {}));
    assert!(!complete(|response| response.transit = false));
    assert!(!complete(|response| response.next_stage = Stage::OPERATIONAL));
    assert!(!complete(|response| response.status = LoginStatus(0x0300)));
    assert!(!complete(|response| response.status = LoginStatus(0x0101)));
}

/// LOG-23: a target that requires authentication refuses the login with a status.
#[test]
fn log_23_a_target_that_insists() {
    let status = LoginStatus::AUTHENTICATION_FAILURE;
    let error = Play::at_parameters().fails(|request| LoginResponse { status, ..answer(request, &[]) });
    assert_eq!(error, LoginError::Refused { stage: Stage::OPERATIONAL, status });
}

/// LOG-36: without T the next stage is ignored, and sent as 0.
#[test]
fn log_36_the_next_stage_without_a_transition() {
    let play = Play::begin(config(mutual()));
    assert_eq!((play.request.transit, play.request.next_stage), (false, Stage(0)));
    let play = play.on(|request| LoginResponse {
        next_stage: Stage::FULL_FEATURE,
        ..answer(request, &[("AuthMethod", "CHAP")])
    });
    assert!(play.value("CHAP_A").is_some());
}

/// LOG-40: an alias is sent once, if there is one.
#[test]
fn log_40_aliases() {
    let play = Play::begin(initiator::LoginConfig { initiator_alias: Some("host 7"), ..config(mutual()) });
    assert_eq!(play.value("InitiatorAlias").as_deref(), Some("host 7"));
    assert_eq!(Play::begin(config(mutual())).value("InitiatorAlias"), None);
}

/// NEG-34: every key is offered, even with its default.
#[test]
fn neg_34_all_keys_are_offered() {
    let offered: Vec<_> = Play::at_parameters().keys().into_iter().map(|(key, _)| key).collect();
    for key in [
        "HeaderDigest",
        "DataDigest",
        "MaxConnections",
        "InitialR2T",
        "ImmediateData",
        "MaxRecvDataSegmentLength",
        "MaxBurstLength",
        "FirstBurstLength",
        "DefaultTime2Wait",
        "DefaultTime2Retain",
        "MaxOutstandingR2T",
        "DataPDUInOrder",
        "DataSequenceInOrder",
        "ErrorRecoveryLevel",
    ] {
        assert_eq!(offered.iter().filter(|offered| *offered == key).count(), 1, "{key}");
    }
}

/// NEG-29: what the target offers within the range of a key is answered by the key's function, the rest rejected.
#[test]
fn neg_29_answers_by_the_function_of_the_key() {
    let discovery = initiator::LoginConfig {
        session_type: initiator::SessionType::Discovery,
        ..config(Authentication::None)
    };
    // A discovery session does not offer these keys, but answers them.
    let answers = |keys: &[(&str, &str)]| {
        let play = Play::begin(discovery).on(|request| answer(request, keys));
        play.keys()
    };
    assert_eq!(answers(&[("ImmediateData", "Yes")]), [("ImmediateData".to_owned(), "Irrelevant".to_owned())]);
    for (value, expected) in [("2", "1"), ("0", "0"), ("32", "Reject"), ("x", "Reject")] {
        let play = Play::at_parameters().on(|request| answer(request, &[("iSCSIProtocolLevel", value)]));
        assert_eq!(play.value("iSCSIProtocolLevel").as_deref(), Some(expected), "{value}");
    }
}

/// LOG-24: a login that reinstates a session passes the security stage, though there is no authentication.
#[test]
fn log_24_a_login_that_reinstates_begins_with_the_security_stage() {
    let begin = || Play::begin(initiator::LoginConfig { reinstates: true, ..config(Authentication::None) });
    let play = begin();
    assert_eq!((play.request.current_stage, play.request.transit), (Stage::SECURITY, true));
    assert_eq!((play.value("AuthMethod").as_deref(), play.value("MaxBurstLength")), (Some("None"), None));
    let at_once = begin().on(|request| grant(request, &[("AuthMethod", "None")]));
    let slowly = begin().on(|request| answer(request, &[("AuthMethod", "None")]));
    for play in [at_once, slowly.on(|request| grant(request, &[]))] {
        assert_eq!(play.request.current_stage, Stage::OPERATIONAL);
        let Ok(Step::Complete(completed)) = play.step(|request| grant(request, &[])) else {
            panic!("not complete")
        };
        assert_eq!(completed.authenticated, initiator::Authenticated::None);
    }
    for method in ["CHAP", "Reject"] {
        let error = begin().fails(|request| answer(request, &[("AuthMethod", method)]));
        assert_eq!(error, TargetAuthError::Method { chosen: method.to_owned() }.into());
    }
    let skipped = TargetAuthError::Skipped { next: Stage::OPERATIONAL };
    assert_eq!(
        begin().fails(|request| grant(request, &[])),
        skipped.into(),
        "strictly, the choice is missing"
    );
    // Authentication passes the stage anyway.
    let mutual = Play::begin(initiator::LoginConfig { reinstates: true, ..config(mutual()) });
    assert_eq!(mutual.value("AuthMethod").as_deref(), Some("CHAP"));
}

//! Rules of CHAP in either mode, and the few deviations that touch it.

use iscsi_login::initiator::{Authenticated, LoginConfig};
use iscsi_login::{Authentication, LoginError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{LoginRequest, LoginResponse, Stage, encode_base64};

use super::{
    CHAP, MD5, MODES, answered, at_challenge, at_response, complete, ids, is_out_of_place, is_violation_of,
    open, tolerant,
};
use crate::scripted::{CHALLENGE, Play, RESPONSE, answer, config, forward, grant, mutual};

/// CHP-23: a repeated method is ignored if it is the one in use; another one is refused in either mode.
#[test]
fn chp_23_methods_that_come_again() {
    let none = ("AuthMethod", "None");
    let challenge = [MD5, CHALLENGE[0], CHALLENGE[1]];
    let chap = || tolerant(Authentication::Chap(forward()));
    let play = at_challenge(chap())
        .on(|request| answer(request, &[&challenge[..], &[CHAP]].concat()))
        .on(|request| grant(request, &[CHAP]));
    let completed = complete(play.step(|request| grant(request, &[CHAP])));
    assert_eq!(ids(&completed), ["auth-method-repeated"]);
    assert_eq!(ids(&answered(open(), &[none])), ["auth-method-repeated"]);
    for strictness in MODES {
        let mode = |config| LoginConfig { strictness, ..config };
        let beside = at_challenge(mode(chap()));
        let error = beside.fails(|request| answer(request, &[&challenge[..], &[none]].concat()));
        assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        let error = at_response(mode(chap())).fails(|request| grant(request, &[none]));
        assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        for method in [CHAP, ("AuthMethod", "None,CHAP"), ("AuthMethod", "Reject")] {
            let error = Play::begin(mode(open())).fails(|request| grant(request, &[method]));
            assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        }
        let twice = Play::begin(mode(chap())).fails(|request| answer(request, &[CHAP, CHAP]));
        assert_eq!(twice, ProtocolViolation::DuplicateKey { key: "AuthMethod".to_owned() }.into());
    }
}

/// CHP-04, CHP-05, CHP-06, CHP-22: repeated, misplaced or out-of-range CHAP keys are refused in either mode.
#[test]
fn chp_04_chp_05_chp_06_chp_22_rules_of_chap_in_either_mode() {
    let challenge = [MD5, CHALLENGE[0], CHALLENGE[1]];
    let long = iscsi_pdu::encode_hex(&[1; 1025]);
    let bad_challenges: [&[(&str, &str)]; 10] = [
        &[MD5, MD5, CHALLENGE[0], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[0], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], RESPONSE[0]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], ("SRP_GROUP", "SRP-1536")],
        &[MD5, CHALLENGE[0]],
        &[CHALLENGE[0], CHALLENGE[1]],
        &[MD5, ("CHAP_I", "256"), CHALLENGE[1]],
        &[MD5, CHALLENGE[0], ("CHAP_C", &long)],
        &[("CHAP_A", "9"), CHALLENGE[0], CHALLENGE[1]],
    ];
    for strictness in MODES {
        let mode = |authentication| LoginConfig { strictness, ..config(authentication) };
        for keys in bad_challenges {
            let error = at_challenge(mode(mutual())).fails(|request| answer(request, keys));
            assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
        }
        for early in [MD5, CHALLENGE[0], CHALLENGE[1], RESPONSE[0], RESPONSE[1]] {
            let error = Play::begin(mode(mutual())).fails(|request| answer(request, &[CHAP, early]));
            assert!(is_out_of_place(&error, early.0), "{error}");
            for transit in [true, false] {
                let error = Play::begin(mode(Authentication::None)).fails(|request| {
                    let response = grant(request, &[early]);
                    LoginResponse { transit, ..response }
                });
                assert!(is_out_of_place(&error, early.0), "in the operational stage: {error}");
            }
        }
        // A response too early, with a transition that was not requested.
        let early = |request: &LoginRequest| LoginResponse {
            transit: true,
            next_stage: Stage::OPERATIONAL,
            ..answer(request, &[&challenge[..], &RESPONSE[..1]].concat())
        };
        let skipped = TargetAuthError::Skipped { next: Stage::OPERATIONAL };
        assert_eq!(at_challenge(mode(mutual())).fails(early), skipped.into());
        for keys in [
            &[RESPONSE[0], RESPONSE[0], RESPONSE[1]][..],
            &[RESPONSE[0], RESPONSE[1], RESPONSE[1]],
            &[RESPONSE[0], RESPONSE[1], MD5],
            &[RESPONSE[0]],
        ] {
            let error = at_response(mode(mutual())).fails(|request| grant(request, keys));
            assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
        }
        let silent = at_response(mode(mutual())).fails(|request| grant(request, &[]));
        assert_eq!(silent, TargetAuthError::NoResponse.into());
    }
}

/// CHP-23, CHP-24: a missing choice of the method counts as None only where CHAP is used only if asked for.
#[test]
fn chp_23_chp_24_silence_about_the_method() {
    let if_asked = || tolerant(Authentication::IfAsked(forward()));
    let at_once = Play::begin(if_asked()).on(|request| grant(request, &[]));
    let slowly = Play::begin(if_asked()).on(|request| answer(request, &[]));
    assert!(slowly.request.transit && slowly.request.text.is_empty());
    let slowly = slowly.on(|request| grant(request, &[]));
    for play in [at_once, slowly] {
        assert_eq!(play.request.current_stage, Stage::OPERATIONAL);
        let completed = complete(play.step(|request| grant(request, &[])));
        let expected = (Authenticated::None, vec!["security-stage-skipped"]);
        assert_eq!((completed.authenticated.clone(), ids(&completed)), expected);
    }
    for authentication in [Authentication::Chap(forward()), mutual()] {
        let error = Play::begin(tolerant(authentication)).fails(|request| answer(request, &[]));
        assert_eq!(error, ProtocolViolation::MissingKey { key: "AuthMethod" }.into());
    }
    // A target that chooses CHAP has to send a challenge, and may not go beyond the requested stage.
    let skipped = |next| LoginError::from(TargetAuthError::Skipped { next });
    let chosen = Play::begin(if_asked()).fails(|request| grant(request, &[CHAP]));
    assert_eq!(chosen, skipped(Stage::OPERATIONAL));
    let beyond = Play::begin(if_asked())
        .fails(|request| LoginResponse { next_stage: Stage::FULL_FEATURE, ..grant(request, &[]) });
    assert_eq!(beyond, skipped(Stage::FULL_FEATURE));
}

/// TXT-08: base64 without padding, in the challenge and in the response; a wrong response stays wrong.
#[test]
fn txt_08_chp_20_base64_without_padding() {
    let unpadded = |hex: &str| {
        let bytes = iscsi_pdu::decode_binary(hex, 1024).unwrap();
        encode_base64(&bytes).trim_end_matches('=').to_owned()
    };
    let (challenge, response) = (unpadded(CHALLENGE[1].1), unpadded(RESPONSE[1].1));
    let play =
        at_challenge(LoginConfig { algorithms: &[iscsi_login::ChapAlgorithm::Md5], ..tolerant(mutual()) })
            .on(|request| answer(request, &[MD5, CHALLENGE[0], ("CHAP_C", &challenge)]))
            .on(|request| grant(request, &[RESPONSE[0], ("CHAP_R", &response)]));
    let completed = complete(play.step(|request| grant(request, &[])));
    assert!(matches!(completed.authenticated, Authenticated::Mutual(_)));
    let details: Vec<_> = completed.deviations.iter().map(|observed| observed.detail.as_str()).collect();
    let detail = |key: &str| format!("{key} of 16 bytes in base64 without padding");
    assert_eq!(
        (ids(&completed), details),
        (vec!["base64-unpadded"; 2], vec![&*detail("CHAP_C"), &*detail("CHAP_R")])
    );

    let wrong = unpadded("0xc845274d8f66c33eb85b988fe7bc67c1");
    let error =
        at_response(tolerant(mutual())).fails(|request| grant(request, &[RESPONSE[0], ("CHAP_R", &wrong)]));
    assert_eq!(error, TargetAuthError::WrongResponse { name: "disk".to_owned() }.into());
    for odd in ["0bIQ=", "0b=IQ=", "0bIR", "0bA", "0b", "IQ"] {
        let keys = [MD5, CHALLENGE[0], ("CHAP_C", odd)];
        let error = at_challenge(tolerant(mutual())).fails(|request| answer(request, &keys));
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Value { key: "CHAP_C", .. })),
            "{odd}: {error}"
        );
    }
    let short = [RESPONSE[0], ("CHAP_R", "0bIQ")];
    let error = at_response(tolerant(mutual())).fails(|request| grant(request, &short));
    assert!(is_violation_of(&error, "CHAP_R"), "{error}");
}

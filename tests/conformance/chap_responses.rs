//! The target's CHAP response: the decision table of the last step of CHAP, row by row.

use iscsi_login::initiator::{Authenticated, Step};
use iscsi_login::{Authentication, LoginError, ProtocolViolation, ReverseCredentialRef, TargetAuthError};
use iscsi_pdu::ValueError;

use crate::scripted::{CHALLENGE, Play, RESPONSE, answer, config, forward, grant, mutual, reverse};

/// The error of these keys where the target's response is due, with or without a transition.
fn refused(keys: &[(&str, &str)]) -> LoginError {
    let error = Play::at_response("5").fails(|request| grant(request, keys));
    assert_eq!(Play::at_response("5").fails(|request| answer(request, keys)), error);
    error
}

/// Binary values may be in hexadecimal of either case, or in base64.
#[test]
fn chp_20_right_responses_in_every_notation() {
    let bytes = hex::decode(&RESPONSE[1].1[2..]).unwrap();
    let upper = format!("0X{}", hex::encode_upper(&bytes));
    for response in [RESPONSE[1].1, &upper, &iscsi_pdu::encode_base64(&bytes)] {
        let play = Play::at_response("5").on(|request| grant(request, &[RESPONSE[0], ("CHAP_R", response)]));
        let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
            panic!("not complete")
        };
        assert!(matches!(completed.authenticated, Authenticated::Mutual(_)), "{response}");
    }
}

#[test]
fn chp_19_chp_24_missing_response() {
    assert_eq!(refused(&[]), TargetAuthError::NoResponse.into());
    assert_eq!(refused(&RESPONSE[..1]), ProtocolViolation::MissingKey { key: "CHAP_R" }.into());
    assert_eq!(refused(&RESPONSE[1..]), ProtocolViolation::MissingKey { key: "CHAP_N" }.into());
    assert_eq!(refused(&[("MaxBurstLength", "512")]), TargetAuthError::NoResponse.into());
}

/// One wrong bit at either end, and all zeros.
#[test]
fn chp_20_wrong_response() {
    for response in [
        "0xc845274d8f66c33eb85b988fe7bc67c1",
        "0x4845274d8f66c33eb85b988fe7bc67c0",
        "0x00000000000000000000000000000000",
    ] {
        let wrong = TargetAuthError::WrongResponse { name: "disk".to_owned() };
        assert_eq!(refused(&[RESPONSE[0], ("CHAP_R", response)]), wrong.into());
    }
}

/// The target has another login of the initiator answer the initiator's challenge, for each algorithm.
#[test]
fn chp_15_response_of_the_initiators_own_secret() {
    for algorithm in ["5", "6", "7", "8"] {
        let play = Play::at_response(algorithm);
        let (identifier, challenge) = (play.value("CHAP_I").unwrap(), play.value("CHAP_C").unwrap());
        let keys = [("CHAP_A", algorithm), ("CHAP_I", &identifier), ("CHAP_C", &challenge)];
        let other = Play::at_challenge(Authentication::Chap(forward())).on(|request| answer(request, &keys));
        let response = other.value("CHAP_R").unwrap();
        let error = play.fails(|request| grant(request, &[RESPONSE[0], ("CHAP_R", &response)]));
        assert_eq!(error, TargetAuthError::OwnResponse.into());
    }
    // The own-secret response of the published exchange, and the initiator's response to the target's challenge.
    let published = refused(&[RESPONSE[0], ("CHAP_R", "0x4e3c4db1c98507e50527e9b16bdcf45e")]);
    assert_eq!(published, TargetAuthError::OwnResponse.into());
    let echoed = refused(&[RESPONSE[0], ("CHAP_R", &Play::at_response("5").value("CHAP_R").unwrap())]);
    assert_eq!(echoed, TargetAuthError::WrongResponse { name: "disk".to_owned() }.into());
}

#[test]
fn chp_21_the_right_secret_under_another_name() {
    let wrong = |received: &str| TargetAuthError::WrongName {
        expected: "disk".to_owned(),
        received: received.to_owned(),
    };
    // The initiator's name, another name, and the right name in capitals.
    for name in ["host", "other", "DISK"] {
        assert_eq!(refused(&[("CHAP_N", name), RESPONSE[1]]), wrong(name).into());
    }
    // Without a configured name any name is accepted and reported.
    let any = ReverseCredentialRef { name: None, ..reverse() };
    let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let play = Play::begin(config(Authentication::Mutual(forward(), any)))
        .on(|request| answer(request, &[("AuthMethod", "CHAP")]))
        .on(|request| answer(request, &keys))
        .on(|request| grant(request, &[("CHAP_N", "other"), RESPONSE[1]]));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert!(matches!(completed.authenticated, Authenticated::Mutual(target) if target.name() == "other"));
}

/// The length of the target's name: 1 to 255 bytes, checked before it is compared.
#[test]
fn chp_21_chp_29_lengths_of_names() {
    let long = "n".repeat(256);
    for name in ["", &long] {
        let error = refused(&[("CHAP_N", name), RESPONSE[1]]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key: "CHAP_N", .. })),
            "{error}"
        );
    }
    let longest = refused(&[("CHAP_N", &long[1..]), RESPONSE[1]]);
    assert!(matches!(longest, LoginError::NotAuthenticated(TargetAuthError::WrongName { .. })), "{longest}");
}

/// A response must be exactly as long as the hash.
#[test]
fn chp_10_response_length() {
    let extra = "0x00c845274d8f66c33eb85b988fe7bc67c0";
    let longest = format!("0x{}", "5a".repeat(1024));
    for response in ["0xc845274d8f66c33eb85b988fe7bc67", extra, "0xc8", &longest] {
        let error = refused(&[RESPONSE[0], ("CHAP_R", response)]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key: "CHAP_R", .. })),
            "{error}"
        );
    }
    let longer = format!("{longest}5a");
    for response in ["0x", "0b", "", "12345", &longer] {
        let error = refused(&[RESPONSE[0], ("CHAP_R", response)]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Value { key: "CHAP_R", .. })),
            "{error}"
        );
    }
    let empty = ProtocolViolation::Value { key: "CHAP_R", error: ValueError::NotBinary };
    assert_eq!(refused(&[RESPONSE[0], ("CHAP_R", "0x")]), empty.into());
}

/// Other keys of either stage, and repeated keys.
#[test]
fn chp_22_keys_with_the_response() {
    for (twice, key) in [(RESPONSE[0], "CHAP_N"), (RESPONSE[1], "CHAP_R")] {
        let error = refused(&[RESPONSE[0], RESPONSE[1], twice]);
        assert_eq!(error, ProtocolViolation::DuplicateKey { key: key.to_owned() }.into());
    }
    for foreign in
        [CHALLENGE[0], CHALLENGE[1], ("CHAP_A", "5"), ("AuthMethod", "CHAP"), ("ImmediateData", "No")]
    {
        let error = refused(&[RESPONSE[0], RESPONSE[1], foreign]);
        let expected = foreign.0;
        assert!(
            matches!(&error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { key, .. }) if key == expected),
            "{error}"
        );
    }
}

/// A response without a challenge of the initiator.
#[test]
fn chp_22_a_response_without_a_challenge() {
    let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let play = Play::at_challenge(Authentication::Chap(forward())).on(|request| answer(request, &keys));
    let error = play.fails(|request| grant(request, &RESPONSE));
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { .. })), "{error}");
    // A response before the target has sent its challenge.
    let error = Play::at_challenge(mutual()).fails(|request| answer(request, &RESPONSE));
    assert_eq!(error, ProtocolViolation::MissingKey { key: "CHAP_A" }.into());
}

//! The target's proof: the decision table of the last step of CHAP, row by row.

use iscsi_login::initiator::{Authenticated, Step};
use iscsi_login::{Authentication, LoginError, ProtocolViolation, ReverseCredential, TargetAuthError};
use iscsi_pdu::ValueError;

use crate::scripted::{CHALLENGE, PROOF, Play, answer, config, forward, grant, mutual, reverse};

/// The error that these keys end in where the proof is due, whether or not the target grants the transition.
fn refused(keys: &[(&str, &str)]) -> LoginError {
    let error = Play::at_proof("5").fails(|request| grant(request, keys));
    assert_eq!(Play::at_proof("5").fails(|request| answer(request, keys)), error);
    error
}

/// Each side writes binary values as it likes.
#[test]
fn chp_20_right_proofs_in_every_notation() {
    let bytes = hex::decode(&PROOF[1].1[2..]).unwrap();
    let upper = format!("0X{}", hex::encode_upper(&bytes));
    for response in [PROOF[1].1, &upper, &iscsi_pdu::encode_base64(&bytes)] {
        let play = Play::at_proof("5").on(|request| grant(request, &[PROOF[0], ("CHAP_R", response)]));
        let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
            panic!("not complete")
        };
        assert!(matches!(completed.authenticated, Authenticated::Mutual(_)), "{response}");
    }
}

#[test]
fn chp_19_chp_24_missing_proof() {
    assert_eq!(refused(&[]), TargetAuthError::NoResponse.into());
    assert_eq!(refused(&PROOF[..1]), ProtocolViolation::MissingKey { key: "CHAP_R" }.into());
    assert_eq!(refused(&PROOF[1..]), ProtocolViolation::MissingKey { key: "CHAP_N" }.into());
    assert_eq!(refused(&[("MaxBurstLength", "512")]), TargetAuthError::NoResponse.into());
}

/// One bit off, at either end; the response to another identifier.
#[test]
fn chp_20_wrong_proof() {
    for response in [
        "0xc845274d8f66c33eb85b988fe7bc67c1",
        "0x4845274d8f66c33eb85b988fe7bc67c0",
        "0x00000000000000000000000000000000",
    ] {
        let wrong = TargetAuthError::WrongResponse { name: "disk".to_owned() };
        assert_eq!(refused(&[PROOF[0], ("CHAP_R", response)]), wrong.into());
    }
}

/// The target has another login of ours answer our challenge, in each algorithm.
#[test]
fn chp_15_our_own_response() {
    for algorithm in ["5", "6", "7", "8"] {
        let play = Play::at_proof(algorithm);
        let (identifier, challenge) = (play.value("CHAP_I").unwrap(), play.value("CHAP_C").unwrap());
        let keys = [("CHAP_A", algorithm), ("CHAP_I", &identifier), ("CHAP_C", &challenge)];
        let other = Play::at_challenge(Authentication::Chap(forward())).on(|request| answer(request, &keys));
        let response = other.value("CHAP_R").unwrap();
        let error = play.fails(|request| grant(request, &[PROOF[0], ("CHAP_R", &response)]));
        assert_eq!(error, TargetAuthError::OwnResponse.into());
    }
    // The same from the published exchange, and what we answered to the target's own challenge.
    let published = refused(&[PROOF[0], ("CHAP_R", "0x4e3c4db1c98507e50527e9b16bdcf45e")]);
    assert_eq!(published, TargetAuthError::OwnResponse.into());
    let echoed = refused(&[PROOF[0], ("CHAP_R", &Play::at_proof("5").value("CHAP_R").unwrap())]);
    assert_eq!(echoed, TargetAuthError::WrongResponse { name: "disk".to_owned() }.into());
}

#[test]
fn chp_21_the_right_secret_under_another_name() {
    let wrong = |received: &str| TargetAuthError::WrongName {
        expected: "disk".to_owned(),
        received: received.to_owned(),
    };
    // Our own name, another one, and the right one in capitals.
    for name in ["host", "other", "DISK"] {
        assert_eq!(refused(&[("CHAP_N", name), PROOF[1]]), wrong(name).into());
    }
    // Where none is configured, any will do, and is told.
    let any = ReverseCredential { name: None, ..reverse() };
    let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let play = Play::begin(config(Authentication::Mutual(forward(), any)))
        .on(|request| answer(request, &[("AuthMethod", "CHAP")]))
        .on(|request| answer(request, &keys))
        .on(|request| grant(request, &[("CHAP_N", "other"), PROOF[1]]));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert!(matches!(completed.authenticated, Authenticated::Mutual(proof) if proof.name() == "other"));
}

/// Names of the target: 1 to 255 bytes. They are compared before they are believed.
#[test]
fn chp_21_chp_29_lengths_of_names() {
    let long = "n".repeat(256);
    for name in ["", &long] {
        let error = refused(&[("CHAP_N", name), PROOF[1]]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key: "CHAP_N", .. })),
            "{error}"
        );
    }
    let longest = refused(&[("CHAP_N", &long[1..]), PROOF[1]]);
    assert!(matches!(longest, LoginError::NotAuthenticated(TargetAuthError::WrongName { .. })), "{longest}");
}

/// As long as the hash, neither more nor less.
#[test]
fn chp_10_response_length() {
    let extra = "0x00c845274d8f66c33eb85b988fe7bc67c0";
    let longest = format!("0x{}", "5a".repeat(1024));
    for response in ["0xc845274d8f66c33eb85b988fe7bc67", extra, "0xc8", &longest] {
        let error = refused(&[PROOF[0], ("CHAP_R", response)]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Rule { key: "CHAP_R", .. })),
            "{error}"
        );
    }
    let longer = format!("{longest}5a");
    for response in ["0x", "0b", "", "12345", &longer] {
        let error = refused(&[PROOF[0], ("CHAP_R", response)]);
        assert!(
            matches!(error, LoginError::Protocol(ProtocolViolation::Value { key: "CHAP_R", .. })),
            "{error}"
        );
    }
    let empty = ProtocolViolation::Value { key: "CHAP_R", error: ValueError::NotBinary };
    assert_eq!(refused(&[PROOF[0], ("CHAP_R", "0x")]), empty.into());
}

/// Nothing but the step's keys, each once.
#[test]
fn chp_22_keys_beside_the_proof() {
    for (twice, key) in [(PROOF[0], "CHAP_N"), (PROOF[1], "CHAP_R")] {
        let error = refused(&[PROOF[0], PROOF[1], twice]);
        assert_eq!(error, ProtocolViolation::DuplicateKey { key: key.to_owned() }.into());
    }
    for foreign in
        [CHALLENGE[0], CHALLENGE[1], ("CHAP_A", "5"), ("AuthMethod", "CHAP"), ("ImmediateData", "No")]
    {
        let error = refused(&[PROOF[0], PROOF[1], foreign]);
        let expected = foreign.0;
        assert!(
            matches!(&error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { key, .. }) if key == expected),
            "{error}"
        );
    }
}

/// A proof that nobody asked for.
#[test]
fn chp_22_a_proof_without_a_challenge() {
    let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let play = Play::at_challenge(Authentication::Chap(forward())).on(|request| answer(request, &keys));
    let error = play.fails(|request| grant(request, &PROOF));
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::UnexpectedKey { .. })), "{error}");
    // The same before the target has challenged.
    let error = Play::at_challenge(mutual()).fails(|request| answer(request, &PROOF));
    assert_eq!(error, ProtocolViolation::MissingKey { key: "CHAP_A" }.into());
}

//! Challenges of the target: valid ones are answered, all others end the login.

use iscsi_login::{Authentication, ChapAlgorithm, LoginError, ProtocolViolation, TargetAuthError, initiator};
use iscsi_pdu::{LoginResponse, encode_base64, encode_hex};

use crate::scripted::{CHALLENGE, Play, RESPONSE, answer, config, forward, mutual};

const MD5: (&str, &str) = ("CHAP_A", "5");

/// The error of a response with these keys where a challenge is due.
fn refused(keys: &[(&str, &str)]) -> LoginError {
    Play::at_challenge(mutual()).fails(|request| answer(request, keys))
}

/// The response to this identifier and challenge.
fn response(identifier: &str, challenge: &str) -> String {
    let keys = [MD5, ("CHAP_I", identifier), ("CHAP_C", challenge)];
    let play = Play::at_challenge(mutual()).on(|request| answer(request, &keys));
    play.value("CHAP_R").unwrap()
}

fn is_violation_of(error: &LoginError, expected: &str) -> bool {
    match error {
        LoginError::Protocol(ProtocolViolation::Rule { key, .. } | ProtocolViolation::Value { key, .. }) => {
            *key == expected
        }
        _ => false,
    }
}

#[test]
fn chp_03_chp_34_one_algorithm_of_the_offer() {
    let md5_only = || {
        let config = initiator::LoginConfig { algorithms: &[ChapAlgorithm::Md5], ..config(mutual()) };
        Play::begin(config).on(|request| answer(request, &[("AuthMethod", "CHAP")]))
    };
    for algorithm in ["6", "99", "0", "5,7", "MD5", "Reject", "None", "NotUnderstood", "0bBQ==", "-5", ""] {
        let keys = [("CHAP_A", algorithm), CHALLENGE[0], CHALLENGE[1]];
        let error = md5_only().fails(|request| answer(request, &keys));
        assert!(is_violation_of(&error, "CHAP_A"), "{algorithm}: {error}");
    }
    for algorithm in ["5", "0x5", "0X05"] {
        let keys = [("CHAP_A", algorithm), CHALLENGE[0], CHALLENGE[1]];
        let play = md5_only().on(|request| answer(request, &keys));
        assert_eq!(play.value("CHAP_R").as_deref(), Some("0xabd1269ad8f9d87af9d48b223fe0bb3d"));
    }
}

/// MD5 is in every offer, but refused where it is not acceptable.
#[test]
fn chp_02_chp_03_md5_is_refused_where_it_is_not_acceptable() {
    let config = initiator::LoginConfig { algorithms: &[ChapAlgorithm::Sha256], ..config(mutual()) };
    let play = Play::begin(config).on(|request| answer(request, &[("AuthMethod", "CHAP")]));
    let error = play.fails(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]));
    assert_eq!(error, TargetAuthError::Algorithm { chosen: ChapAlgorithm::Md5 }.into());
}

#[test]
fn chp_04_a_key_is_missing() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[CHALLENGE[0], CHALLENGE[1]], "CHAP_A"),
        (&[MD5, CHALLENGE[1]], "CHAP_I"),
        (&[MD5, CHALLENGE[0]], "CHAP_C"),
        (&[MD5], "CHAP_C"),
        (&[], "CHAP_A"),
    ];
    for (keys, key) in cases {
        let missing = matches!(refused(keys), LoginError::Protocol(ProtocolViolation::MissingKey { key: k }) if k == key);
        assert!(missing, "{keys:?}: {}", refused(keys));
    }
}

/// The keys of one step may come in several PDUs.
#[test]
fn chp_04_the_keys_may_be_split_over_pdus() {
    let whole = answer(&Play::at_challenge(mutual()).request, &[MD5, CHALLENGE[0], CHALLENGE[1]]).text;
    for cut in [1, 9, 20, whole.len() - 1] {
        let first =
            |request: &_| LoginResponse { continues: true, text: whole.slice(..cut), ..answer(request, &[]) };
        let play = Play::at_challenge(mutual()).on(first);
        assert!(play.request.text.is_empty());
        let play = play.on(|request| LoginResponse { text: whole.slice(cut..), ..answer(request, &[]) });
        assert_eq!(play.value("CHAP_R").as_deref(), Some("0xabd1269ad8f9d87af9d48b223fe0bb3d"));
    }
}

#[test]
fn chp_05_chp_34_identifiers_are_one_byte() {
    for identifier in
        ["256", "0x100", "0x1ff", "-1", "abc", "", "0bIQ==", "0x", "33 ", "18446744073709551616"]
    {
        let error = refused(&[MD5, ("CHAP_I", identifier), CHALLENGE[1]]);
        assert!(is_violation_of(&error, "CHAP_I"), "{identifier:?}: {error}");
    }
    let challenge = CHALLENGE[1].1;
    assert_eq!(response("0x21", challenge), response("33", challenge));
    assert_eq!(response("0xff", challenge), response("255", challenge));
    assert_ne!(response("0", challenge), response("255", challenge));
}

#[test]
fn chp_06_lengths_of_challenges() {
    for length in [1, 2, 15, 16, 17, 1023, 1024] {
        let challenge = vec![0xa5; length];
        assert_eq!(response("1", &encode_hex(&challenge)), response("1", &encode_base64(&challenge)));
    }
    let long = vec![0xa5; 1025];
    for challenge in ["0x", "0b", "", &encode_hex(&long), &encode_base64(&long)] {
        let error = refused(&[MD5, CHALLENGE[0], ("CHAP_C", challenge)]);
        assert!(is_violation_of(&error, "CHAP_C"), "{} characters: {error}", challenge.len());
    }
}

#[test]
fn chp_34_challenges_are_binary_values() {
    for challenge in
        ["123456", "00112233445566778899aabbccddeeff", "0x0011 2233", "0x00zz", "0bIQ=", "0b=IQ="]
    {
        let error = refused(&[MD5, CHALLENGE[0], ("CHAP_C", challenge)]);
        assert!(is_violation_of(&error, "CHAP_C"), "{challenge}: {error}");
    }
}

/// CHP-04: a repeated key, a second challenge, one too early.
#[test]
fn chp_04_chp_22_challenges_out_of_place() {
    let twice = refused(&[MD5, CHALLENGE[0], CHALLENGE[1], CHALLENGE[1]]);
    assert_eq!(twice, ProtocolViolation::DuplicateKey { key: "CHAP_C".to_owned() }.into());
    for foreign in [RESPONSE[0], RESPONSE[1], ("MaxBurstLength", "512"), ("AuthMethod", "CHAP")] {
        let error = refused(&[MD5, CHALLENGE[0], CHALLENGE[1], foreign]);
        assert_eq!(key_out_of_place(&error), Some(foreign.0), "{error}");
    }
    for early in [MD5, CHALLENGE[0], CHALLENGE[1], RESPONSE[1]] {
        let play = Play::begin(config(mutual()));
        let error = play.fails(|request| answer(request, &[("AuthMethod", "CHAP"), early]));
        assert_eq!(key_out_of_place(&error), Some(early.0), "{error}");
    }
    let again = Play::at_response("5").fails(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]));
    assert_eq!(again, TargetAuthError::NoResponse.into());
    let one_way = Play::at_challenge(Authentication::Chap(forward()))
        .on(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]));
    let again = one_way.fails(|request| answer(request, &[CHALLENGE[0], CHALLENGE[1]]));
    assert_eq!(key_out_of_place(&again), Some("CHAP_I"), "{again}");
}

fn key_out_of_place(error: &LoginError) -> Option<&str> {
    match error {
        LoginError::Protocol(ProtocolViolation::UnexpectedKey { key, .. }) => Some(key),
        _ => None,
    }
}

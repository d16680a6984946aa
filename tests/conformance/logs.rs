//! The debug output of a login: its state, and no secret.

use iscsi_login::ChapAlgorithm;
use iscsi_login::initiator::Login;
use iscsi_pdu::encode_hex;

use crate::scripted::{CHALLENGE, FORWARD, REVERSE, answer, config, mutual};

#[test]
fn chp_27_a_login_in_a_log() {
    let (login, request) = Login::start(config(mutual())).unwrap();
    assert!(format!("{login:?}").contains("Method(AwaitingMethod)"), "{login:?}");
    let login = step(login, &request, &[("AuthMethod", "CHAP")]);
    assert!(format!("{:?}", login.0).contains("Challenge(AwaitingChallenge)"), "{:?}", login.0);
    let keys = [&[("CHAP_A", "5")], &CHALLENGE[..]].concat();
    let (login, _) = step(login.0, &login.1, &keys);
    let text = format!("{login:?}");
    for part in ["Response(AwaitingResponse", "ExpectedResponse", "algorithm: Some(Md5)", "round_trips: 3"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for secret in [FORWARD, REVERSE] {
        for form in [String::from_utf8(secret.to_vec()).unwrap(), format!("{secret:?}"), encode_hex(secret)] {
            assert!(!text.contains(&form), "a secret in {text}");
        }
    }
}

fn step(
    login: Login<'static>,
    request: &iscsi_pdu::LoginRequest,
    keys: &[(&str, &str)],
) -> (Login<'static>, iscsi_pdu::LoginRequest) {
    match login.receive(&answer(request, keys)).unwrap() {
        iscsi_login::initiator::Step::Send(login, request) => (login, request),
        _ => panic!("the login is over"),
    }
}

#[test]
fn names_of_algorithms() {
    let names = ChapAlgorithm::ALL.map(|algorithm| algorithm.to_string());
    assert_eq!(names, ["SHA3-256", "SHA-256", "SHA-1", "MD5"]);
}

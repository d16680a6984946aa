//! Texts that do not fit one Login PDU, ours and the target's.

use bytes::Bytes;
use iscsi_login::initiator::Step;
use iscsi_login::{Authentication, LoginError, Nonce, Offer, ProtocolViolation, target};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, SerialNumber, TextWriter};

use crate::scripted::{Play, answer, config, grant, names};

/// Unknown keys whose answers are longer than one PDU.
const KEYS: usize = 300;

fn unknown_keys() -> Bytes {
    let text =
        (0..KEYS).fold(TextWriter::new(), |text, at| text.pair(&format!("X-com.example.Key{at}"), "1"));
    text.finish().unwrap()
}

/// A login that has to answer many keys: what it says first, and what is left.
fn asked() -> Play {
    Play::at_parameters().on(|request| LoginResponse { text: unknown_keys(), ..answer(request, &[]) })
}

/// TXT-14, TXT-16, LOG-22: pieces of 8192 bytes, of which only the last asks for the transition.
#[test]
fn txt_16_txt_14_log_22_neg_22_our_own_long_text() {
    let mut play = asked();
    let mut text = Vec::new();
    while play.request.continues {
        assert!(!play.request.transit && play.request.text.len() == 8192);
        text.extend_from_slice(&play.request.text);
        play = play.on(|request| answer(request, &[]));
    }
    text.extend_from_slice(&play.request.text);
    assert!(play.request.transit);
    let answers: Vec<_> = (0..KEYS).map(|at| format!("X-com.example.Key{at}=NotUnderstood\0")).collect();
    assert!(text == answers.concat().as_bytes() && text.len() > 8192, "{} bytes", text.len());
    assert!(matches!(play.step(|request| grant(request, &[])), Ok(Step::Complete(_))));
}

/// TXT-16: before our text is whole there is nothing to say to it.
#[test]
fn txt_16_answers_to_half_a_text() {
    let spoken = asked().fails(|request| answer(request, &[("MaxBurstLength", "512")]));
    assert_eq!(spoken, LoginError::Protocol(ProtocolViolation::AnswerToHalfAText { length: 19 }));
    let continued = asked().fails(|request| LoginResponse { continues: true, ..answer(request, &[]) });
    assert_eq!(continued, LoginError::Protocol(ProtocolViolation::AnswerToHalfAText { length: 0 }));
    let granted = asked().fails(|request| grant(request, &[]));
    assert!(
        matches!(granted, LoginError::Protocol(ProtocolViolation::Header { field: "T", .. })),
        "{granted}"
    );
}

/// A portal that has been told more than one PDU of answers holds: its first half, and the request it answers.
fn told<'a>(accounts: &'a [target::Account<'static>]) -> (target::Login<'a>, LoginResponse, LoginRequest) {
    let portal = target::Login::new(target::Config {
        accounts,
        discovery: Authentication::None,
        algorithms: &iscsi_login::ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 1,
        tsih: 77,
        stat_sn: SerialNumber(0),
        nonce: Nonce::from_random([3; Nonce::LENGTH]),
    });
    let first = Play::begin(config(Authentication::None)).request;
    let text = Bytes::from([first.text.as_ref(), unknown_keys().as_ref()].concat());
    let target::Step::Send(portal, half) = portal.receive(&LoginRequest { text, ..first.clone() }) else {
        panic!("not split")
    };
    (portal, half, first)
}

fn accounts() -> [target::Account<'static>; 1] {
    [target::Account { name: names().1, authentication: Authentication::None }]
}

/// The target's half splits its text too, and grants no transition before the end of it.
#[test]
fn txt_15_a_long_text_of_the_target() {
    let accounts = accounts();
    let (portal, half, first) = told(&accounts);
    assert!(half.continues && !half.transit && half.text.len() == 8192);
    let empty = LoginRequest { transit: false, text: Bytes::new(), ..first.clone() };
    let target::Step::Send(portal, rest) = portal.receive(&empty) else { panic!("not the rest") };
    assert!(!rest.continues && !rest.transit && !rest.text.is_empty());
    let last = LoginRequest { text: Bytes::new(), ..first };
    assert!(matches!(portal.receive(&last), target::Step::Complete(response, _) if response.transit));
}

/// TXT-16 from the other side: a request with text in answer to half a text is refused.
#[test]
fn txt_16_requests_in_the_middle_of_a_text() {
    let accounts = accounts();
    let (portal, _, first) = told(&accounts);
    let spoken =
        LoginRequest { transit: false, text: Bytes::from_static(b"ErrorRecoveryLevel=0\0"), ..first };
    let target::Step::Refuse(response, _) = portal.receive(&spoken) else { panic!("not refused") };
    assert_eq!(response.status, LoginStatus::INITIATOR_ERROR);
}

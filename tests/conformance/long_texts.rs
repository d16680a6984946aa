//! Texts of the initiator and of the target that do not fit one Login PDU.

use bytes::Bytes;
use iscsi_login::initiator::Step;
use iscsi_login::{Authentication, LoginError, Nonce, Offer, ProtocolViolation, target};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, SerialNumber, TextWriter};

use crate::scripted::{Play, answer, config, grant, names};

/// The number of unknown keys whose answers do not fit one PDU.
const KEYS: usize = 300;

fn unknown_keys() -> Bytes {
    let text =
        (0..KEYS).fold(TextWriter::new(), |text, at| text.pair(&format!("X-com.example.Key{at}"), "1"));
    text.finish().unwrap()
}

/// A login that has to answer many keys.
fn with_long_answer() -> Play {
    Play::at_parameters().on(|request| LoginResponse { text: unknown_keys(), ..answer(request, &[]) })
}

/// TXT-14, TXT-16, LOG-22: pieces of 8192 bytes; only the last one asks for the transition.
#[test]
fn txt_16_txt_14_log_22_neg_22_a_long_text_of_the_initiator() {
    let mut play = with_long_answer();
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

/// TXT-16: the target must not send text before the initiator's text is complete.
#[test]
fn txt_16_answers_before_the_text_is_complete() {
    let with_text = with_long_answer().fails(|request| answer(request, &[("MaxBurstLength", "512")]));
    assert_eq!(with_text, LoginError::Protocol(ProtocolViolation::AnswerToIncompleteText { length: 19 }));
    let continued =
        with_long_answer().fails(|request| LoginResponse { continues: true, ..answer(request, &[]) });
    assert_eq!(continued, LoginError::Protocol(ProtocolViolation::AnswerToIncompleteText { length: 0 }));
    let granted = with_long_answer().fails(|request| grant(request, &[]));
    assert!(
        matches!(granted, LoginError::Protocol(ProtocolViolation::Header { field: "T", .. })),
        "{granted}"
    );
}

fn portal<'a>(accounts: &'a [target::Account<'static>]) -> target::TargetConfig<'a> {
    target::TargetConfig {
        accounts,
        discovery: Authentication::None,
        algorithms: &iscsi_login::ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 1,
    }
}

/// A target whose answers do not fit one PDU: its login, the first piece, and the request that it answers.
fn long_answer(accounts: &[target::Account<'static>]) -> (target::Login, LoginResponse, LoginRequest) {
    let login = target::Login::new(77, SerialNumber(0), Nonce::from_random([3; Nonce::LENGTH]));
    let first = Play::begin(config(Authentication::None)).request;
    let text = Bytes::from([first.text.as_ref(), unknown_keys().as_ref()].concat());
    let whole = LoginRequest { text, ..first.clone() };
    let target::Step::Send(login, piece) = login.receive(&portal(accounts), &whole) else {
        panic!("not split")
    };
    (login, piece, first)
}

fn accounts() -> [target::Account<'static>; 1] {
    [target::Account { name: names().1, authentication: Authentication::None }]
}

/// The target splits its text too, and grants no transition before its end.
#[test]
fn txt_15_a_long_text_of_the_target() {
    let accounts = accounts();
    let (login, piece, first) = long_answer(&accounts);
    assert!(piece.continues && !piece.transit && piece.text.len() == 8192);
    let empty = LoginRequest { transit: false, text: Bytes::new(), ..first.clone() };
    let target::Step::Send(login, rest) = login.receive(&portal(&accounts), &empty) else {
        panic!("not the rest")
    };
    assert!(!rest.continues && !rest.transit && !rest.text.is_empty());
    let last = LoginRequest { text: Bytes::new(), ..first };
    let end = login.receive(&portal(&accounts), &last);
    assert!(matches!(end, target::Step::Complete(response, _) if response.transit));
}

/// TXT-16: the target refuses text before its own text is complete.
#[test]
fn txt_16_requests_in_the_middle_of_a_text() {
    let accounts = accounts();
    let (login, _, first) = long_answer(&accounts);
    let with_text =
        LoginRequest { transit: false, text: Bytes::from_static(b"ErrorRecoveryLevel=0\0"), ..first };
    let target::Step::Refuse(response, _) = login.receive(&portal(&accounts), &with_text) else {
        panic!("not refused")
    };
    assert_eq!(response.status, LoginStatus::INITIATOR_ERROR);
}

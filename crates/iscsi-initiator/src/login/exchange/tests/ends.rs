//! Logins that end early: by the target, by a broken connection, or by the settings.

use iscsi_login::{ConfigError, LoginError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{Bhs, LoginStatus, Opcode, SequenceNumbers};

use super::*;

/// A connection that the target closes before, inside or after any PDU, and one that is lost.
#[test]
fn a_connection_that_ends_at_any_byte() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let mut replay = Replay::new(&fixture, &recording);
    loop {
        let stage = request_in(&recording.requests[replay.answered]).current_stage;
        let closed = |reason: &str| {
            let (portal, reason) = (fixture.first.clone(), reason.to_owned());
            Error::ClosedDuringLogin { portal, stage, reason }
        };
        let inside = if replay.offset == 0 { "" } else { " inside a PDU" };
        assert_eq!(replay.exchange.closed(), closed(&format!("closed by the target{inside}")));
        assert_eq!(replay.exchange.lost(&"reset"), closed("reset"));
        if replay.step(1).is_some() {
            break;
        }
    }
}

/// LOG-02: other PDUs than a Login Response, with the stage and the exact rule.
#[test]
fn log_02_anything_but_a_login_response_is_malformed() {
    let fixture = Fixture::mutual();
    for opcode in [Opcode::NOP_IN, Opcode::REJECT, Opcode::LOGIN_REQUEST, Opcode(0x3f)] {
        let mut exchange = fixture.waiting();
        let error =
            error_of(receive(&mut exchange, &encoded(RawPdu::header(Bhs::new(opcode)), Digests::default())));
        let rule = LoginResponse::decode(RawPdu::header(Bhs::new(opcode))).unwrap_err();
        let (portal, stage) = (fixture.first.clone(), Stage::SECURITY);
        assert_eq!(error, Error::MalformedDuringLogin { portal, stage, error: rule.into() });
        assert!(matches!(exchange.next(), Next::Begin));
    }
}

/// PDU-12, LOG-22: a response of more than 8192 bytes is refused by its header alone.
#[test]
fn pdu_12_log_22_a_response_that_is_too_long() {
    let fixture = Fixture::open();
    for (length, fits) in [(8192_u32, true), (8193, false)] {
        let mut exchange = fixture.waiting();
        // Only the header: the length is that of a data segment to come.
        let mut header = vec![Opcode::LOGIN_RESPONSE.0, 0, 0, 0];
        header.extend_from_slice(&length.to_be_bytes());
        header.resize(48, 0);
        let step = receive(&mut exchange, &header);
        if fits {
            assert!(matches!(step, Ok(Next::Read)));
            continue;
        }
        let rule = iscsi_pdu::Error::TooLong { field: "DataSegmentLength", length, limit: 8192 };
        let (portal, stage) = (fixture.first.clone(), Stage::OPERATIONAL);
        assert_eq!(error_of(step), Error::MalformedDuringLogin { portal, stage, error: rule.into() });
    }
}

/// Bytes that are no PDU at all, at every stage.
#[test]
fn log_02_garbage_ends_the_login_at_every_stage() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    for number in 0..recording.responses.len() {
        let mut replay = Replay::new(&fixture, &recording);
        while (replay.answered, matches!(replay.exchange.next(), Next::Read)) != (number, true) {
            assert!(replay.step(usize::MAX).is_none());
        }
        let stage = request_in(&recording.requests[number]).current_stage;
        let error = error_of(receive(&mut replay.exchange, &[0xff; 64]));
        let Error::MalformedDuringLogin { portal, stage: reported, .. } = error else { panic!("{error}") };
        assert_eq!((portal, reported), (fixture.first.clone(), stage));
    }
}

/// LOG-29, LOG-38: the error of a response that is refused has the portal and the stage of its request.
#[test]
fn log_29_log_38_a_response_that_ends_the_login() {
    let fixture = Fixture::mutual();
    let waiting = fixture.connected();
    let request = request_in(waiting.outgoing());
    let response = target::answer(&request, SerialNumber(0));
    let refused = LoginResponse { status: LoginStatus::TARGET_ERROR, ..response.clone() };
    let other_tag = LoginResponse { itt: InitiatorTaskTag(9), ..response.clone() };
    let skipping = LoginResponse { transit: true, next_stage: Stage::FULL_FEATURE, ..response };
    let stage = Stage::SECURITY;
    let tag = ProtocolViolation::Header {
        field: "Initiator Task Tag",
        received: 9,
        expected: 0,
        rule: "one tag for the whole login (6.3)",
    };
    for (response, error) in [
        (refused, LoginError::Refused { stage, status: LoginStatus::TARGET_ERROR }),
        (other_tag, tag.into()),
        (skipping, TargetAuthError::Skipped { next: Stage::FULL_FEATURE }.into()),
    ] {
        let mut exchange = fixture.waiting();
        let portal = fixture.first.clone();
        let ended = error_of(receive(&mut exchange, &bytes_of(&response)));
        assert_eq!(ended, Error::Login { portal, stage, error });
        // A login that is over waits for nothing but another one.
        assert!(matches!(receive(&mut exchange, &bytes_of(&response)), Ok(Next::Begin)));
    }
}

/// CHP-17: a challenge that this process has sent is not answered.
#[test]
fn chp_17_a_challenge_of_this_process_is_not_answered() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let settings = LoginSettings { is_own_challenge: &|_| true, ..fixture.settings() };
    let mut exchange = Exchange::new(settings, &fixture.first, BEGAN);
    exchange.begin(draw(1), BEGAN).unwrap();
    assert!(matches!(exchange.connected(BEGAN), Next::Write));
    assert!(matches!(send(&mut exchange), Ok(Next::Read)));
    assert!(matches!(receive(&mut exchange, &recording.responses[0]), Ok(Next::Write)));
    assert!(matches!(send(&mut exchange), Ok(Next::Read)));
    let (portal, stage) = (fixture.first.clone(), Stage::SECURITY);
    let error = TargetAuthError::ReflectedChallenge.into();
    let ended = error_of(receive(&mut exchange, &recording.responses[1]));
    assert_eq!(ended, Error::Login { portal, stage, error });
}

/// CHP-14: settings that are refused, before a connection or a request.
#[test]
fn chp_14_refused_settings_are_found_before_connecting() {
    let fixture = Fixture::with_reverse_secret(AuthenticationMode::Mutual, FORWARD);
    let mut exchange = fixture.exchange();
    assert!(matches!(exchange.next(), Next::Begin));
    let refused = exchange.begin(draw(1), BEGAN).unwrap_err();
    assert_eq!(refused, Error::Credentials(ConfigError::OneSecretForBothDirections));
    assert!(matches!(exchange.next(), Next::Begin));
    assert!(exchange.outgoing().is_empty());
}

/// Each call in each state has a defined result, and none of them panics.
#[test]
fn calls_out_of_order_return_the_step_that_is_due() {
    let fixture = Fixture::open();
    let mut exchange = fixture.exchange();
    assert!(matches!(exchange.connected(BEGAN), Next::Begin));
    assert!(matches!(exchange.sent(usize::MAX, BEGAN), Ok(Next::Begin)));
    assert!(matches!(exchange.received(BEGAN), Ok(Next::Begin)));
    exchange.begin(draw(1), BEGAN).unwrap();
    assert!(matches!(exchange.next(), Next::Connect));
    assert!(matches!(exchange.received(BEGAN), Ok(Next::Connect)));
    assert!(matches!(exchange.connected(BEGAN), Next::Write));
    assert!(matches!(exchange.received(BEGAN), Ok(Next::Write)));
    assert!(matches!(exchange.sent(usize::MAX, BEGAN), Ok(Next::Read)));
    assert!(matches!(exchange.sent(usize::MAX, BEGAN), Ok(Next::Read)));
    // A login that begins again has lost nothing but its connection.
    exchange.space().extend_from_slice(b"rest of the old connection");
    exchange.begin(draw(2), BEGAN).unwrap();
    assert!(matches!(exchange.next(), Next::Connect));
    assert!(exchange.space().is_empty());
    assert_eq!(request_in(exchange.outgoing()).cmd_sn, SerialNumber(2));
    assert_eq!(request_in(exchange.outgoing()).exp_stat_sn, SequenceNumbers::default().stat_sn);
}

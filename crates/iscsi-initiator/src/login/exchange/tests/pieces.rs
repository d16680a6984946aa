//! Requests and responses in pieces, bytes that come early, and clones.

use iscsi_pdu::{Bhs, Opcode};

use super::*;
use crate::wire::Received;

/// The recorded login is a mutual one that takes several exchanges, with digests from its end on.
#[test]
fn the_recorded_login() {
    let fixture = Fixture::mutual();
    let Recording { requests, responses, logged_in } = record(&fixture);
    let stages: Vec<_> = requests.iter().map(|request| request_in(request).current_stage).collect();
    let security = Stage::SECURITY;
    assert_eq!(stages, [security, security, security, Stage::OPERATIONAL]);
    assert_eq!(responses.len(), requests.len());
    let LoggedIn { portal, redirect_kind, completed, tolerance, .. } = logged_in;
    assert_eq!((portal, redirect_kind), (fixture.first, None));
    assert!(matches!(completed.authenticated, iscsi_login::initiator::Authenticated::Mutual(_)));
    assert_eq!((completed.parameters.digests, completed.tsih), (BOTH, 7));
    assert!(tolerance.observed().is_empty());
}

/// Each byte of requests and responses crosses alone, and a clone that is taken before each of them gets the rest at once:
/// every split of every PDU, and every position of a clone.
#[test]
fn each_byte_alone_and_a_clone_before_each() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let bytes: usize = recording.requests.iter().chain(&recording.responses).map(Vec::len).sum();
    let mut replay = Replay::new(&fixture, &recording);
    for passed in 0..bytes {
        replay.clone().finish();
        match replay.step(1) {
            Some((logged_in, _)) => assert_eq!((logged_in, passed + 1), (recording.logged_in.clone(), bytes)),
            None => assert!(passed + 1 < bytes),
        }
    }
}

/// Each response in two pieces, all others whole.
#[test]
fn each_response_in_two_pieces() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    for (number, response) in recording.responses.iter().enumerate() {
        for cut in 1..response.len() {
            let mut replay = Replay::new(&fixture, &recording);
            while (replay.answered, matches!(replay.exchange.next(), Next::Read)) != (number, true) {
                assert!(replay.step(usize::MAX).is_none());
            }
            assert!(replay.step(cut).is_none());
            assert!(matches!(replay.exchange.next(), Next::Read));
            replay.finish();
        }
    }
}

/// Responses that come before their requests are looked at when these are sent.
#[test]
fn responses_that_come_early() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let mut exchange = fixture.connected();
    assert!(matches!(receive(&mut exchange, &recording.responses.concat()), Ok(Next::Write)));
    for (number, request) in recording.requests.iter().enumerate() {
        assert_eq!(exchange.outgoing(), request);
        let rest = request.len() - 1;
        assert!(matches!(exchange.sent(rest, BEGAN), Ok(Next::Write)));
        match exchange.sent(1, BEGAN).unwrap() {
            Next::Write => assert!(number + 1 < recording.requests.len()),
            Next::Complete(complete) => assert_eq!(complete.0, recording.logged_in),
            _ => panic!("the response was lost"),
        }
    }
    assert!(matches!(exchange.next(), Next::Begin));
}

/// What follows the last response is kept, and read with the digests and the segment length of full feature phase, also
/// if only a part of it has come (DIG-02).
#[test]
fn dig_02_bytes_behind_the_last_response_are_of_full_feature_phase() {
    let fixture = Fixture::open();
    let limit = fixture.config.offer.parameters.max_recv_data_segment_length;
    let ping = RawPdu::with_data(Bhs::new(Opcode::NOP_IN), Bytes::from(vec![7; limit as usize]));
    let ping = encoded(ping, BOTH);
    for come in [0, 1, 48, 52, ping.len() - 1, ping.len()] {
        let mut exchange = fixture.connected();
        let response = bytes_of(&accept(&fixture, &request_in(exchange.outgoing())));
        assert!(matches!(send(&mut exchange), Ok(Next::Read)));
        let end = receive(&mut exchange, &[&response, &ping[..come]].concat());
        let Ok(Next::Complete(complete)) = end else { panic!("not complete") };
        let (_, mut inbox) = *complete;
        let mut rest = &ping[come..];
        let length = loop {
            match inbox.next_received().unwrap() {
                Some(Received::Pdu(_, data)) => break data.len(),
                _ => rest = &rest[inbox.put(rest)..],
            }
        };
        assert_eq!((length, rest.len(), inbox.is_empty()), (limit as usize, 0, true));
    }
    // Without a header digest, the first bytes of the data are taken for it.
    let mut exchange = fixture.connected();
    let response = bytes_of(&accept(&fixture, &request_in(exchange.outgoing())));
    let ping =
        encoded(RawPdu::with_data(Bhs::new(Opcode::NOP_IN), Bytes::from_static(&[7; 8])), Digests::default());
    assert!(send(&mut exchange).is_ok());
    let end = receive(&mut exchange, &[response, ping].concat());
    let Ok(Next::Complete(complete)) = end else { panic!("not complete") };
    let (_, mut inbox) = *complete;
    assert!(matches!(inbox.next_received(), Err(iscsi_pdu::Error::Digest { .. })));
}

/// All requests of a login share one buffer.
#[test]
fn requests_share_one_buffer() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let mut replay = Replay::new(&fixture, &recording);
    replay.exchange.request.reserve(8192);
    let buffer = replay.exchange.request.as_ptr();
    while replay.step(usize::MAX).is_none() {
        assert_eq!(replay.exchange.request.as_ptr(), buffer);
    }
}

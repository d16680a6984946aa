//! The bytes of a session's connection (rows PDU and DIG).

use bytes::BytesMut;
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{
    Bhs, EncodedPdu, InitiatorTaskTag, Lun, Opcode, RawPdu, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber,
};

use super::super::{End, Limits, LogoutCause, OldTask, Outcome, ProtocolError, Request};
use super::*;
use crate::scsi::{RawCommand, Transfer};

const NOW: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_mins(1);
const BOTH: Digests = Digests { header: true, data: true };

/// A session in full feature phase with this limit of segments, and a window of a hundred commands.
fn engine(digests: Digests, limit: u32, parameters: Parameters) -> Engine {
    let (zero, limits) = (SerialNumber(0), Limits::new(MINUTE, MINUTE));
    let numbers = SequenceNumbers { stat_sn: zero, exp_cmd_sn: zero, max_cmd_sn: SerialNumber(99) };
    let session = SessionState::new(parameters, zero, zero, numbers, Tolerance::default(), limits);
    Engine::new(session, Inbox::new(&[], digests, limit), digests)
}

/// A Data-In for a task that does not exist, which the session refuses by its tag once the bytes are in order.
fn data_in(length: u32) -> RawPdu {
    RawPdu::with_data(Bhs::new(Opcode::DATA_IN), Bytes::from(vec![7; length as usize]))
}

fn encode(raw: RawPdu, digests: Digests) -> BytesMut {
    let mut bytes = BytesMut::new();
    EncodedPdu::new(raw, digests).unwrap().append_to(&mut bytes);
    bytes
}

/// The SCSI Response of a command that moved no data.
pub(crate) fn good_response(itt: InitiatorTaskTag, numbers: SequenceNumbers) -> ScsiResponse {
    ScsiResponse {
        read_overflow: false,
        read_underflow: false,
        overflow: false,
        underflow: false,
        response: ScsiResponseCode::COMPLETED,
        status: ScsiStatus::GOOD,
        status_qualifier: 0,
        itt,
        snack_tag: 0,
        numbers,
        exp_data_sn: SerialNumber(0),
        bidirectional_read_residual_count: 0,
        residual_count: 0,
        sense: Bytes::new(),
        response_data: Bytes::new(),
    }
}

fn test_command() -> Request {
    Request::command(Lun::ZERO, RawCommand::new("TEST", 0, Transfer::None))
}

/// The failure after these bytes.
fn failure_after(engine: &mut Engine, bytes: &[u8]) -> Failure {
    engine.receive(bytes, NOW);
    match engine.session.end() {
        Some(End::Failed(failure)) => failure.clone(),
        other => panic!("{other:?}"),
    }
}

/// The segment limit is the declared one. One byte more is refused by its header alone.
#[test]
fn pdu_12_the_declared_segment_length_is_the_limit() {
    for limit in [512, 65_536] {
        let mut fits = engine(Digests::default(), limit, Parameters::default());
        let failure = failure_after(&mut fits, &encode(data_in(limit), Digests::default()));
        assert!(matches!(failure, Failure::Format(ProtocolError::Value { .. })), "{failure:?}");
        let mut longer = engine(Digests::default(), limit, Parameters::default());
        let header = &encode(data_in(limit + 1), Digests::default())[..48];
        let (field, length) = ("DataSegmentLength", limit + 1);
        let error = iscsi_pdu::Error::TooLong { field, length, limit };
        assert_eq!(failure_after(&mut longer, header), Failure::Format(error.into()));
    }
}

/// A target that does not send the negotiated digests; and the initiator, which does.
#[test]
fn dig_02_agreed_digests_are_demanded_both_ways() {
    let mut engine = engine(BOTH, 8192, Parameters::default());
    engine.session.submit(test_command());
    let mut sent = 0;
    engine.send(|slices| {
        sent += slices.iter().map(|slice| slice.len()).sum::<usize>();
        Ok(sent)
    });
    // A header and its digest.
    assert_eq!(sent, 52);
    let failure = failure_after(&mut engine, &encode(data_in(8), Digests::default()));
    assert!(matches!(failure, Failure::Digest(_)), "{failure:?}");
}

/// Whole PDUs count although the connection is lost behind them; half of one does not.
#[test]
fn the_end_of_the_stream_between_pdus_and_inside_one() {
    let inside = Failure::Lost("closed by the target inside a PDU".to_owned());
    for (cut, failure) in [(0, Failure::Closed), (47, inside)] {
        let mut engine = engine(Digests::default(), 8192, Parameters::default());
        let itt = engine.session.submit(test_command());
        engine.send(|slices| Ok(slices.iter().map(|slice| slice.len()).sum()));
        let mut bytes = encode(good_response(itt, SequenceNumbers::default()).encode(), Digests::default());
        bytes.extend_from_slice(&[0x25; 48][..cut]);
        engine.receive(&bytes, NOW);
        engine.closed(NOW);
        assert!(matches!(engine.session.poll_outcome(), Some((tag, Outcome::Good(_))) if tag == itt));
        assert_eq!(engine.session.end(), Some(&End::Failed(failure)));
    }
}

/// Data and sense data come with their PDU.
#[test]
fn pdus_come_with_their_data() {
    let mut engine = engine(BOTH, 8192, Parameters::default());
    let itt = engine.session.submit(test_command());
    engine.send(|slices| Ok(slices.iter().map(|slice| slice.len()).sum()));
    let sense = Bytes::from_static(&[0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0, 0, 0]);
    let good = good_response(itt, SequenceNumbers::default());
    let response = ScsiResponse { status: ScsiStatus::CHECK_CONDITION, sense: sense.clone(), ..good };
    engine.receive(&encode(response.encode(), BOTH), NOW);
    let Some((_, Outcome::Scsi(completion, _))) = engine.session.poll_outcome() else {
        panic!("{:?}", engine.session.end());
    };
    assert_eq!(
        (completion.completion.status, completion.completion.sense),
        (ScsiStatus::CHECK_CONDITION, sense)
    );
}

/// A connection that fails is lost for the reason that the operating system states.
#[test]
fn a_connection_that_fails_while_it_is_written() {
    let mut engine = engine(Digests::default(), 8192, Parameters::default());
    engine.session.log_out(LogoutCause::Initiator, NOW);
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    engine.send(|_| Err(reset()));
    assert_eq!(engine.session.end(), Some(&End::Failed(Failure::Lost(reset().to_string()))));
}

/// Twenty writes whose PDUs have 64 KiB each.
fn twenty_writes() -> Engine {
    const DATA: usize = (1 << 16) - 48;
    let mut parameters = Parameters::default();
    parameters.max_send_data_segment_length = 1 << 16;
    parameters.first_burst_length = 1 << 16;
    let mut engine = engine(Digests::default(), 8192, parameters);
    for _ in 0..20 {
        let write = RawCommand::new("TEST", 0, Transfer::Write(vec![7; DATA].into()));
        engine.session.submit(Request::command(Lun::ZERO, write));
    }
    engine
}

/// A socket that takes everything gets everything at once, although it is more than is encoded ahead.
#[test]
fn everything_leaves_while_the_socket_takes_it() {
    let (mut engine, mut taken) = (twenty_writes(), 0);
    engine.send(|slices| {
        let accepted = slices.iter().map(|slice| slice.len()).sum::<usize>();
        taken += accepted;
        Ok(accepted)
    });
    assert_eq!((taken, engine.unsent()), (20 << 16, 0));
}

/// At most 256 KiB are encoded ahead of the socket, here four writes of 64 KiB; the rest follows as the socket takes it.
#[test]
fn pdus_are_made_as_the_socket_takes_them() {
    let mut engine = twenty_writes();
    engine.send(|_| Err(io::ErrorKind::WouldBlock.into()));
    assert_eq!(engine.unsent(), 256 << 10);
    let (mut taken, mut open) = (0, 100_000);
    while engine.unsent() > 0 {
        engine.send(|slices| {
            let accepted = slices.iter().map(|slice| slice.len()).sum::<usize>().min(open);
            (taken, open) = (taken + accepted, open - accepted);
            if accepted == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(accepted) }
        });
        assert!(engine.unsent() <= 256 << 10);
        open = 100_000;
    }
    assert_eq!(taken, 20 << 16);
}

/// The target may have what the socket took a byte of, and has nothing of the rest: of two commands of 48 bytes, in this case.
#[test]
fn what_was_not_written_was_not_carried_out() {
    let may_run = || Outcome::Ambiguous(OldTask::MayRun);
    for (taken, outcomes) in [
        (0, [Outcome::NoSession, Outcome::NoSession]),
        (1, [may_run(), Outcome::NoSession]),
        (48, [may_run(), Outcome::NoSession]),
        (49, [may_run(), may_run()]),
    ] {
        let mut engine = engine(Digests::default(), 8192, Parameters::default());
        engine.session.make_lasting();
        let itts = [(); 2].map(|()| engine.session.submit(test_command()));
        let mut open = taken;
        engine.send(|_| match std::mem::take(&mut open) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            accepted => Ok(accepted),
        });
        assert_eq!(engine.unsent(), 96 - taken);
        engine.lost(&"reset");
        engine.session.end_waiting();
        assert_eq!(itts.map(|itt| engine.session.take_outcome(itt).unwrap()), outcomes, "{taken}");
    }
}

/// Another connection begins with nothing of the one before: neither what that left unsent nor the half of a PDU.
#[test]
fn another_connection_begins_anew() {
    let mut engine = engine(Digests::default(), 8192, Parameters::default());
    engine.session.submit(test_command());
    engine.send(|_| Err(io::ErrorKind::WouldBlock.into()));
    engine.receive(&[0x25; 47], NOW);
    assert_eq!(engine.unsent(), 48);
    engine.reconnect(Inbox::new(&[], BOTH, 8192), BOTH);
    assert_eq!(engine.unsent(), 0);
    engine.session.submit(test_command());
    engine.send(|slices| Ok(slices.iter().map(|slice| slice.len()).sum()));
    engine.closed(NOW);
    assert_eq!(engine.session.end(), Some(&End::Failed(Failure::Closed)));
}

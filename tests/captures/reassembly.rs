//! Tests of the reassembly: it handles reordering and retransmission, and detects segments that the recorder lost.

use crate::connection::{Side, reassemble};
use crate::packets::Segment;

const INITIATOR: u16 = 50_000;
const TARGET: u16 = 3260;

fn segment(from: u16, sequence: u32, payload: &[u8]) -> Segment {
    let to = if from == TARGET { INITIATOR } else { TARGET };
    Segment { from, to, sequence, acknowledgment: Some(0), syn: false, fin: false, payload: payload.to_vec() }
}

/// The opening of a connection. Both sequence numbers start near the end of their range; nothing is acknowledged.
fn opening() -> Vec<Segment> {
    let mut forth = segment(INITIATOR, u32::MAX - 1, b"");
    (forth.syn, forth.acknowledgment) = (true, None);
    let mut back = segment(TARGET, u32::MAX, b"");
    (back.syn, back.acknowledgment) = (true, Some(u32::MAX));
    vec![forth, back]
}

/// Returns the bytes that the initiator sent if these segments follow the opening.
fn sent(segments: &[(u32, &[u8])]) -> Result<Vec<u8>, String> {
    let own = segments.iter().map(|(at, payload)| {
        let mut segment = segment(INITIATOR, u32::MAX.wrapping_add(*at), payload);
        segment.acknowledgment = None;
        segment
    });
    let connections = reassemble(opening().into_iter().chain(own).collect())?;
    Ok(connections[0].bytes(Side::Initiator).to_vec())
}

#[test]
fn segments_may_come_twice_overlapping_and_out_of_order() {
    assert_eq!(sent(&[(3, b"def"), (0, b"abc"), (0, b"abc"), (2, b"cdefg")]).unwrap(), b"abcdefg");
}

#[test]
fn a_gap_is_an_error() {
    assert_eq!(sent(&[(0, b"abc"), (4, b"e")]).unwrap_err(), "bytes are missing before 4");
}

#[test]
fn an_end_that_was_acknowledged_but_not_captured_is_an_error() {
    let mut segments = opening();
    let mut acknowledgment = segment(TARGET, 0, b"");
    acknowledgment.acknowledgment = Some(4);
    segments.push(acknowledgment);
    assert_eq!(reassemble(segments).unwrap_err(), "bytes are missing after 0");
}

#[test]
fn retransmissions_that_differ_are_an_error() {
    assert_eq!(sent(&[(0, b"abcd"), (2, b"xyz")]).unwrap_err(), "a retransmission differs at byte 2");
}

#[test]
fn a_connection_without_its_beginning_is_an_error() {
    let lost = reassemble(vec![segment(INITIATOR, 0, b"abc")]);
    assert_eq!(lost.unwrap_err(), "a connection was open before the capture began");
}

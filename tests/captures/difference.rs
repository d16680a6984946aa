//! The encoded bytes equal the captured bytes, except where a peer filled bytes without meaning.

use bytes::Bytes;
use iscsi_pdu::{BHS_LENGTH, EncodedPdu};

use crate::captured_pdus;
use crate::cutting::CapturedPdu;

/// Bytes that a sender should have set to zero but did not. They have no meaning, so the codec does not preserve them.
const DIFFERENCES: [Difference; 1] = [Difference {
    capture: "lio-libiscsi-mutual",
    place: Place::Padding,
    reason: "LIO pads a short CHAP answer with what a longer one left in its buffer",
}];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Difference {
    capture: &'static str,
    place: Place,
    reason: &'static str,
}

/// A part of a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    AdditionalHeaders,
    Data,
    Padding,
    Digest,
}

#[test]
fn every_pdu_encodes_to_the_bytes_that_were_sent() {
    let mut unused = DIFFERENCES.to_vec();
    for (capture, pdu) in captured_pdus() {
        for place in places_that_differ(&pdu) {
            let listed = DIFFERENCES.iter().any(|known| known.capture == capture && known.place == place);
            assert!(listed, "{capture}: {place:?} of {} differs: {pdu:?}", pdu.raw.bhs.opcode());
            unused.retain(|known| known.capture != capture || known.place != place);
        }
    }
    assert_eq!(unused, [], "listed differences that occur in no PDU");
}

/// Returns the parts that differ, in ascending order and without duplicates.
fn places_that_differ(pdu: &CapturedPdu) -> Vec<Place> {
    let encoded = pdu.encoded().unwrap_or_else(|error| panic!("{error}: {pdu:?}"));
    let bytes = EncodedPdu::new(encoded, pdu.digests).unwrap().parts().concat();
    assert_eq!(bytes.len(), pdu.bytes.len(), "{pdu:?}");
    let differs = |&at: &usize| bytes[at] != pdu.bytes[at];
    let mut places: Vec<_> = (0..bytes.len()).filter(differs).map(|at| place(pdu, at)).collect();
    places.dedup();
    places
}

fn place(pdu: &CapturedPdu, at: usize) -> Place {
    let ahs = BHS_LENGTH + pdu.raw.ahs.as_ref().map_or(0, Bytes::len);
    let data = ahs + if pdu.digests.header { 4 } else { 0 };
    let padding = data + pdu.raw.data.len();
    match at {
        at if at < BHS_LENGTH => Place::Header,
        at if at < ahs => Place::AdditionalHeaders,
        at if at < data => Place::Digest,
        at if at < padding => Place::Data,
        at if at < padding.next_multiple_of(4) => Place::Padding,
        _ => Place::Digest,
    }
}

/// The comparison detects a single changed byte at any position.
#[test]
fn a_changed_byte_is_found() {
    let (_, pdu) = captured_pdus().find(|(_, pdu)| pdu.digests.data && pdu.raw.data.len() % 4 == 1).unwrap();
    let data = BHS_LENGTH + 4;
    let padding = data + pdu.raw.data.len();
    for (at, place) in [
        (20, Place::Header),
        (BHS_LENGTH, Place::Digest),
        (data, Place::Data),
        (padding, Place::Padding),
        (padding + 3, Place::Digest),
    ] {
        let mut changed = pdu.clone();
        changed.bytes[at] ^= 1;
        assert_eq!(places_that_differ(&changed), [place], "byte {at}");
    }
}

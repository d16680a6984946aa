//! A stream of PDUs in pieces of any size, with any digests.

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, EncodedPdu, Error, InitiatorPdu, RawPdu, TargetPdu};

/// Reads from the input: the digests (one byte), the number of piece sizes (one byte), the piece sizes, and the stream.
///
/// In pieces the stream decodes to the same PDUs as at once, and every PDU is equal after encoding and decoding it.
///
/// # Panics
/// If it is not.
pub fn pdu_stream(data: &[u8]) {
    let &[choice, count, ref rest @ ..] = data else { return };
    let digests = Digests { header: choice & 1 != 0, data: choice & 2 != 0 };
    let (sizes, bytes) = rest.split_at(usize::from(count).min(rest.len()));
    let whole = cut([bytes].into_iter(), digests);
    assert_eq!(cut(pieces(bytes, sizes), digests), whole);
    whole.0.iter().for_each(check);
}

/// Splits the stream into pieces of these sizes, repeated; a size of 0 means 256.
fn pieces<'a>(mut bytes: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut sizes = sizes.iter().cycle().map(|&size| if size == 0 { 256 } else { usize::from(size) });
    std::iter::from_fn(move || {
        let size = sizes.next().unwrap_or(usize::MAX);
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn cut<'a>(pieces: impl Iterator<Item = &'a [u8]>, digests: Digests) -> (Vec<RawPdu>, Option<Error>) {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(digests, 65_536);
    let (mut stream, mut pdus) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        stream.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut stream) {
                Ok(Some(raw)) => pdus.push(raw),
                Ok(None) => break,
                Err(error) => return (pdus, Some(error)),
            }
        }
        assert!(decoder.bytes_needed(&stream) > 0, "the decoder needs no bytes but returns no PDU");
    }
    (pdus, None)
}

fn check(raw: &RawPdu) {
    if let Ok(pdu) = TargetPdu::decode(raw.clone()) {
        let again = TargetPdu::decode(over_the_wire(pdu.encode()));
        assert!(matches!(pdu, TargetPdu::Vendor(_)) || again == Ok(pdu));
    }
    if let Ok(pdu) = InitiatorPdu::decode(raw.clone()) {
        let again = InitiatorPdu::decode(over_the_wire(pdu.encode()));
        assert!(matches!(pdu, InitiatorPdu::Vendor(_)) || again == Ok(pdu));
    }
}

fn over_the_wire(raw: RawPdu) -> RawPdu {
    let mut stream = BytesMut::new();
    EncodedPdu::new(raw, Digests::default()).expect("what was received fits").append_to(&mut stream);
    let whole = Decoder::new(u32::MAX).decode(&mut stream).expect("it is well-formed");
    whole.expect("it is whole")
}

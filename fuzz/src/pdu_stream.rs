//! The stream of PDUs, in any pieces, with any digests.

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, EncodedPdu, Error, InitiatorPdu, RawPdu, TargetPdu};

/// The first byte chooses digests, the second says how many bytes with the sizes of the pieces follow, and the rest
/// is the stream.
///
/// In pieces it gives what it gives as a whole, and whatever decodes encodes to something that decodes to the same.
///
/// # Panics
/// When it does not.
pub fn pdu_stream(data: &[u8]) {
    let &[choice, count, ref rest @ ..] = data else { return };
    let digests = Digests { header: choice & 1 != 0, data: choice & 2 != 0 };
    let (sizes, bytes) = rest.split_at(usize::from(count).min(rest.len()));
    let whole = cut([bytes].into_iter(), digests);
    assert_eq!(cut(pieces(bytes, sizes), digests), whole);
    whole.0.iter().for_each(check);
}

/// The stream in pieces of these sizes, over and over; a size of 0 stands for 256.
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
        assert!(decoder.bytes_needed(&stream) > 0, "it waits for nothing");
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

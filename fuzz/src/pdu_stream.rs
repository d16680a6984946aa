//! The stream of PDUs, in any pieces, with any digests.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Decoder, Digests, InitiatorPdu, RawPdu, TargetPdu, WirePdu};

/// The first octet chooses digests and the size of the pieces, the rest is the stream.
///
/// Whatever decodes must encode to something that decodes to the same.
///
/// # Panics
/// When it does not.
pub fn pdu_stream(data: &[u8]) {
    let Some((&choice, octets)) = data.split_first() else { return };
    let digests = Digests { header: choice & 1 != 0, data: choice & 2 != 0 };
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(digests, 65_536);
    let mut stream = BytesMut::new();
    for piece in octets.chunks(usize::from(choice >> 2) + 1) {
        stream.extend_from_slice(piece);
        while let Some(raw) = match decoder.decode(&mut stream) {
            Ok(raw) => raw,
            Err(_) => return,
        } {
            check(&raw);
        }
    }
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
    WirePdu::new(raw, Digests::default()).expect("what was received fits").append_to(&mut stream);
    let whole = Decoder::new(u32::MAX).decode(&mut stream).expect("it is well-formed");
    whole.unwrap_or_else(|| RawPdu::with_data(iscsi_pdu::Bhs::from_octets([0; 48]), Bytes::new()))
}

//! Arbitrary PDUs, encoded and decoded.

use arbitrary::Unstructured;
use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, EncodedPdu, InitiatorPdu, RawPdu, TargetPdu};

use crate::{any_initiator_pdu, any_target_pdu};

/// Builds PDUs from the bytes; with any digests, each is received as it was sent.
///
/// # Panics
/// If it is not.
pub fn pdu_round_trip(data: &[u8]) {
    let mut source = Unstructured::new(data);
    while !source.is_empty() {
        if round_trip(&mut source).is_err() {
            return;
        }
    }
}

fn round_trip(source: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let digests = Digests { header: source.arbitrary()?, data: source.arbitrary()? };
    if source.arbitrary()? {
        let pdu = any_initiator_pdu(source)?;
        assert_eq!(InitiatorPdu::decode(over_the_wire(pdu.encode(), digests)), Ok(pdu));
    } else {
        let pdu = any_target_pdu(source)?;
        assert_eq!(TargetPdu::decode(over_the_wire(pdu.encode(), digests)), Ok(pdu));
    }
    Ok(())
}

fn over_the_wire(raw: RawPdu, digests: Digests) -> RawPdu {
    let wire = EncodedPdu::new(raw, digests).expect("it is small enough");
    let mut stream = BytesMut::new();
    wire.append_to(&mut stream);
    assert_eq!(stream.len(), wire.length());
    let mut decoder = Decoder::new(0);
    decoder.set_full_feature(digests, u32::MAX);
    let received = decoder.decode(&mut stream).expect("it is well-formed").expect("it is whole");
    assert!(decoder.is_idle(&stream));
    received
}

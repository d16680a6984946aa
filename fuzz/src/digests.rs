//! Damaged PDUs with both digests.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{BHS_LENGTH, Bhs, Decoder, Digests, EncodedPdu, Error, RawPdu};

const ON: Digests = Digests { header: true, data: true };

/// Offset of `TotalAHSLength`, which determines the position of the header digest. If this byte is changed, other bytes
/// of the input serve as the digest, and the fuzzer can make any CRC match.
const AHS_LENGTH_AT: usize = 4;

/// Reads from the input: the position of the damage (two bytes), the damage (one byte), a header, a count of additional
/// words, these words, and the data.
///
/// An undamaged PDU arrives unchanged, a damaged one is refused.
///
/// # Panics
/// If an undamaged PDU changes or is refused, or a damaged one is accepted.
pub fn digests(data: &[u8]) {
    let Some((&[high, low, damage], rest)) = data.split_first_chunk::<3>() else { return };
    let Some(raw) = raw_pdu(rest) else { return };
    let mut wire = BytesMut::new();
    EncodedPdu::new(raw.clone(), ON).expect("255 words and some data").append_to(&mut wire);
    let at = usize::from(u16::from_be_bytes([high, low])) % wire.len();
    if damage == 0 {
        let received = decode(wire).expect("the digests are right").expect("it is whole");
        assert_eq!((&received.ahs, &received.data), (&raw.ahs, &raw.data));
    } else if at != AHS_LENGTH_AT {
        wire[at] ^= damage;
        assert!(!matches!(decode(wire), Ok(Some(_))), "damage {damage:#x} at byte {at} was not detected");
    }
}

fn raw_pdu(bytes: &[u8]) -> Option<RawPdu> {
    let (bhs, rest) = bytes.split_first_chunk::<BHS_LENGTH>()?;
    let (&words, rest) = rest.split_first()?;
    let (ahs, data) = rest.split_at_checked(usize::from(words) * 4)?;
    let (bhs, ahs) = (Bhs::from_bytes(*bhs), (!ahs.is_empty()).then(|| Bytes::copy_from_slice(ahs)));
    let is_possible = ahs.is_none() || bhs.opcode().may_have_additional_headers();
    is_possible.then(|| RawPdu { bhs, ahs, data: Bytes::copy_from_slice(data) })
}

fn decode(mut stream: BytesMut) -> Result<Option<RawPdu>, Error> {
    let mut decoder = Decoder::new(0);
    decoder.set_full_feature(ON, 1 << 20);
    decoder.decode(&mut stream)
}

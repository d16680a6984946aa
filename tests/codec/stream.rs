//! PDUs on a stream: complete, in pieces, truncated, damaged.

use bytes::BytesMut;
use iscsi_pdu::{BHS_LENGTH, Digests, Error, InitiatorPdu, Opcode, RawPdu, TargetPdu};

use crate::sample::{AnyPdu, DIGESTS, OFF, ON, decoder, over_the_wire, samples};

#[test]
fn pdu_01_what_goes_out_comes_in() {
    for digests in DIGESTS {
        for pdu in samples() {
            assert_eq!(pdu.decode_alike(over_the_wire(pdu.encode(), digests)), Ok(pdu));
        }
    }
}

/// All samples on one stream, in pieces of this size.
fn in_pieces(digests: Digests, size: usize) -> Vec<RawPdu> {
    let whole: Vec<u8> = samples().iter().flat_map(|pdu| pdu.bytes(digests)).collect();
    let (mut decoder, mut stream, mut received) = (decoder(digests), BytesMut::new(), Vec::new());
    for piece in whole.chunks(size) {
        stream.extend_from_slice(piece);
        while let Some(raw) = decoder.decode(&mut stream).unwrap() {
            received.push(raw);
        }
        assert!(decoder.bytes_needed(&stream) > 0, "it waits for nothing");
    }
    assert!(decoder.is_idle(&stream));
    received
}

#[test]
fn pdu_13_any_segmentation() {
    for digests in DIGESTS {
        let whole = in_pieces(digests, usize::MAX);
        for (pdu, raw) in samples().iter().zip(&whole) {
            assert_eq!(pdu.decode_alike(raw.clone()).as_ref(), Ok(pdu));
        }
        for size in [1, 2, 3, 7, 47, 48, 49, 61] {
            assert_eq!(in_pieces(digests, size), whole, "{size} bytes a piece");
        }
    }
}

/// `bytes_needed` never exceeds the missing bytes, and completes the PDU in at most four steps.
#[test]
fn pdu_13_bytes_wanted_lead_to_the_end() {
    for digests in DIGESTS {
        for pdu in samples() {
            let whole = pdu.bytes(digests);
            let (mut decoder, mut stream, mut at, mut steps) = (decoder(digests), BytesMut::new(), 0, 0);
            while decoder.decode(&mut stream).unwrap().is_none() {
                let wanted = decoder.bytes_needed(&stream);
                assert!(
                    wanted > 0 && at + wanted <= whole.len(),
                    "{wanted} wanted at {at} of {}",
                    whole.len()
                );
                assert!(!decoder.is_idle(&stream) || at == 0);
                stream.extend_from_slice(&whole[at..at + wanted]);
                (at, steps) = (at + wanted, steps + 1);
            }
            assert!(at == whole.len() && steps <= 4, "{steps} steps");
        }
    }
}

#[test]
fn a_pdu_cut_short_at_any_length_is_none() {
    for digests in DIGESTS {
        for pdu in samples() {
            let whole = pdu.bytes(digests);
            for length in 0..whole.len() {
                let mut cut = BytesMut::from(&whole[..length]);
                let mut decoder = decoder(digests);
                assert_eq!(decoder.decode(&mut cut), Ok(None), "{length} bytes of {pdu:?}");
                assert_eq!(decoder.is_idle(&cut), length == 0);
            }
        }
    }
}

/// Additional headers and sense data that are shorter than their own lengths; other data has no inner length.
#[test]
fn parts_cut_short_at_any_length_are_refused() {
    for pdu in samples() {
        let raw = pdu.encode();
        for length in 0..raw.data.len() {
            let cut = pdu.decode_alike(RawPdu { data: raw.data.slice(..length), ..raw.clone() });
            assert_eq!(cut.is_err(), (1..sense_end(&raw)).contains(&length), "{length} bytes of {pdu:?}");
        }
        let ahs = raw.ahs.clone().unwrap_or_default();
        for length in 0..ahs.len() {
            let cut = RawPdu { ahs: Some(ahs.slice(..length)), ..raw.clone() };
            let between_headers = header_starts(&ahs).contains(&length);
            assert_eq!(pdu.decode_alike(cut).is_ok(), between_headers, "{length} bytes of {ahs:?}");
        }
    }
}

/// Returns the offsets of additional headers: each has two bytes of length, a type, as many bytes as the length,
/// padding.
fn header_starts(ahs: &[u8]) -> Vec<usize> {
    let next = |at: &usize| {
        let length: [u8; 2] = ahs.get(*at..at + 2)?.try_into().ok()?;
        Some((at + 3 + usize::from(u16::from_be_bytes(length))).next_multiple_of(4))
    };
    std::iter::successors(Some(0), next).collect()
}

/// Returns the end of the sense data, in PDUs that have it (11.4.7, 11.9.4).
fn sense_end(raw: &RawPdu) -> usize {
    match raw.data.first_chunk() {
        Some(length) if matches!(raw.bhs.opcode(), Opcode::SCSI_RESPONSE | Opcode::ASYNC_MESSAGE) => {
            2 + usize::from(u16::from_be_bytes(*length))
        }
        _ => 0,
    }
}

fn with_bit_flipped(pdu: &AnyPdu, digests: Digests, bit: usize) -> BytesMut {
    let mut bytes = pdu.bytes(digests);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// With both digests every single flipped bit is detected. A longer length makes the decoder wait for more bytes.
#[test]
fn dig_03_dig_10_no_flipped_bit_is_accepted() {
    for pdu in samples() {
        for bit in 0..pdu.bytes(ON).len() * 8 {
            let mut stream = with_bit_flipped(&pdu, ON, bit);
            stream.extend_from_slice(&[0; 1024]);
            let decoded = decoder(ON).decode(&mut stream);
            assert!(!matches!(decoded, Ok(Some(_))), "bit {bit} of {pdu:?}");
        }
    }
}

/// Each digest by itself protects its part, including the digest itself.
#[test]
fn dig_03_dig_04_each_digest_covers_its_part() {
    for (digests, header) in [(DIGESTS[1], true), (DIGESTS[2], false)] {
        for pdu in samples() {
            let head = BHS_LENGTH + pdu.encode().ahs.map_or(0, |ahs| ahs.len()) + if header { 4 } else { 0 };
            let whole = pdu.bytes(digests).len();
            let part = if header { 0..head } else { head..whole };
            for bit in part.start * 8..part.end * 8 {
                let mut stream = with_bit_flipped(&pdu, digests, bit);
                stream.extend_from_slice(&[0; 1024]);
                let decoded = decoder(digests).decode(&mut stream);
                assert!(matches!(decoded, Err(Error::Digest { .. })), "bit {bit} of {pdu:?}");
            }
        }
    }
}

/// Enough bytes follow for every length that the decoder accepts.
#[test]
fn no_flipped_bit_makes_it_panic() {
    for pdu in samples() {
        for bit in 0..pdu.bytes(OFF).len() * 8 {
            let mut stream = with_bit_flipped(&pdu, OFF, bit);
            stream.extend_from_slice(&[0xa5; 8192 + 1024]);
            let decoded = decoder(OFF).decode(&mut stream);
            assert_ne!(decoded, Ok(None), "bit {bit} of {pdu:?}");
            if let Ok(Some(raw)) = decoded {
                let _ = (TargetPdu::decode(raw.clone()), InitiatorPdu::decode(raw));
            }
        }
    }
}

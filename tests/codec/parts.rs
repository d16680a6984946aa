//! Headers and data apart: PDUs that are received and sent in two steps.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    BHS_LENGTH, Bhs, Crc32c, Decoder, Digests, Error, Opcode, RawPdu, encode_headers, encode_trailer,
};

use crate::sample::{DIGESTS, OFF, ON, decoder, samples};

/// The PDU at the front of a stream, put together from its parts.
fn in_parts(decoder: &Decoder, stream: &[u8]) -> Result<Option<(RawPdu, usize)>, Error> {
    let Some(head) = decoder.head(stream)? else { return Ok(None) };
    let Some(rest) = stream.get(head.length()..head.pdu_length()) else { return Ok(None) };
    let (data, trailer) = rest.split_at(head.data_length());
    assert_eq!(trailer.len(), head.trailer_length());
    head.verify_data(Crc32c::new().update(data), trailer)?;
    let ahs = head.additional_headers(stream);
    let ahs = (!ahs.is_empty()).then(|| Bytes::copy_from_slice(ahs));
    Ok(Some((RawPdu { bhs: *head.bhs(), ahs, data: Bytes::copy_from_slice(data) }, head.pdu_length())))
}

/// What decoding in one step says about the stream.
fn at_once(digests: Digests, stream: &[u8]) -> Result<Option<(RawPdu, usize)>, Error> {
    let mut rest = BytesMut::from(stream);
    let decoded = decoder(digests).decode(&mut rest)?;
    Ok(decoded.map(|raw| (raw, stream.len() - rest.len())))
}

/// Whole or cut short anywhere, with bytes of the next PDU behind it.
#[test]
fn pdu_01_pdu_13_in_two_steps_as_in_one() {
    for digests in DIGESTS {
        for pdu in samples() {
            let mut stream = pdu.bytes(digests);
            stream.extend_from_slice(&[0; 60]);
            for length in 0..=stream.len() {
                let stream = &stream[..length];
                assert_eq!(
                    in_parts(&decoder(digests), stream),
                    at_once(digests, stream),
                    "{length} of {pdu:?}"
                );
            }
        }
    }
}

#[test]
fn dig_03_dig_04_a_flipped_bit_in_two_steps_as_in_one() {
    for digests in [OFF, ON] {
        for pdu in samples() {
            let whole = pdu.bytes(digests);
            for bit in 0..whole.len() * 8 {
                let mut stream = whole.clone();
                stream[bit / 8] ^= 1 << (bit % 8);
                stream.extend_from_slice(&[0; 1024]);
                assert_eq!(
                    in_parts(&decoder(digests), &stream),
                    at_once(digests, &stream),
                    "bit {bit} of {pdu:?}"
                );
            }
        }
    }
}

/// The CRC of data may grow in pieces, and a trailer without a digest is not one that matches.
#[test]
fn dig_04_the_digest_of_data_in_pieces() {
    for length in [1, 4, 5] {
        let mut stream = BytesMut::new();
        let raw = RawPdu::with_data(Bhs::new(Opcode::DATA_IN), Bytes::from(vec![7; length]));
        iscsi_pdu::EncodedPdu::new(raw, ON).unwrap().append_to(&mut stream);
        let head = decoder(ON).head(&stream).unwrap().unwrap();
        assert!(head.has_data_digest());
        let crc = (0..length).fold(Crc32c::new(), |crc, _| crc.update(&[7]));
        let trailer = &stream[head.length() + length..];
        assert_eq!(head.verify_data(crc, trailer), Ok(()));
        for cut in 0..trailer.len() {
            assert!(head.verify_data(crc, &trailer[..cut]).is_err(), "{cut}");
        }
        assert!(head.verify_data(Crc32c::new(), trailer).is_err());
    }
    let empty = decoder(ON).head(&samples()[0].bytes(ON)).unwrap().unwrap();
    assert_eq!(empty.has_data_digest(), empty.data_length() > 0);
}

/// Headers and trailers in one buffer are those of a PDU that is encoded as a whole.
#[test]
fn pdu_01_dig_03_dig_04_headers_of_many_pdus_share_a_buffer() {
    for digests in DIGESTS {
        let mut shared = vec![0xa5; 3];
        for pdu in samples() {
            let (raw, whole) = (pdu.encode(), pdu.bytes(digests));
            let mut begin = shared.len();
            encode_headers(
                raw.bhs,
                raw.ahs.as_deref().unwrap_or_default(),
                raw.data.len(),
                digests,
                &mut shared,
            )
            .unwrap();
            let head = shared.len() - begin;
            assert_eq!(shared[begin..], whole[..head], "{pdu:?}");
            begin = shared.len();
            let crc = digests.data.then(|| Crc32c::new().update(&raw.data));
            encode_trailer(raw.data.len(), crc, &mut shared);
            assert_eq!(shared[begin..], whole[head + raw.data.len()..], "{pdu:?}");
        }
        assert_eq!(shared[..3], [0xa5; 3]);
    }
}

/// The data are elsewhere, but their length is checked; nothing is appended then.
#[test]
fn pdu_12_lengths_that_no_header_can_state() {
    const LONGEST: usize = (1 << 24) - 1;
    let mut shared = Vec::new();
    let raw = RawPdu::header(Bhs::new(Opcode::DATA_OUT));
    assert!(
        encode_headers(raw.bhs, raw.ahs.as_deref().unwrap_or_default(), LONGEST + 1, OFF, &mut shared)
            .is_err()
    );
    for length in [1021, 1024] {
        let raw = RawPdu { ahs: Some(Bytes::from(vec![0; length])), ..raw.clone() };
        assert!(
            encode_headers(raw.bhs, raw.ahs.as_deref().unwrap_or_default(), 0, OFF, &mut shared).is_err(),
            "{length}"
        );
    }
    assert!(shared.is_empty());
    encode_headers(raw.bhs, raw.ahs.as_deref().unwrap_or_default(), LONGEST, OFF, &mut shared).unwrap();
    assert_eq!((shared.len(), &shared[5..8]), (BHS_LENGTH, &[0xff; 3][..]));
}

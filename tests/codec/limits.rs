//! Lengths beyond the limit that the receiver declared.

use bytes::BytesMut;
use iscsi_pdu::{BHS_LENGTH, Crc32c, Decoder, DigestPart, Error, Opcode};

use crate::sample::{OFF, ON};

/// Returns a NOP-In header with these lengths and nothing after it.
fn header(ahs_words: u8, data: u32) -> BytesMut {
    let mut bytes = [0; BHS_LENGTH];
    bytes[0] = 0x20;
    bytes[4..8].copy_from_slice(&(u32::from(ahs_words) << 24 | data).to_be_bytes());
    BytesMut::from(&bytes[..])
}

#[test]
fn pdu_12_too_long_by_the_header_alone() {
    let error = Decoder::new(8192).decode(&mut header(0, 0x00ff_ffff)).unwrap_err();
    assert_eq!(error, Error::TooLong { field: "DataSegmentLength", length: 0x00ff_ffff, limit: 8192 });
}

#[test]
fn pdu_12_the_limit_itself_fits() {
    for limit in [0, 1, 512, 8192] {
        let mut decoder = Decoder::new(limit);
        assert_eq!(decoder.decode(&mut header(0, limit)).map(|raw| raw.is_some()), Ok(limit == 0), "{limit}");
        let error = Decoder::new(limit).decode(&mut header(0, limit + 1)).unwrap_err();
        assert_eq!(error, Error::TooLong { field: "DataSegmentLength", length: limit + 1, limit });
    }
}

/// The limit of the login phase ends with the login phase.
#[test]
fn pdu_12_another_limit_in_full_feature_phase() {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(OFF, 512);
    assert!(decoder.decode(&mut header(0, 513)).is_err());
    decoder.set_full_feature(OFF, 65_536);
    assert_eq!(decoder.decode(&mut header(0, 65_536)), Ok(None));
}

/// No memory is reserved for bytes that have not arrived: the buffer stays as small as its content.
#[test]
fn pdu_12_nothing_is_allocated_for_what_has_not_come() {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(ON, 0x00ff_ffff);
    let mut stream = header(255, 0x00ff_fffc);
    stream[0] = Opcode::SCSI_COMMAND.0;
    assert_eq!(decoder.decode(&mut stream), Ok(None));
    assert!(stream.capacity() <= 4096, "{} bytes", stream.capacity());
    assert_eq!(decoder.bytes_needed(&stream), 255 * 4 + 4);
}

/// Lengths in a header are not used before its digest has been checked.
#[test]
fn pdu_12_dig_10_the_digest_is_checked_before_the_length() {
    let mut decoder = Decoder::new(8192);
    decoder.set_full_feature(ON, 8192);
    let too_long = header(0, 8193);
    let digest = Crc32c::new().update(&too_long);
    let mut wrong = too_long.clone();
    assert_eq!(decoder.decode(&mut wrong), Ok(None), "the digest is not there yet");
    wrong.extend_from_slice(&[0; 4]);
    let error = Error::Digest { part: DigestPart::Header, computed: digest.value(), received: 0 };
    assert_eq!(decoder.decode(&mut wrong), Err(error));
    let mut right = too_long;
    right.extend_from_slice(&digest.to_field());
    let error = Error::TooLong { field: "DataSegmentLength", length: 8193, limit: 8192 };
    assert_eq!(decoder.decode(&mut right), Err(error));
}

/// A damaged `TotalAHSLength` would otherwise make the receiver wait for up to 1020 bytes while the sender waits, too.
#[test]
fn pdu_06_additional_headers_that_a_pdu_cannot_have_are_not_waited_for() {
    for opcode in (0..=Opcode::MASK).map(Opcode) {
        let mut stream = header(1, 0);
        stream[0] = opcode.0;
        let waits = opcode == Opcode::SCSI_COMMAND || opcode.name().is_none();
        assert_eq!(opcode.may_have_additional_headers(), waits, "{opcode}");
        let mut decoder = Decoder::new(0);
        match decoder.decode(&mut stream) {
            Ok(None) => assert!(waits && decoder.bytes_needed(&stream) == 4, "{opcode}"),
            Err(Error::Field { pdu, field: "TotalAHSLength", value: 1, .. }) => {
                assert!(!waits && pdu == opcode);
            }
            other => panic!("{opcode}: {other:?}"),
        }
    }
}

/// With header digests the digest is expected where it has to be, and tells damage from a broken rule.
#[test]
fn pdu_06_dig_10_a_damaged_length_of_additional_headers_is_found_at_once() {
    let sent = header(0, 0);
    let mut stream = header(255, 0);
    let (computed, digest) = (Crc32c::new().update(&stream), Crc32c::new().update(&sent));
    let mut decoder = Decoder::new(0);
    decoder.set_full_feature(ON, 0);
    assert_eq!((decoder.decode(&mut stream), decoder.bytes_needed(&stream)), (Ok(None), 4));
    let mut violating = stream.clone();
    stream.extend_from_slice(&digest.to_field());
    let error =
        Error::Digest { part: DigestPart::Header, computed: computed.value(), received: digest.value() };
    assert_eq!(decoder.clone().decode(&mut stream), Err(error));
    violating.extend_from_slice(&computed.to_field());
    let error = decoder.decode(&mut violating).unwrap_err();
    assert!(matches!(error, Error::Field { field: "TotalAHSLength", value: 255, .. }), "{error}");
}

//! Accessors of decoded values.

use bytes::Bytes;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, BHS_LENGTH, Bhs, EncodedPdu, Error, InitiatorTaskTag,
    NopIn, Opcode, RawPdu, Reject, RejectReason, ScsiStatus, SequenceNumbers, SerialNumber, TargetPdu,
    TextAssembler, TextKeys, TextResponse, TextWriter,
};

use crate::sample::{AnyPdu, DIGESTS, NUMBERS, OFF, data, samples};
use crate::target_samples::target_pdus;

#[test]
fn headers_tell_their_lengths() {
    let mut bytes = [0; BHS_LENGTH];
    bytes[4..8].copy_from_slice(&[7, 0x12, 0x34, 0x56]);
    let bhs = Bhs::from_bytes(bytes);
    assert_eq!((bhs.ahs_length(), bhs.data_segment_length()), (28, 0x0012_3456));
}

#[test]
fn every_target_pdu_has_its_numbers() {
    for pdu in target_pdus() {
        let numbers = SequenceNumbers {
            stat_sn: SerialNumber(0x3d3d_3d3d),
            exp_cmd_sn: SerialNumber(0x3d3d_3d3d),
            max_cmd_sn: SerialNumber(0x3d3d_3d3d),
        };
        let expected = if matches!(pdu, TargetPdu::Vendor(_)) { numbers } else { NUMBERS };
        assert_eq!(pdu.numbers(), expected, "{pdu:?}");
    }
}

/// A typed decoder accepts its own opcode and no other, with or without data.
#[test]
fn typed_decoders_take_their_own_opcode() {
    for pdu in samples() {
        let raw = pdu.encode();
        let is = |opcode| raw.bhs.opcode() == opcode;
        assert_eq!(NopIn::decode(raw.clone()).is_ok(), is(Opcode::NOP_IN), "{pdu:?}");
        assert_eq!(TextResponse::decode(raw.clone()).is_ok(), is(Opcode::TEXT_RESPONSE), "{pdu:?}");
        assert_eq!(Reject::decode(raw.clone()).is_ok(), is(Opcode::REJECT), "{pdu:?}");
        assert_eq!(iscsi_pdu::ScsiResponse::decode(raw.clone()).is_ok(), is(Opcode::SCSI_RESPONSE));
        assert_eq!(iscsi_pdu::AsyncMessage::decode(raw.clone()).is_ok(), is(Opcode::ASYNC_MESSAGE));
        assert_eq!(iscsi_pdu::ScsiCommand::decode(raw.clone()).is_ok(), is(Opcode::SCSI_COMMAND));
        let header = RawPdu::header(raw.bhs);
        assert_eq!(iscsi_pdu::ScsiResponse::decode(header.clone()).is_ok(), is(Opcode::SCSI_RESPONSE));
        assert_eq!(iscsi_pdu::AsyncMessage::decode(header.clone()).is_ok(), is(Opcode::ASYNC_MESSAGE));
        let ahs = Some(Bytes::from_static(&[0, 1, 1, 0]));
        for raw in [RawPdu { ahs: ahs.clone(), ..header }, RawPdu { ahs, ..raw }] {
            assert!(iscsi_pdu::ScsiResponse::decode(raw.clone()).is_err());
            assert!(iscsi_pdu::AsyncMessage::decode(raw).is_err());
        }
    }
}

#[test]
fn a_reject_gives_the_header_back() {
    let mut header = [0; BHS_LENGTH];
    header[16..20].copy_from_slice(&[1, 2, 3, 4]);
    let reject = |length| Reject {
        reason: RejectReason::PROTOCOL_ERROR,
        numbers: NUMBERS,
        data_sn: 0,
        data: Bytes::copy_from_slice(&header[..length]),
    };
    assert_eq!(reject(48).rejected_header(), Some(Bhs::from_bytes(header)));
    assert_eq!(reject(48).rejected_task_tag(), Some(InitiatorTaskTag(0x0102_0304)));
    assert_eq!((reject(47).rejected_header(), reject(47).rejected_task_tag()), (None, None));
}

/// RFC 7143, 11.7.3.
#[test]
fn statuses_that_may_stand_in_data_in() {
    let allowed: Vec<u8> = (0..=255).filter(|status| ScsiStatus(*status).is_allowed_in_data_in()).collect();
    assert_eq!(allowed, [0x00, 0x04, 0x10, 0x14]);
}

#[test]
fn serial_numbers_follow_and_precede() {
    let (one, two) = (SerialNumber(u32::MAX), SerialNumber(3));
    assert!(two.follows(one) && !one.follows(two) && !one.follows(one));
    assert!(one.precedes(two) && !two.precedes(one) && !one.precedes(one));
}

#[test]
fn an_assembler_tells_that_more_is_to_come() {
    let mut assembler = TextAssembler::default();
    assert!(!assembler.is_continuing());
    assert_eq!(assembler.push(data("A="), true), Ok(None));
    assert!(assembler.is_continuing());
    assert_eq!(assembler.push(data("1\0"), false), Ok(Some(data("A=1\0"))));
    assert!(!assembler.is_continuing());
}

#[test]
fn text_is_searched_and_counted() {
    let keys = TextKeys::parse(b"A=1\0B=2\0A=3\0").unwrap();
    assert_eq!((keys.get("A"), keys.get("B"), keys.get("C")), (Some("1"), Some("2"), None));
    assert_eq!((keys.len(), keys.is_empty()), (3, false));
    let none = TextKeys::parse(b"").unwrap();
    assert_eq!((none.len(), none.is_empty()), (0, true));
    assert!(TextWriter::new().is_empty() && !TextWriter::new().pair("A", 1).is_empty());
}

#[test]
fn a_wire_pdu_knows_its_length() {
    for digests in DIGESTS {
        for pdu in samples() {
            let wire = EncodedPdu::new(pdu.encode(), digests).unwrap();
            assert_eq!(wire.length(), pdu.bytes(digests).len());
        }
    }
}

/// The largest data segment that 24 bits express, and one byte more.
#[test]
fn the_longest_data_segment() {
    let with = |length: usize| {
        let AnyPdu::Target(TargetPdu::NopIn(pdu)) = &samples()[9] else { panic!("NOP-In comes first") };
        EncodedPdu::new(NopIn { data: Bytes::from(vec![0; length]), ..pdu.clone() }.encode(), OFF)
    };
    assert_eq!(with(0x00ff_ffff).unwrap().length(), 48 + 0x0100_0000);
    let limit = 0x00ff_ffff;
    let error = Error::TooLong { field: "DataSegmentLength", length: 0x0100_0000, limit };
    assert_eq!(with(0x0100_0000).unwrap_err(), error);
}

/// 255 words hold 1020 bytes of additional headers, and not one more.
#[test]
fn the_longest_additional_headers() {
    let header = |length| AdditionalHeader { ahs_type: AhsType(9), body: Bytes::from(vec![1; length]) };
    assert_eq!(AdditionalHeaders::MAX_LENGTH, 1020);
    for headers in [vec![header(1017)], vec![header(500), header(510)], vec![header(1), header(1013)]] {
        let laid_out = AdditionalHeaders::from_headers(&headers).unwrap();
        assert_eq!(laid_out.as_bytes().map(Bytes::len), Some(1020));
        assert!(laid_out.iter().eq(headers));
    }
    for headers in [vec![header(1018)], vec![header(500), header(514)], vec![header(1), header(1014)]] {
        let error = AdditionalHeaders::from_headers(&headers).unwrap_err();
        assert_eq!(error, Error::TooLong { field: "TotalAHSLength", length: 1024, limit: 1020 });
    }
    let error = AdditionalHeaders::from_headers(&[header(70_000)]).unwrap_err();
    assert_eq!(error, Error::TooLong { field: "TotalAHSLength", length: 70_004, limit: 1020 });
}

//! Sense data, vendor-specific PDUs, and decoders that receive another kind of PDU.

use bytes::Bytes;
use iscsi_pdu::{AsyncMessage, Bhs, DataIn, Error, InitiatorPdu, Opcode, RawPdu, ScsiResponse, TargetPdu};

use crate::sample::data;
use crate::target_samples::target_pdus;

/// Opcodes 0x1c to 0x1e and 0x3c to 0x3e, with additional headers and any bits before the opcode.
#[test]
fn vendors_pdus_are_kept_as_they_came() {
    for opcode in [0x1c_u8, 0x1d, 0x1e] {
        for first in [opcode, 0x40 | opcode, 0xc0 | opcode] {
            let ahs = Some(Bytes::from_static(&[0, 1, 1, 0]));
            let raw = RawPdu { ahs, ..RawPdu::with_data(Bhs::from_bytes([first; 48]), data("vendor")) };
            assert_eq!(InitiatorPdu::decode(raw.clone()), Ok(InitiatorPdu::Vendor(raw.clone())));
            assert_eq!(InitiatorPdu::Vendor(raw.clone()).encode(), raw);
            assert!(TargetPdu::decode(raw.clone()).is_err());
            let raw = RawPdu { bhs: Bhs::from_bytes([first | 0x20; 48]), ..raw };
            assert_eq!(TargetPdu::decode(raw.clone()), Ok(TargetPdu::Vendor(raw.clone())));
            assert_eq!(TargetPdu::Vendor(raw.clone()).encode(), raw);
            assert!(InitiatorPdu::decode(raw).is_err());
        }
    }
}

fn responses(data: &'static [u8]) -> [Result<(Bytes, Bytes), Error>; 2] {
    let raw = |opcode| RawPdu::with_data(Bhs::new(opcode), Bytes::from_static(data));
    [
        ScsiResponse::decode(raw(Opcode::SCSI_RESPONSE)).map(|pdu| (pdu.sense, pdu.response_data)),
        AsyncMessage::decode(raw(Opcode::ASYNC_MESSAGE)).map(|pdu| (pdu.sense, pdu.event_data)),
    ]
}

/// 11.4.7, 11.9.4: two bytes of length, sense data, the rest.
#[test]
fn sense_data_are_split_off() {
    let split: [(&[u8], &[u8], &[u8]); 5] = [
        (b"", b"", b""),
        (b"\0\0", b"", b""),
        (b"\0\0abc", b"", b"abc"),
        (b"\0\x03abc", b"abc", b""),
        (b"\0\x02abc", b"ab", b"c"),
    ];
    for (data, sense, rest) in split {
        for decoded in responses(data) {
            assert_eq!(decoded, Ok((Bytes::from_static(sense), Bytes::from_static(rest))), "{data:x?}");
        }
    }
}

/// A length that reaches past the data segment, or whose field is incomplete.
#[test]
fn cmd_07_sense_data_beyond_the_segment_are_refused() {
    for (data, value) in [(&b"\0"[..], 0), (b"\0\x04abc", 4), (b"\x01\0abc", 256), (b"\0\x01", 1)] {
        for (decoded, expected) in
            responses(data).into_iter().zip([Opcode::SCSI_RESPONSE, Opcode::ASYNC_MESSAGE])
        {
            let Err(Error::Field { pdu, field, value: reported, .. }) = decoded else {
                panic!("{decoded:?}")
            };
            assert_eq!((pdu, field, reported), (expected, "SenseLength", value));
        }
    }
}

/// Sense data too long for the length field is cut off, and the data after it does not become sense data.
#[test]
fn sense_data_of_more_than_65535_bytes_are_cut() {
    let TargetPdu::ScsiResponse(response) = target_pdus().swap_remove(1) else {
        panic!("SCSI Response is second")
    };
    for length in [65_535, 65_536, 70_000] {
        let sense = Bytes::from(vec![0x70; length]);
        let sent = ScsiResponse { sense: sense.clone(), ..response.clone() };
        let received = ScsiResponse::decode(sent.encode()).unwrap();
        assert_eq!(received.sense, sense[..65_535]);
        assert_eq!(received.response_data, response.response_data);
    }
}

/// The error of a decoder names the received and the expected kind of PDU.
#[test]
fn pdu_05_a_decoder_of_one_kind_refuses_the_others() {
    let raw = RawPdu::header(Bhs::new(Opcode::R2T));
    let refused = |expected| Error::Opcode { received: Opcode::R2T, expected };
    assert_eq!(DataIn::decode(raw.clone()), Err(refused("SCSI Data-In")));
    assert_eq!(ScsiResponse::decode(raw.clone()), Err(refused("SCSI Response")));
    assert_eq!(AsyncMessage::decode(raw.clone()), Err(refused("Asynchronous Message")));
    assert_eq!(InitiatorPdu::decode(raw), Err(refused("a PDU of an initiator")));
    let unassigned = RawPdu::header(Bhs::new(Opcode(0x2f)));
    let error = Error::Opcode { received: Opcode(0x2f), expected: "a PDU of a target" };
    assert_eq!(TargetPdu::decode(unassigned), Err(error));
}

//! Mistakes of a caller: values wider than their field, parts longer than their length field.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    BHS_LENGTH, Bhs, Decoder, Digests, EncodedPdu, Error, InitiatorPdu, Opcode, RawPdu, SnackType, Stage,
    TargetPdu, TaskAttribute,
};

use crate::layout::{layouts, words};
use crate::sample::{AnyPdu, OFF, ON, bytes};
use crate::target_samples::target_pdus;

/// Returns the PDU with all bits set in values that are narrower than their type.
fn widened(pdu: InitiatorPdu) -> InitiatorPdu {
    match pdu {
        InitiatorPdu::ScsiCommand(mut pdu) => {
            (pdu.attribute, pdu.priority) = (TaskAttribute(0xff), 0xff);
            InitiatorPdu::ScsiCommand(pdu)
        }
        InitiatorPdu::LoginRequest(mut pdu) => {
            (pdu.transit, pdu.continues) = (false, false);
            (pdu.current_stage, pdu.next_stage) = (Stage(0xff), Stage(0xff));
            InitiatorPdu::LoginRequest(pdu)
        }
        InitiatorPdu::Snack(mut pdu) => {
            pdu.snack_type = SnackType(0xff);
            InitiatorPdu::Snack(pdu)
        }
        other => other,
    }
}

#[test]
fn pdu_02_values_wider_than_their_field_stay_inside_it() {
    for layout in layouts() {
        let AnyPdu::Initiator(pdu) = layout.pdu else { continue };
        let pdu = widened(pdu);
        let header = *pdu.encode().bhs.as_bytes();
        assert!(header.iter().zip(layout.reserved).all(|(byte, reserved)| byte & reserved == 0), "{pdu:?}");
        if let InitiatorPdu::LoginRequest(_) = pdu {
            assert_eq!(header[1], 0x0f, "neither T nor C");
        }
    }
}

#[test]
fn pdu_02_stages_of_a_response_stay_inside_their_bits() {
    for pdu in target_pdus() {
        let TargetPdu::LoginResponse(mut response) = pdu else { continue };
        (response.transit, response.continues) = (false, false);
        (response.current_stage, response.next_stage) = (Stage(0xfe), Stage(0xfd));
        assert_eq!(response.encode().bhs.as_bytes()[1], 0b1001);
    }
}

fn vendor(ahs: Option<Bytes>, data: Bytes) -> RawPdu {
    RawPdu { ahs, ..RawPdu::with_data(Bhs::new(Opcode(0x1c)), data) }
}

/// All three bytes of `DataSegmentLength`, and a length field that the caller filled in wrongly.
#[test]
fn pdu_01_pdu_07_lengths_of_three_bytes() {
    let header = words(
        "1c000000 ff0000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    );
    for (length, field) in
        [(0x01_0203, [0, 1, 2, 3]), (0xff_ffff, [0, 0xff, 0xff, 0xff]), (0x0100, [0, 0, 1, 0])]
    {
        let data = Bytes::from(vec![0x5a; length]);
        let mut stream = bytes(RawPdu::with_data(Bhs::from_bytes(header), data.clone()), ON);
        assert_eq!(stream[4..8], field);
        let mut decoder = Decoder::new(0);
        decoder.set_full_feature(ON, 0x00ff_ffff);
        let raw = decoder.decode(&mut stream).unwrap().unwrap();
        assert_eq!((raw.bhs.ahs_length(), raw.bhs.data_segment_length() as usize), (0, length));
        assert!(raw.data == data && stream.is_empty());
    }
}

#[test]
fn pdu_06_additional_headers_beyond_the_length_field_are_refused() {
    let ahs = |length: usize| vendor(Some(Bytes::from(vec![0; length])), Bytes::new());
    for length in [0, 4, 1020] {
        let wire = EncodedPdu::new(ahs(length), OFF).unwrap();
        assert_eq!(usize::from(wire.parts()[0][4]) * 4, length);
        assert_eq!(wire.length(), BHS_LENGTH + length);
    }
    let too_long = Error::TooLong { field: "TotalAHSLength", length: 1024, limit: 1020 };
    assert_eq!(EncodedPdu::new(ahs(1024), OFF).unwrap_err(), too_long);
    for length in [1, 2, 3, 5, 1021] {
        let error = EncodedPdu::new(ahs(length), OFF).unwrap_err();
        let value = u32::try_from(length).unwrap();
        assert!(
            matches!(error, Error::Field { field: "TotalAHSLength", value: reported, .. } if reported == value),
            "{error}"
        );
    }
}

/// The parts of a vectored write: header, additional headers, header digest, data, then padding and data digest.
#[test]
fn dig_03_dig_04_parts_in_the_order_of_the_wire() {
    let raw = vendor(Some(Bytes::from_static(&[0, 1, 1, 0])), Bytes::from_static(b"12345"));
    for (digests, lengths) in [
        (OFF, [48, 4, 0, 5, 3]),
        (Digests { header: true, data: false }, [48, 4, 4, 5, 3]),
        (Digests { header: false, data: true }, [48, 4, 0, 5, 7]),
        (ON, [48, 4, 4, 5, 7]),
    ] {
        let wire = EncodedPdu::new(raw.clone(), digests).unwrap();
        assert_eq!(wire.parts().map(<[u8]>::len), lengths);
        assert_eq!(wire.length(), lengths.iter().sum::<usize>());
        let mut stream = BytesMut::from(&b"before"[..]);
        wire.append_to(&mut stream);
        assert_eq!(stream[6..], wire.parts().concat());
    }
}

//! Padding, and segments that need none.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{BHS_LENGTH, DataIn, ScsiStatus, TargetPdu};

use crate::sample::{DIGESTS, ITT, LUN, NUMBERS, OFF, TTT, decoder, over_the_wire, received};

fn data_in(data: Bytes) -> DataIn {
    DataIn {
        is_final: false,
        acknowledge: false,
        overflow: false,
        underflow: false,
        has_status: false,
        status: ScsiStatus::GOOD,
        lun: LUN,
        itt: ITT,
        ttt: TTT,
        numbers: NUMBERS,
        data_sn: 7,
        buffer_offset: 0,
        residual_count: 0,
        data,
    }
}

const DATA: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn pdu_07_pdu_08_every_tail_is_padded_with_zeros() {
    for length in 1..=8_usize {
        let wire = data_in(Bytes::copy_from_slice(&DATA[..length])).encode();
        let bytes = crate::sample::bytes(wire, OFF);
        assert_eq!(bytes.len(), BHS_LENGTH + length.next_multiple_of(4));
        assert_eq!(bytes[4..8], [0, 0, 0, u8::try_from(length).unwrap()]);
        assert_eq!(bytes[BHS_LENGTH..BHS_LENGTH + length], DATA[..length]);
        assert!(bytes[BHS_LENGTH + length..].iter().all(|pad| *pad == 0));
    }
}

#[test]
fn pdu_08_what_a_peer_pads_with_is_not_looked_at() {
    for length in 1..=8_usize {
        let pdu = data_in(Bytes::copy_from_slice(&DATA[..length]));
        let mut bytes = crate::sample::bytes(pdu.encode(), OFF);
        bytes[BHS_LENGTH + length..].fill(0xa5);
        assert_eq!(DataIn::decode(received(bytes, OFF)), Ok(pdu));
    }
}

/// An empty data segment has neither padding nor data digest.
#[test]
fn pdu_11_dig_04_data_in_without_data() {
    for digests in DIGESTS {
        let empty = data_in(Bytes::new());
        let bytes = crate::sample::bytes(empty.encode(), digests);
        assert_eq!(bytes.len(), BHS_LENGTH + if digests.header { 4 } else { 0 });
        assert_eq!(DataIn::decode(over_the_wire(empty.encode(), digests)), Ok(empty));
    }
}

/// The data is a slice of the buffer that was read.
#[test]
fn data_are_not_copied() {
    let bytes = crate::sample::bytes(data_in(Bytes::from_static(&DATA)).encode(), OFF);
    let mut stream = BytesMut::from(&bytes[..]);
    let place = stream[BHS_LENGTH..].as_ptr();
    let raw = decoder(OFF).decode(&mut stream).unwrap().unwrap();
    assert_eq!(raw.data.as_ptr(), place);
    let TargetPdu::DataIn(decoded) = TargetPdu::decode(raw).unwrap() else { panic!("not Data-In") };
    assert_eq!(decoded.data.as_ptr(), place);
    assert_eq!(decoded.encode().data.as_ptr(), place);
}

/// TAG-07: the tag 0 names a transfer like any other.
#[test]
fn tag_07_any_tag_but_the_last_is_valid() {
    use iscsi_pdu::{InitiatorTaskTag, TargetTransferTag};
    for tag in [0, 1, 0x7fff_ffff, 0xffff_fffe] {
        assert!(TargetTransferTag(tag).is_valid() && InitiatorTaskTag(tag).is_valid());
        let pdu = DataIn { ttt: TargetTransferTag(tag), ..data_in(Bytes::new()) };
        assert_eq!(DataIn::decode(pdu.encode()), Ok(pdu));
    }
    assert!(!TargetTransferTag::RESERVED.is_valid() && !InitiatorTaskTag::RESERVED.is_valid());
    assert_eq!((TargetTransferTag::RESERVED.0, InitiatorTaskTag::RESERVED.0), (u32::MAX, u32::MAX));
}

//! The layout of every header, from the figures of RFC 7143, section 11, and RFC 7144, compared with the samples.

use iscsi_pdu::{BHS_LENGTH, InitiatorPdu, TargetPdu};

use crate::initiator_samples::initiator_pdus;
use crate::sample::{AnyPdu, OFF, variants};
use crate::target_samples::target_pdus;

/// An expected header and its reserved bits.
pub(crate) struct Layout {
    pub(crate) pdu: AnyPdu,
    pub(crate) header: [u8; BHS_LENGTH],
    pub(crate) reserved: [u8; BHS_LENGTH],
    /// Additional headers, data and padding.
    rest: &'static [u8],
}

/// Header and reserved bits in twelve words each, then the bytes after the header. Vendor-specific PDUs have no layout.
type Figures = (&'static str, &'static str, &'static [u8]);

const INITIATOR: [Figures; 8] = [
    (
        "40800000 00000005 f1f2f3f4 f5f6f7f8 11223344 55667788 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "807fffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff ffffffff ffffffff",
        b"ping!\0\0\0",
    ),
    (
        "01e29000 06000009 f1f2f3f4 f5f6f7f8 11223344 0d0e0f10 99aabbcc ddeeff01 00010203 04050607 08090a0b 0c0d0e0f",
        "80180fff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        b"\0\x12\x01\0\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\0\0\0immediate\0\0\0",
    ),
    (
        "42810000 00000000 f1f2f3f4 f5f6f7f8 11223344 11121314 99aabbcc ddeeff01 21222324 31323334 00000000 00000000",
        "8000ffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff",
        b"",
    ),
    (
        "43870102 00000004 01020304 05064142 11223344 51520000 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "80300000 00000000 00000000 00000000 00000000 0000ffff 00000000 00000000 ffffffff ffffffff ffffffff ffffffff",
        b"A=1\0",
    ),
    (
        "44800000 00000010 f1f2f3f4 f5f6f7f8 11223344 55667788 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "803fffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff ffffffff ffffffff",
        b"SendTargets=All\0",
    ),
    (
        "05800000 00000002 f1f2f3f4 f5f6f7f8 11223344 55667788 00000000 ddeeff01 00000000 61626364 71727374 00000000",
        "c07fffff 00000000 00000000 00000000 00000000 00000000 ffffffff 00000000 ffffffff 00000000 00000000 ffffffff",
        b"12\0\0",
    ),
    (
        "46820000 00000000 00000000 00000000 11223344 81820000 99aabbcc ddeeff01 00000000 00000000 00000000 00000000",
        "8000ffff 00000000 ffffffff ffffffff 00000000 0000ffff 00000000 00000000 ffffffff ffffffff ffffffff ffffffff",
        b"",
    ),
    (
        "10830000 00000000 f1f2f3f4 f5f6f7f8 11223344 91929394 00000000 ddeeff01 00000000 00000000 a1a2a3a4 b1b2b3b4",
        "c070ffff 00000000 00000000 00000000 00000000 00000000 ffffffff 00000000 ffffffff ffffffff 00000000 00000000",
        b"",
    ),
];

const TARGET: [Figures; 10] = [
    (
        "20800000 00000004 f1f2f3f4 f5f6f7f8 11223344 55667788 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "c07fffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff ffffffff",
        b"pong",
    ),
    (
        "21920002 0000000b 10110000 00000000 11223344 12131415 01020304 05060708 090a0b0c 20212223 30313233 40414243",
        "c0610000 00000000 0000ffff ffffffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        b"\0\x05sensemore\0",
    ),
    (
        "2280ff00 00000000 01020300 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "c07f00ff 00000000 000000ff ffffffff 00000000 ffffffff 00000000 00000000 00000000 ffffffff ffffffff ffffffff",
        b"",
    ),
    (
        "23410304 00000004 06050403 02015051 11223344 00000000 01020304 05060708 090a0b0c 03020000 00000000 00000000",
        "c0300000 00000000 00000000 00000000 00000000 ffffffff 00000000 00000000 00000000 0000ffff ffffffff ffffffff",
        b"B=2\0",
    ),
    (
        "24400000 00000001 f1f2f3f4 f5f6f7f8 11223344 55667788 01020304 05060708 090a0b0c 00000000 00000000 00000000",
        "c03fffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff ffffffff ffffffff",
        b"C\0\0\0",
    ),
    (
        "25c50004 00000004 f1f2f3f4 f5f6f7f8 11223344 55667788 01020304 05060708 090a0b0c 60616263 70717273 80818283",
        "c038ff00 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        b"read",
    ),
    (
        "26800300 00000000 00000000 00000000 11223344 00000000 01020304 05060708 090a0b0c 00000000 90919293 00000000",
        "c07f00ff 00000000 ffffffff ffffffff 00000000 ffffffff 00000000 00000000 00000000 ffffffff 00000000 ffffffff",
        b"",
    ),
    (
        "31800000 00000000 f1f2f3f4 f5f6f7f8 11223344 55667788 01020304 05060708 090a0b0c a0a1a2a3 b0b1b2b3 c0c1c2c3",
        "c07fffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
        b"",
    ),
    (
        "32800000 0000000c f1f2f3f4 f5f6f7f8 ffffffff 00000000 01020304 05060708 090a0b0c fa07d0d1 d2d3d4d5 00000000",
        "c07fffff 00000000 00000000 00000000 00000000 ffffffff 00000000 00000000 00000000 00000000 00000000 ffffffff",
        b"\0\x05senseevent",
    ),
    (
        "3f800a00 00000003 00000000 00000000 ffffffff 00000000 01020304 05060708 090a0b0c e0e1e2e3 00000000 00000000",
        "c07f00ff 00000000 ffffffff ffffffff 00000000 ffffffff 00000000 00000000 00000000 00000000 ffffffff ffffffff",
        b"bhs\0",
    ),
];

/// Returns one layout for each sample that is not vendor-specific.
pub(crate) fn layouts() -> Vec<Layout> {
    let initiators = initiator_pdus().into_iter().filter(|pdu| !matches!(pdu, InitiatorPdu::Vendor(_)));
    let targets = target_pdus().into_iter().filter(|pdu| !matches!(pdu, TargetPdu::Vendor(_)));
    let initiators = initiators.map(AnyPdu::Initiator).zip(INITIATOR);
    let layouts: Vec<_> = initiators
        .chain(targets.map(AnyPdu::Target).zip(TARGET))
        .map(|(pdu, (header, reserved, rest))| Layout {
            pdu,
            header: words(header),
            reserved: words(reserved),
            rest,
        })
        .collect();
    assert_eq!(layouts.len(), INITIATOR.len() + TARGET.len());
    layouts
}

/// Twelve words in hex.
pub(crate) fn words(text: &str) -> [u8; BHS_LENGTH] {
    let words = text.split(' ').map(|word| u32::from_str_radix(word, 16).unwrap().to_be_bytes());
    words.collect::<Vec<_>>().concat().try_into().unwrap()
}

#[test]
fn pdu_01_pdu_02_what_is_sent_is_laid_out_as_in_the_figures() {
    for layout in layouts() {
        let bytes = layout.pdu.bytes(OFF);
        assert_eq!(bytes[..BHS_LENGTH], layout.header, "{:?}", layout.pdu);
        assert_eq!(bytes[BHS_LENGTH..], *layout.rest, "{:?}", layout.pdu);
        let set = layout.header.iter().zip(layout.reserved).any(|(byte, reserved)| byte & reserved != 0);
        assert!(!set, "the figures contradict themselves: {:?}", layout.pdu);
    }
}

#[test]
fn pdu_01_what_is_laid_out_so_is_understood() {
    for layout in layouts() {
        let bytes = [&layout.header, layout.rest].concat();
        let received = crate::sample::received(bytes.as_slice().into(), OFF);
        assert_eq!(layout.pdu.decode_alike(received), Ok(layout.pdu));
    }
}

#[test]
fn pdu_01_pdu_02_variants_are_laid_out_as_in_the_figures() {
    for (pdu, header, rest) in variants() {
        let bytes = [&words(header), rest].concat();
        assert_eq!(pdu.bytes(OFF), bytes, "{pdu:?}");
        let received = crate::sample::received(bytes.as_slice().into(), OFF);
        assert_eq!(pdu.decode_alike(received), Ok(pdu));
    }
}

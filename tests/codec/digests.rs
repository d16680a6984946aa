//! CRC32C: the test vectors of RFC 7143, A.4, and the bytes that a digest covers.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{AdditionalHeaders, BHS_LENGTH, Crc32c, DigestPart, Error, NopIn, ScsiCommand};

use crate::initiator_samples::initiator_pdus;
use crate::sample::{AnyPdu, DIGESTS, ITT, LUN, NUMBERS, OFF, ON, TTT, bytes, decoder, samples};

fn crc(bytes: &[u8]) -> u32 {
    Crc32c::new().update(bytes).value()
}

const READ_10: [u8; 48] = [
    0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0,
    0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
];

#[test]
fn dig_05_published_vectors() {
    assert_eq!(Crc32c::new().update(&[0; 32]).to_field(), [0xaa, 0x36, 0x91, 0x8a]);
    let rising: Vec<u8> = (0..32).collect();
    let falling: Vec<u8> = (0..32).rev().collect();
    let vectors: [(&[u8], u32); 9] = [
        (&[0; 32], 0x8a91_36aa),
        (&[0xff; 32], 0x62a8_ab43),
        (&rising, 0x46dd_794e),
        (&falling, 0x113f_db5c),
        (&READ_10, 0xd996_3a56),
        (b"123456789", 0xe306_9283),
        (&[1, 2, 3, 4, 5, 0, 0, 0], 0x678c_781c),
        (&[1, 2, 3, 4, 5], 0x5351_8fab),
        (&[], 0),
    ];
    for (bytes, expected) in vectors {
        assert_eq!(crc(bytes), expected, "{bytes:x?}");
        for cut in 0..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(Crc32c::new().update(left).update(right).value(), expected);
        }
    }
}

/// The CRC over a message and its digest is always the same constant, which a receiver can use as a check.
#[test]
fn dig_05_a_message_and_its_digest() {
    for bytes in [&READ_10[..], b"123456789", b""] {
        let digest = crc(bytes).to_le_bytes();
        assert_eq!(Crc32c::new().update(bytes).update(&digest).value(), 0x4867_4bc7);
    }
}

/// The position of the header digest, and that it covers the additional headers.
#[test]
fn dig_03_the_header_digest_covers_additional_headers() {
    for pdu in initiator_pdus() {
        let raw = pdu.encode();
        let head = BHS_LENGTH + raw.ahs.as_ref().map_or(0, Bytes::len);
        let bytes = bytes(raw, ON);
        assert_eq!(bytes[head..head + 4], crc(&bytes[..head]).to_le_bytes(), "{pdu:?}");
    }
}

#[test]
fn dig_04_the_data_digest_covers_the_padding() {
    let pdu =
        NopIn { lun: LUN, itt: ITT, ttt: TTT, numbers: NUMBERS, data: Bytes::from_static(&[1, 2, 3, 4, 5]) };
    let sent = bytes(pdu.encode(), DIGESTS[2]);
    assert_eq!(sent[BHS_LENGTH..], [1, 2, 3, 4, 5, 0, 0, 0, 0x1c, 0x78, 0x8c, 0x67]);
}

/// DIG-10: the digest covers the received bytes, including padding that is not zero.
#[test]
fn dig_10_padding_is_covered_as_it_came() {
    let mut bytes = BytesMut::from(&bytes(samples()[0].encode(), OFF)[..]);
    bytes[BHS_LENGTH + 5..].fill(0xa5);
    let digest = crc(&bytes[BHS_LENGTH..]).to_le_bytes();
    bytes.extend_from_slice(&digest);
    let raw = decoder(DIGESTS[2]).decode(&mut bytes).unwrap().unwrap();
    assert_eq!(samples()[0].decode_alike(raw).as_ref(), Ok(&samples()[0]));
}

#[test]
fn dig_01_dig_11_lengths_are_the_same_with_and_without() {
    for pdu in samples() {
        let plain = pdu.bytes(OFF);
        for digests in DIGESTS {
            let covered = pdu.bytes(digests);
            assert_eq!(covered[..BHS_LENGTH], plain[..BHS_LENGTH]);
            let data = !pdu.encode().data.is_empty();
            let more = usize::from(digests.header) + usize::from(digests.data && data);
            assert_eq!(covered.len(), plain.len() + 4 * more);
        }
    }
}

/// The error of a wrong digest contains both values; the stream continues after a PDU with damaged data.
#[test]
fn dig_07_wrong_digests_are_told_apart() {
    let AnyPdu::Target(_) = samples()[9] else { panic!("NOP-In comes first") };
    let pong = samples()[9].clone();
    let whole = pong.bytes(ON);
    let header = u32::from_le_bytes(whole[48..52].try_into().unwrap());
    let mut stream = whole.clone();
    stream[48] ^= 1;
    let error = Error::Digest { part: DigestPart::Header, computed: header, received: header ^ 1 };
    assert_eq!(decoder(ON).decode(&mut stream), Err(error));

    let data = u32::from_le_bytes(whole[56..60].try_into().unwrap());
    let mut stream = whole.clone();
    stream[56] ^= 1;
    stream.extend_from_slice(&whole);
    let mut decoder = decoder(ON);
    let error = Error::Digest { part: DigestPart::Data, computed: data, received: data ^ 1 };
    assert_eq!(decoder.decode(&mut stream), Err(error));
    let next = decoder.decode(&mut stream).unwrap().unwrap();
    assert_eq!(pong.decode_alike(next).as_ref(), Ok(&pong));
}

/// The READ(10) of the RFC's example, byte for byte.
#[test]
fn dig_03_the_example_of_the_rfc() {
    let command =
        ScsiCommand::decode(iscsi_pdu::RawPdu::header(iscsi_pdu::Bhs::from_bytes(READ_10))).unwrap();
    assert!(command.is_final && command.read && !command.write);
    assert_eq!(
        (command.expected_data_transfer_length, command.cmd_sn.0, command.exp_stat_sn.0),
        (1024, 20, 24)
    );
    assert_eq!(command.additional_headers, AdditionalHeaders::NONE);
    let sent = bytes(command.encode(), ON);
    assert_eq!(sent[..48], READ_10);
    assert_eq!(sent[48..], [0x56, 0x3a, 0x96, 0xd9]);
}

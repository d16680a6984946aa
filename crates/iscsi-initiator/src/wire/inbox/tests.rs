//! Received bytes in pieces of any length, in the buffer and beside it.

use bytes::Bytes;
use iscsi_pdu::{Bhs, DigestPart, EncodedPdu, RawPdu};

use super::*;

const OFF: Digests = Digests { header: false, data: false };
const BOTH: Digests = Digests { header: true, data: true };
const LIMIT: u32 = 1 << 20;

fn inbox(digests: Digests) -> Inbox {
    Inbox::new(&[], digests, LIMIT)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// A PDU with so many bytes of data.
fn pdu(opcode: Opcode, length: usize) -> RawPdu {
    RawPdu::with_data(Bhs::new(opcode), Bytes::from(pattern(length)))
}

fn encode(pdus: &[RawPdu], digests: Digests) -> BytesMut {
    let mut bytes = BytesMut::new();
    for pdu in pdus {
        EncodedPdu::new(pdu.clone(), digests).unwrap().append_to(&mut bytes);
    }
    bytes
}

/// How the data of a PDU came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Buffer,
    Landed,
}

/// What comes out of an inbox that gets the bytes in pieces of this length. Long data land at offset 3 of a buffer that
/// ends with them, unless they are refused a place.
fn received(inbox: &mut Inbox, mut bytes: &[u8], piece: usize, lands: bool) -> Vec<(Opcode, Vec<u8>, Way)> {
    let mut received = Vec::new();
    loop {
        match inbox.next_received().unwrap() {
            Some(Received::Pdu(head, data)) => {
                received.push((head.bhs().opcode(), data.to_vec(), Way::Buffer));
            }
            Some(Received::LongData(head)) if lands => {
                inbox.land(BytesMut::zeroed(3 + head.data_length()), 3);
            }
            Some(Received::LongData(_)) => inbox.collect(),
            Some(Received::Landed(head, buffer)) => {
                assert_eq!(buffer[..3], [0; 3]);
                received.push((head.bhs().opcode(), buffer[3..].to_vec(), Way::Landed));
            }
            None if bytes.is_empty() => return received,
            None => {
                let taken = inbox.put(&bytes[..piece.min(bytes.len())]);
                assert!(taken > 0, "no space");
                bytes = &bytes[taken..];
            }
        }
    }
}

/// Everything that came is what was sent, whatever the pieces, the digests, and the way of long data.
#[test]
fn pdu_13_dig_03_dig_04_any_pieces() {
    let lengths = [0, 1, 5, 100, 8191, 8192, 8193, 20_001, 100_000, 3, 70_000, 0];
    let pdus: Vec<_> = lengths.map(|length| pdu(Opcode::DATA_IN, length)).into();
    for digests in [OFF, BOTH] {
        let bytes = encode(&pdus, digests);
        for piece in [1, 7, 48, 1000, 8192, 65_536, usize::MAX] {
            for (lands, landing_length) in [(true, 8192), (true, 1), (false, 8192)] {
                let mut inbox = inbox(digests).landing_from(landing_length);
                let received = received(&mut inbox, &bytes, piece, lands);
                assert_eq!(received.len(), lengths.len());
                for ((_, data, _), length) in received.iter().zip(lengths) {
                    assert!(*data == pattern(length), "{digests:?} {piece} {lands} {length}");
                }
                assert!(inbox.is_empty());
            }
        }
    }
}

/// Data land when so many bytes of them are missing with their headers, and only those of a Data-In.
#[test]
fn data_land_when_many_are_missing() {
    let way = |opcode, length, come| {
        let bytes = encode(&[pdu(opcode, length)], OFF);
        let mut inbox = inbox(OFF);
        assert_eq!(inbox.put(&bytes[..come]), come);
        received(&mut inbox, &bytes[come..], usize::MAX, true)[0].2
    };
    assert_eq!(way(Opcode::DATA_IN, 8192, 48), Way::Landed);
    assert_eq!(way(Opcode::DATA_IN, 8191, 48), Way::Buffer);
    assert_eq!(way(Opcode::DATA_IN, 8193, 49), Way::Landed);
    assert_eq!(way(Opcode::DATA_IN, 8193, 50), Way::Buffer);
    assert_eq!(way(Opcode::NOP_IN, 100_000, 48), Way::Buffer);
}

/// A read beside long data takes no more than what is needed to go on: their trailer and the next headers.
#[test]
fn little_is_read_beside_long_data() {
    for (digests, beside) in [(OFF, 3 + 52), (BOTH, 3 + 4 + 52)] {
        let bytes = encode(&[pdu(Opcode::DATA_IN, 100_001)], digests);
        let head = if digests.header { 52 } else { 48 };
        let mut inbox = inbox(digests);
        assert_eq!(inbox.put(&bytes[..1000]), 1000);
        assert!(matches!(inbox.next_received(), Ok(Some(Received::LongData(_)))));
        inbox.land(BytesMut::zeroed(100_001), 0);
        let missing = 100_001 - (1000 - head);
        assert_eq!(inbox.space().map(|place| place.len()), [missing, beside]);
        assert_eq!(inbox.put(&bytes[1000..2000]), 1000);
        assert_eq!(inbox.space().map(|place| place.len()), [missing - 1000, beside]);
    }
}

/// The first read is the smallest, a full one is followed by larger ones, and long data by small ones.
#[test]
fn the_length_of_a_read_follows_what_comes() {
    let mut inbox = inbox(OFF);
    let next = |inbox: &mut Inbox| inbox.space().map(|place| place.len());
    let small = encode(&vec![pdu(Opcode::NOP_IN, 0); 400], OFF);
    received(&mut inbox, &small[..20 * 48], usize::MAX, true);
    assert_eq!(next(&mut inbox), [0, 1024]);
    let mut rest = &small[..];
    for lengths in [8000..=8192, 65_000..=65_536] {
        rest = &rest[inbox.put(rest)..];
        while let Ok(Some(_)) = inbox.next_received() {}
        assert!(lengths.contains(&next(&mut inbox)[1]));
    }
    let long = encode(&[pdu(Opcode::DATA_IN, 100_000)], OFF);
    assert_eq!(inbox.put(&[rest, &long[..48]].concat()), rest.len() + 48);
    received(&mut inbox, &long[48..], usize::MAX, true);
    assert_eq!(next(&mut inbox), [0, 8192]);
}

/// A read that fills what is left of the buffer behind other bytes is followed by a larger one too.
#[test]
fn a_full_read_behind_other_bytes() {
    let bytes = encode(&vec![pdu(Opcode::NOP_IN, 0); 200], OFF);
    let mut inbox = inbox(OFF);
    assert_eq!(inbox.put(&bytes[..100]), 100);
    while let Ok(Some(_)) = inbox.next_received() {}
    assert_eq!(inbox.put(&bytes[100..]), 1024 - 4);
    while let Ok(Some(_)) = inbox.next_received() {}
    assert!((8000..=8192).contains(&inbox.space()[1].len()));
}

/// The buffer is given back when nothing is in it, and only then.
#[test]
fn an_idle_inbox_has_no_buffer() {
    let bytes = encode(&[pdu(Opcode::DATA_IN, 20_000)], OFF);
    let mut inbox = inbox(OFF);
    assert!(!inbox.has_buffer());
    for come in [1, 48, 10_000] {
        assert_eq!(inbox.put(&bytes[..come]), come.min(1024));
        inbox.release();
        assert!(inbox.has_buffer(), "{come}");
        received(&mut inbox, &bytes[come.min(1024)..], usize::MAX, come != 1);
        assert!(inbox.has_buffer());
        inbox.release();
        assert!(!inbox.has_buffer());
    }
    // While data land, the buffer is empty but will be needed.
    inbox.put(&bytes[..48]);
    assert!(matches!(inbox.next_received(), Ok(Some(Received::LongData(_)))));
    inbox.land(BytesMut::zeroed(20_000), 0);
    inbox.release();
    assert!(inbox.has_buffer() && !inbox.is_empty());
}

/// A wrong digest is noticed in either way, and data that do not match are nobody's.
#[test]
fn dig_04_a_wrong_data_digest() {
    for length in [100, 20_000] {
        let mut bytes = encode(&[pdu(Opcode::DATA_IN, length)], BOTH);
        for damaged in [52, 52 + length / 2, bytes.len() - 1] {
            bytes[damaged] ^= 1;
            let mut inbox = inbox(BOTH);
            let mut rest = &bytes[..];
            let error = loop {
                match inbox.next_received() {
                    Ok(Some(Received::LongData(head))) => inbox.land(BytesMut::zeroed(head.data_length()), 0),
                    Ok(Some(_)) => panic!("{length} {damaged}: accepted"),
                    Ok(None) => rest = &rest[inbox.put(rest)..],
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, Error::Digest { part: DigestPart::Data, .. }), "{error}");
            bytes[damaged] ^= 1;
        }
    }
}

/// The end of the stream is an orderly one only between two PDUs, also while data land.
#[test]
fn the_end_of_the_stream_between_pdus_and_inside_one() {
    let bytes = encode(&[pdu(Opcode::DATA_IN, 20_000)], BOTH);
    for come in [0, 1, 47, 52, 60, 10_000, 20_052, bytes.len() - 1, bytes.len()] {
        let mut inbox = inbox(BOTH);
        received(&mut inbox, &bytes[..come], usize::MAX, true);
        let is_between = come == 0 || come == bytes.len();
        let expected = if is_between { "closed by the target" } else { "closed by the target inside a PDU" };
        assert_eq!(inbox.end_of_stream(), expected, "{come}");
    }
}

/// Bytes that came with the login are the first ones.
#[test]
fn bytes_of_the_login_come_first() {
    let bytes = encode(&[pdu(Opcode::NOP_IN, 100), pdu(Opcode::DATA_IN, 30_000)], BOTH);
    for come in [0, 1, 100, 200, 20_000, bytes.len()] {
        let mut inbox = Inbox::new(&bytes[..come], BOTH, LIMIT);
        let received = received(&mut inbox, &bytes[come..], usize::MAX, true);
        assert_eq!(received.iter().map(|(_, data, _)| data.len()).collect::<Vec<_>>(), [100, 30_000]);
    }
}

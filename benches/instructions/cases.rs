//! What is counted.

use std::hint::black_box;

use bytes::BytesMut;
use iscsi_benches::{data_in_stream, login_text};
use iscsi_pdu::{Crc32c, Decoder, Digests, TargetPdu, TextKeys};

use super::headers::{self, HEADERS};

const OFF: Digests = Digests { header: false, data: false };
const ON: Digests = Digests { header: true, data: true };

/// PDUs of a stream; its counts are per PDU only after division by this.
const STREAM: u32 = 16;

/// The names of all cases.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let headers = HEADERS.iter().flat_map(|(name, _)| [format!("decode {name}"), format!("encode {name}")]);
    let others =
        ["stream copied", "stream digests off", "stream digests on", "stream crc alone", "login text"];
    headers.chain(others.map(str::to_owned))
}

/// Runs a case so many times.
pub(crate) fn repeat(case: &str, rounds: u64) -> Result<(), String> {
    match case.split_once(' ') {
        Some(("decode", header)) => return headers::decode(header, rounds),
        Some(("encode", header)) => return headers::encode(header, rounds),
        Some(("stream", "digests off")) => decode_stream(OFF, rounds),
        Some(("stream", "digests on")) => decode_stream(ON, rounds),
        Some(("stream", "copied")) => copy_stream(rounds),
        Some(("stream", "crc alone")) => crc_alone(rounds),
        Some(("login", "text")) => parse_text(rounds),
        _ => return Err(format!("no case {case:?}")),
    }
    Ok(())
}

fn parse_text(rounds: u64) {
    (0..rounds).for_each(|_| _ = black_box(TextKeys::parse(black_box(login_text()))));
}

fn decode_stream(digests: Digests, rounds: u64) {
    let octets = data_in_stream(STREAM, digests).freeze();
    for _ in 0..rounds {
        let mut stream = BytesMut::from(black_box(&octets[..]));
        let mut decoder = Decoder::new(4096);
        decoder.set_full_feature(digests, 4096);
        while let Ok(Some(raw)) = decoder.decode(&mut stream) {
            _ = black_box(TargetPdu::decode(raw));
        }
    }
}

/// What [`decode_stream`] spends on having a stream at all.
fn copy_stream(rounds: u64) {
    let octets = data_in_stream(STREAM, OFF).freeze();
    (0..rounds).for_each(|_| _ = black_box(BytesMut::from(black_box(&octets[..]))));
}

/// The CRC library's own work on the same pieces.
fn crc_alone(rounds: u64) {
    let data = [0x5a; 4096];
    for _ in 0..rounds * u64::from(STREAM) {
        _ = black_box(Crc32c::new().update(black_box(&data[..48])));
        _ = black_box(Crc32c::new().update(black_box(&data)));
    }
}

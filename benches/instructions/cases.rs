//! What is counted.

use std::hint::black_box;

use bytes::BytesMut;
use iscsi_benches::{data_in_stream, login_text};
use iscsi_pdu::{Crc32c, Decoder, Digests, Error, TargetPdu, TextKeys};

use super::headers::{HEADERS, Header};
use super::metered::metered;

const OFF: Digests = Digests { header: false, data: false };
const ON: Digests = Digests { header: true, data: true };

/// PDUs of a stream.
const STREAM: u32 = 64;

/// The names of all cases.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let headers =
        HEADERS.iter().flat_map(|header| ["decode", "encode", "dispatch"].map(|what| (what, header)));
    let others = ["stream digests off", "stream digests on", "stream crc alone", "login text"];
    headers.map(|(what, header)| format!("{what} {}", header.name)).chain(others.map(str::to_owned))
}

/// Runs a case and says by how many PDUs or texts the count is to be divided.
pub(crate) fn run(case: &str) -> Result<u32, String> {
    let counted = match case.split_once(' ') {
        Some(("decode", name)) => header(name)?.decode().map(|()| 1),
        Some(("encode", name)) => header(name)?.encode().map(|()| 1),
        Some(("dispatch", name)) => header(name)?.dispatch().map(|()| 1),
        Some(("stream", "digests off")) => decode_stream(OFF),
        Some(("stream", "digests on")) => decode_stream(ON),
        Some(("stream", "crc alone")) => Ok(crc_alone()),
        Some(("login", "text")) => Ok(parse_text()),
        _ => return Err(format!("no case {case:?}")),
    };
    counted.map_err(|error| error.to_string())
}

fn header(name: &str) -> Result<&'static Header, String> {
    HEADERS.iter().find(|header| header.name == name).ok_or_else(|| format!("no header {name:?}"))
}

fn parse_text() -> u32 {
    _ = black_box(metered(black_box(login_text()), |text| TextKeys::parse(text).is_ok()));
    1
}

/// A stream that has been read from before: its buffer is shared already.
fn decode_stream(digests: Digests) -> Result<u32, Error> {
    let mut stream = data_in_stream(STREAM + 1, digests);
    let mut decoder = Decoder::new(4096);
    decoder.set_full_feature(digests, 4096);
    _ = black_box(decode_one(&mut decoder, &mut stream)?);
    for _ in 0..STREAM {
        metered((&mut decoder, &mut stream), |(decoder, stream)| decode_one(decoder, stream))?;
    }
    Ok(STREAM)
}

/// Off the stream, typed, and dropped.
fn decode_one(decoder: &mut Decoder, stream: &mut BytesMut) -> Result<(), Error> {
    if let Some(raw) = decoder.decode(stream)? {
        _ = black_box(&TargetPdu::decode(raw)?);
    }
    Ok(())
}

/// The CRC library's own work on the same pieces.
fn crc_alone() -> u32 {
    let data = black_box([0x5a; 4096]);
    metered(&data, |data| {
        _ = black_box(Crc32c::new().update(black_box(&data[..48])));
        _ = black_box(Crc32c::new().update(black_box(data)));
    });
    1
}

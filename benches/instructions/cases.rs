//! Cases of the instruction count.

use std::hint::black_box;

use super::logins;
use iscsi_benches::{data_in_stream, login_text};
use iscsi_pdu::{Crc32c, Decoder, Digests, Error, RawPdu, TargetPdu, TextKeys};

use iscsi_benches::headers::{HEADERS, Header};
use iscsi_benches::metered::metered;

const OFF: Digests = Digests { header: false, data: false };
const ON: Digests = Digests { header: true, data: true };

/// PDUs of a stream.
const STREAM: u32 = 64;

/// The names of all cases.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let headers =
        HEADERS.iter().flat_map(|header| ["decode", "encode", "dispatch"].map(|what| (what, header)));
    let others = ["cut digests off", "cut digests on", "cut crc alone", "cut and decode", "login text"];
    let codec =
        headers.map(|(what, header)| format!("{what} {}", header.name)).chain(others.map(str::to_owned));
    codec.chain(logins::names().map(|name| format!("login {name}")))
}

/// Runs a case and says by how many PDUs or texts the count is to be divided.
pub(crate) fn run(case: &str) -> Result<u32, String> {
    let counted = match case.split_once(' ') {
        Some(("decode", name)) => header(name)?.decode().map(|()| 1),
        Some(("encode", name)) => header(name)?.encode().map(|()| 1),
        Some(("dispatch", name)) => header(name)?.dispatch().map(|()| 1),
        Some(("cut", "digests off")) => stream(OFF, |raw| raw),
        Some(("cut", "digests on")) => stream(ON, |raw| raw),
        Some(("cut", "crc alone")) => Ok(crc_alone()),
        Some(("cut", "and decode")) => stream(ON, decode_and_drop),
        Some(("login", "text")) => Ok(parse_text()),
        Some(("login", what)) => return logins::run(what),
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

type Cut = Result<Option<RawPdu>, Error>;

/// A stream that has been read from before: its buffer is shared already.
fn stream<Used>(digests: Digests, consume: impl Fn(Cut) -> Used) -> Result<u32, Error> {
    let mut stream = data_in_stream(STREAM + 1, digests);
    let mut decoder = Decoder::new(4096);
    decoder.set_full_feature(digests, 4096);
    _ = decoder.decode(&mut stream)?;
    for _ in 0..STREAM {
        let used = metered((&mut decoder, &mut stream), |(decoder, stream)| consume(decoder.decode(stream)));
        _ = black_box(used);
    }
    Ok(STREAM)
}

/// All that a reader of the stream has to pay.
fn decode_and_drop(cut: Cut) {
    if let Ok(Some(raw)) = cut {
        _ = black_box(&TargetPdu::decode(raw));
    }
}

/// The CRC library's own work on the same pieces at the same places, once it knows the processor.
fn crc_alone() -> u32 {
    let stream = data_in_stream(STREAM + 1, ON);
    let pdus = stream.chunks(stream.len() / (STREAM as usize + 1));
    _ = black_box(Crc32c::new().update(&stream));
    for pdu in pdus.skip(1) {
        let (header, rest) = pdu.split_at(48);
        let (data, _) = rest.split_at(4).1.split_at(4096);
        metered((header, data), |(header, data)| {
            _ = black_box(Crc32c::new().update(black_box(header)));
            _ = black_box(Crc32c::new().update(black_box(data)));
        });
    }
    STREAM
}

//! The codec: each header, streams of 4 KiB Data-In PDUs with and without digests, and login text.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use iscsi_benches::headers::HEADERS;
use iscsi_benches::{data_in_stream, login_text};
use iscsi_pdu::{Decoder, Digests, TargetPdu, TextKeys};

const PDUS: u32 = 64;

fn headers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("header");
    for header in &HEADERS {
        group.bench_function(format!("decode {}", header.name), |bencher| bencher.iter(|| header.decode()));
        group.bench_function(format!("decode and encode {}", header.name), |bencher| {
            bencher.iter(|| header.encode());
        });
    }
    group.finish();
}

fn streams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Data-In of 4 KiB");
    group.throughput(Throughput::Bytes(u64::from(PDUS) * 4096));
    for (name, on) in [("digests off", false), ("digests on", true)] {
        let digests = Digests { header: on, data: on };
        let stream = data_in_stream(PDUS, digests);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || stream.clone(),
                |mut stream| {
                    let mut decoder = Decoder::new(4096);
                    decoder.set_full_feature(digests, 4096);
                    let mut bytes = 0;
                    while let Ok(Some(raw)) = decoder.decode(&mut stream) {
                        bytes += TargetPdu::decode(raw).map_or(0, |pdu| pdu.numbers().stat_sn.0);
                    }
                    bytes
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn text(criterion: &mut Criterion) {
    criterion.bench_function("login text", |bencher| bencher.iter(|| TextKeys::parse(login_text())));
}

criterion_group!(codec, headers, streams, text);
criterion_main!(codec);

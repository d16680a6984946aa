//! The captures as seeds of the fuzz targets: `WRITE_SEEDS=1 cargo test -p iscsi-pdu --test captures seeds`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::agreement::Agreement;
use crate::connection::{Connection, Side};
use crate::cutting::cut;
use crate::directions;

/// Longest seed in bytes. Longer streams slow the fuzzer down without adding coverage.
const LONGEST: usize = 2048;

/// A file name and its content.
type Seeds = BTreeMap<String, Vec<u8>>;

#[test]
fn seeds_are_what_was_captured() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/pdu_stream");
    if std::env::var_os("WRITE_SEEDS").is_some() {
        write(&folder, &stream_seeds());
    }
    assert_eq!(committed(&folder), stream_seeds(), "run with WRITE_SEEDS=1");
}

/// Returns streams of full feature phase as inputs: a byte with the digests, one piece size, then the stream.
fn stream_seeds() -> Seeds {
    let mut seeds = Seeds::new();
    for (capture, connection, side) in directions() {
        let bytes = full_feature_phase(&connection, side);
        let digests = Agreement::of(&connection).digests;
        if (1..=LONGEST).contains(&bytes.len()) {
            let choice = u8::from(digests.header) | u8::from(digests.data) << 1;
            let name = format!("captured_{capture}_{side:?}").to_lowercase();
            seeds.entry(name).or_insert_with(|| [&[choice, 1, 61], bytes.as_slice()].concat());
        }
    }
    seeds
}

fn full_feature_phase(connection: &Connection, side: Side) -> Vec<u8> {
    let pdus = cut(connection, side, usize::MAX).unwrap();
    pdus.into_iter().skip(Agreement::of(connection).rounds).flat_map(|pdu| pdu.bytes).collect()
}

fn captured(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("captured_")).collect()
}

fn committed(folder: &Path) -> Seeds {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    captured(folder).iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

fn write(folder: &Path, seeds: &Seeds) {
    for stale in captured(folder) {
        std::fs::remove_file(stale).unwrap();
    }
    for (name, content) in seeds {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

//! Transfers of 64 MiB in both directions, not aligned to blocks or bursts, in every combination of `ImmediateData` and
//! `InitialR2T`, with and without digests.

use std::fs;

use iscsi_tests::external_targets::{Istgt, IstgtTarget, Tgt, TgtTarget};

use crate::program::{User, read_file};

/// An odd length just above 64 MiB, at an offset inside the second block.
const LENGTH: usize = (64 << 20) + 12_345;
const OFFSET: u64 = 777;
const DISK: u64 = 80 << 20;
/// `InitialR2T` and `ImmediateData`.
const COMBINATIONS: [(&str, &str); 4] = [("Yes", "Yes"), ("Yes", "No"), ("No", "Yes"), ("No", "No")];

/// Bytes that never repeat in step with a block.
fn pattern(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Writes, reads back, and compares.
fn there_and_back(url: &str, seed: u32, options: &[&str]) -> Vec<u8> {
    let user = User::new();
    let (input, output) = (user.path("input"), user.path("output"));
    let data = pattern(LENGTH, seed);
    fs::write(&input, &data).unwrap();
    let (offset, length) = (OFFSET.to_string(), LENGTH.to_string());
    let write = ["write", url, "--offset", &offset, "-i", input.to_str().unwrap()];
    user.run(&[&write[..], options].concat()).expect(&[0]);
    let read = ["read", url, "--offset", &offset, "--length", &length, "-o", output.to_str().unwrap()];
    user.run(&[&read[..], options].concat()).expect(&[0]);
    assert!(read_file(&output) == data, "{url}: other data came back");
    data
}

/// The target's own file holds the data at that place, and nothing around it changed.
fn check_disk(tgt: &Tgt, name: &str, data: &[u8]) {
    let disk = read_file(&tgt.backing_file(name));
    let begin = usize::try_from(OFFSET).unwrap();
    assert!(disk[begin..begin + data.len()] == *data, "{name}: the disk holds other data");
    assert!(disk[..begin].iter().all(|byte| *byte == 0), "{name}: data before the range changed");
    assert!(
        disk[begin + data.len()..].iter().all(|byte| *byte == 0),
        "{name}: data behind the range changed"
    );
}

#[test]
fn tgt_in_every_combination_of_unsolicited_data() {
    for (seed, (initial, immediate)) in (1..).zip(COMBINATIONS) {
        let target = TgtTarget::named("disk").size(DISK);
        let target = target.parameter("InitialR2T", initial).parameter("ImmediateData", immediate);
        let tgt = Tgt::builder().target(target).start();
        let url = tgt.url("disk", TgtTarget::FILE_LUN);
        expect_negotiated(&url, initial, immediate);
        let data = there_and_back(&url, seed, &[]);
        check_disk(&tgt, "disk", &data);
    }
}

/// The combination under test is the one that was agreed on.
fn expect_negotiated(url: &str, initial: &str, immediate: &str) {
    let user = User::new();
    let login = user.run(&["login", url, "--output", "json"]).expect(&[0]).stdout;
    let compact: String = login.chars().filter(|character| !character.is_whitespace()).collect();
    for (key, value) in [("InitialR2T", initial), ("ImmediateData", immediate)] {
        let expected = format!("\"{key}\":{}", value == "Yes");
        assert!(compact.contains(&expected), "{expected} in {login}");
    }
}

#[test]
fn tgt_with_large_segments_and_bursts() {
    let target = TgtTarget::named("tuned")
        .size(DISK)
        .parameter("MaxRecvDataSegmentLength", "262144")
        .parameter("MaxXmitDataSegmentLength", "262144")
        .parameter("FirstBurstLength", "262144")
        .parameter("MaxBurstLength", "1048576")
        .parameter("InitialR2T", "No");
    let tgt = Tgt::builder().target(target).start();
    let data = there_and_back(&tgt.url("tuned", TgtTarget::FILE_LUN), 5, &[]);
    check_disk(&tgt, "tuned", &data);
}

#[test]
fn tgt_with_digests() {
    let target = TgtTarget::named("digest").size(DISK);
    let target = target.parameter("HeaderDigest", "CRC32C").parameter("DataDigest", "CRC32C");
    let tgt = Tgt::builder().target(target).start();
    let url = tgt.url("digest", TgtTarget::FILE_LUN);
    let data = there_and_back(&url, 6, &["--header-digest", "crc32c", "--data-digest", "crc32c"]);
    check_disk(&tgt, "digest", &data);
    there_and_back(&url, 7, &["--header-digest", "crc32c"]);
    there_and_back(&url, 8, &["--data-digest", "prefer-crc32c"]);
}

/// istgt refuses to start with `InitialR2T=No`: that leaves two of the four.
#[test]
fn istgt_in_every_combination_of_unsolicited_data() {
    let allowed = COMBINATIONS.into_iter().filter(|combination| combination.0 == "Yes");
    for (seed, (initial, immediate)) in (10..).zip(allowed) {
        let target = IstgtTarget::named("disk").size(DISK);
        let istgt = Istgt::builder()
            .target(target)
            .global("InitialR2T", initial)
            .global("ImmediateData", immediate)
            .start();
        expect_negotiated(&istgt.url("disk"), initial, immediate);
        there_and_back(&istgt.url("disk"), seed, &[]);
    }
}

#[test]
fn istgt_with_digests() {
    for target in
        [IstgtTarget::named("digest").size(DISK), IstgtTarget::named("digest").size(DISK).require_digests()]
    {
        let istgt = Istgt::builder().target(target).start();
        there_and_back(&istgt.url("digest"), 20, &["--header-digest", "crc32c", "--data-digest", "crc32c"]);
    }
}

/// A range beyond the device fails before anything is written, from a file and from a pipe.
#[test]
fn a_range_beyond_the_device_writes_nothing() {
    let tgt = Tgt::builder().target(TgtTarget::named("small").size(1 << 20)).start();
    let url = tgt.url("small", TgtTarget::FILE_LUN);
    let user = User::new();
    let input = user.path("input");
    fs::write(&input, pattern(4096, 30)).unwrap();
    let offset = ((1 << 20) - 4095).to_string();
    let outcome = user.run(&["write", &url, "--offset", &offset, "-i", input.to_str().unwrap()]);
    assert_ne!(outcome.code, 0);
    let mut piped = user.command();
    piped.args([
        "write",
        "--initiator-name",
        "iqn.2001-04.com.example:host",
        &url,
        "--offset",
        &offset,
        "-i",
        "-",
    ]);
    let status = piped.stdin(fs::File::open(&input).unwrap()).output().unwrap().status;
    assert!(!status.success());
    assert!(read_file(&tgt.backing_file("small")).iter().all(|byte| *byte == 0));
}

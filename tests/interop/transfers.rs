//! 64 MiB there and back, at offsets and lengths that fit no block and no burst, in every combination of
//! `ImmediateData` and `InitialR2T`, with and without digests.

use std::fs;

use iscsi_tests::lab::{Access, Istgt, IstgtUnit, Tgt, TgtTarget};

use crate::program::{User, read_file};

/// An odd length just above 64 MiB, at an offset inside the second block.
const LENGTH: usize = (64 << 20) + 12_345;
const OFFSET: u64 = 777;
const DISK_MIB: u64 = 80;

/// Octets that never repeat in step with a block.
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
    user.create_store();
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
fn check_disk(tgt: &Tgt, suffix: &str, data: &[u8]) {
    let disk = read_file(&tgt.disk(suffix));
    let begin = usize::try_from(OFFSET).unwrap();
    assert!(disk[begin..begin + data.len()] == *data, "{suffix}: the disk holds other data");
    assert!(disk[..begin].iter().all(|octet| *octet == 0), "{suffix}: data before the range changed");
    assert!(disk[begin + data.len()..].iter().all(|octet| *octet == 0), "{suffix}: data behind the range changed");
}

#[test]
fn tgt_in_every_combination_of_unsolicited_data() {
    let combinations = [("yy", "Yes", "Yes"), ("yn", "Yes", "No"), ("ny", "No", "Yes"), ("nn", "No", "No")];
    let parameters = combinations.map(|(_, initial, immediate)| [("InitialR2T", initial), ("ImmediateData", immediate)]);
    let targets: Vec<_> = combinations
        .iter()
        .zip(&parameters)
        .map(|((suffix, ..), parameters)| TgtTarget { suffix, access: Access::Open, parameters })
        .collect();
    let tgt = Tgt::start(&targets, DISK_MIB << 20, Access::Open);
    for (seed, (suffix, initial, immediate)) in (1..).zip(combinations) {
        let url = format!("iscsi://{}/{}/1", tgt.portal(), Tgt::name(suffix));
        expect_negotiated(&url, initial, immediate);
        let data = there_and_back(&url, seed, &[]);
        check_disk(&tgt, suffix, &data);
    }
}

/// The combination under test is the one that was agreed on.
fn expect_negotiated(url: &str, initial: &str, immediate: &str) {
    let user = User::new();
    user.create_store();
    let login = user.run(&["login", url, "--output", "json"]).expect(&[0]).stdout;
    let compact: String = login.chars().filter(|character| !character.is_whitespace()).collect();
    for (key, value) in [("initial_r2t", initial), ("immediate_data", immediate)] {
        let expected = format!("\"{key}\":{}", value == "Yes");
        assert!(compact.contains(&expected), "{expected} in {login}");
    }
}

#[test]
fn tgt_with_large_segments_and_bursts() {
    let parameters = [
        ("MaxRecvDataSegmentLength", "262144"),
        ("MaxXmitDataSegmentLength", "262144"),
        ("FirstBurstLength", "262144"),
        ("MaxBurstLength", "1048576"),
        ("InitialR2T", "No"),
    ];
    let target = TgtTarget { suffix: "tuned", access: Access::Open, parameters: &parameters };
    let tgt = Tgt::start(&[target], DISK_MIB << 20, Access::Open);
    let data = there_and_back(&format!("iscsi://{}/{}/1", tgt.portal(), Tgt::name("tuned")), 5, &[]);
    check_disk(&tgt, "tuned", &data);
}

#[test]
fn tgt_with_digests() {
    let parameters = [("HeaderDigest", "CRC32C"), ("DataDigest", "CRC32C")];
    let target = TgtTarget { suffix: "digest", access: Access::Open, parameters: &parameters };
    let tgt = Tgt::start(&[target], DISK_MIB << 20, Access::Open);
    let url = format!("iscsi://{}/{}/1", tgt.portal(), Tgt::name("digest"));
    let data = there_and_back(&url, 6, &["--header-digest", "crc32c", "--data-digest", "crc32c"]);
    check_disk(&tgt, "digest", &data);
    there_and_back(&url, 7, &["--header-digest", "crc32c"]);
    there_and_back(&url, 8, &["--data-digest", "prefer-crc32c"]);
}

#[test]
fn istgt_in_every_combination_of_unsolicited_data() {
    for (seed, (initial, immediate)) in (10..).zip([("Yes", "Yes"), ("Yes", "No"), ("No", "Yes"), ("No", "No")]) {
        let unit = IstgtUnit { suffix: "disk", access: Access::Open, digests: "Auto" };
        let globals = [("InitialR2T", initial), ("ImmediateData", immediate)];
        let istgt = Istgt::start(&[unit], DISK_MIB, &globals, Access::Open);
        let url = format!("iscsi://{}/{}/0", istgt.portal(), Istgt::name("disk"));
        expect_negotiated(&url, initial, immediate);
        there_and_back(&url, seed, &[]);
    }
}

#[test]
fn istgt_with_digests() {
    let unit = IstgtUnit { suffix: "digest", access: Access::Open, digests: "Auto" };
    let istgt = Istgt::start(&[unit], DISK_MIB, &[], Access::Open);
    let url = format!("iscsi://{}/{}/0", istgt.portal(), Istgt::name("digest"));
    there_and_back(&url, 20, &["--header-digest", "crc32c", "--data-digest", "crc32c"]);
}

/// A range beyond the device fails before anything is written, from a file and from a pipe.
#[test]
fn a_range_beyond_the_device_writes_nothing() {
    let target = TgtTarget { suffix: "small", access: Access::Open, parameters: &[] };
    let tgt = Tgt::start(&[target], 1 << 20, Access::Open);
    let url = format!("iscsi://{}/{}/1", tgt.portal(), Tgt::name("small"));
    let user = User::new();
    user.create_store();
    let input = user.path("input");
    fs::write(&input, pattern(4096, 30)).unwrap();
    let offset = ((1 << 20) - 4095).to_string();
    let outcome = user.run(&["write", &url, "--offset", &offset, "-i", input.to_str().unwrap()]);
    assert_ne!(outcome.code, 0);
    let mut piped = user.command();
    piped.args(["--initiator-name", "iqn.2001-04.com.example:host", "write", &url, "--offset", &offset, "-i", "-"]);
    let status = piped.stdin(fs::File::open(&input).unwrap()).output().unwrap().status;
    assert!(!status.success());
    assert!(read_file(&tgt.disk("small")).iter().all(|octet| *octet == 0));
}

//! `iscsi copy`, `compare`, `checksum`, `discard` and `zero`: the data, what is sent, and what is refused.

mod offload;
mod ranges;
mod resumption;
mod streams;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::measured::parsed;
use crate::program::{Outcome, Place, TARGET, finish};
use crate::schema::Schema;

const MIB: u64 = 1 << 20;
const READ: u8 = 0x28;
const WRITE: u8 = 0x2a;
const WRITE_SAME: u8 = 0x93;

/// A target with these units, and a place for the program.
struct Units {
    place: Place,
    target: Running,
    _runtime: Runtime,
}

/// A unit of so many bytes.
fn unit(number: u16, length: u64, block_size: u32) -> LogicalUnit {
    let blocks = length / u64::from(block_size);
    LogicalUnit { number, blocks, block_size, is_thin: true, write_cache: true, ..LogicalUnit::default() }
}

impl Units {
    fn new(units: Vec<LogicalUnit>) -> Self {
        let mut target = Target::new(TARGET.parse().unwrap());
        target.units = units;
        let runtime = Runtime::new().unwrap();
        let target = runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap();
        Self { place: Place::new(), target, _runtime: runtime }
    }

    fn url(&self, unit: u16) -> String {
        format!("iscsi://{}/{TARGET}/{unit}", self.target.portal())
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.place.command(&[arguments, &["--auth", "none"]].concat()))
    }

    /// A file with this content.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.place.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// What a unit holds.
    fn medium(&self, unit: u16, length: usize) -> Vec<u8> {
        self.target.read_medium(&TARGET.parse().unwrap(), unit, 0, length).unwrap()
    }

    fn fill(&self, unit: u16, offset: u64, data: &[u8]) {
        self.target.with_engine(|engine| {
            engine.write_for_another(&TARGET.parse().unwrap(), unit, offset, data);
        });
    }

    /// The bytes that commands with this operation code moved, in blocks.
    fn blocks(&self, operation: u8) -> u64 {
        self.target.with_engine(|engine| {
            let of_it = engine.executions().iter().filter(|done| done.operation == operation);
            of_it.map(|done| done.blocks).sum()
        })
    }

    #[track_caller]
    fn expect_clean(&self) {
        let report = self.target.report();
        assert_eq!((report.logouts, report.panics), (report.normal_sessions, 0), "{report:?}");
        assert!(report.violations.is_empty(), "{report:?}");
    }
}

fn pattern(length: u64, seed: u8) -> Vec<u8> {
    (1..=251).cycle().skip(seed.into()).take(usize::try_from(length).unwrap()).collect()
}

/// 64 MiB between units with blocks of 512 and of 4096 bytes, there and back.
#[test]
fn units_with_unlike_blocks_are_copied() {
    let length = 64 * MIB;
    let units = Units::new(vec![unit(0, length, 512), unit(1, length + 4096, 4096), unit(2, length, 512)]);
    let mut data = pattern(length, 0);
    data[usize::try_from(10 * MIB).unwrap()..usize::try_from(20 * MIB).unwrap()].fill(0);
    units.fill(0, 0, &data);
    let (small, large, back) = (units.url(0), units.url(1), units.url(2));
    let said = units.run(&["copy", &small, &large, "--verify"]).expect(0).stderr;
    assert!(said.contains("copied 67108864 bytes") && said.contains("read back and equal"), "{said}");
    assert!(units.medium(1, data.len()) == data);
    units.run(&["compare", &small, &large, "--length", "64M"]).expect(0);
    units.run(&["compare", &small, &large]).expect(10).complains("has 67108864 bytes, ");
    units.run(&["copy", &large, &back, "--length", "64M"]).expect(0);
    units.run(&["compare", &small, &back]).expect(0);
    assert!(units.medium(2, data.len()) == data);
    units.expect_clean();
}

/// Between two targets there are two sessions.
#[test]
fn units_of_two_targets_are_copied() {
    let (one, two) = (Units::new(vec![unit(0, 2 * MIB, 512)]), Units::new(vec![unit(0, 2 * MIB, 512)]));
    let data = pattern(2 * MIB, 5);
    one.fill(0, 0, &data);
    one.run(&["copy", &one.url(0), &two.url(0), "--verify"]).expect(0);
    assert!(two.medium(0, data.len()) == data);
    one.run(&["compare", &one.url(0), &two.url(0)]).expect(0);
    two.fill(0, 1_234_567, &[0]);
    let differs = one.run(&["compare", &one.url(0), &two.url(0)]).expect(10);
    differs.complains("the first difference is at offsets 1234567 and 1234567");
    one.expect_clean();
    two.expect_clean();
}

/// Zeros are neither read from unmapped blocks nor sent, and become holes.
#[test]
fn zeros_are_not_sent() {
    let units = Units::new(vec![unit(0, 16 * MIB, 512), unit(1, 16 * MIB, 512)]);
    let mut model = vec![0; 16 << 20];
    let data = pattern(MIB, 3);
    model[4 << 20..5 << 20].copy_from_slice(&data);
    units.fill(0, 4 * MIB, &data);
    units.fill(1, 0, &pattern(16 * MIB, 9));
    let copied = units.run(&["copy", &units.url(0), &units.url(1), "--offload", "never", "--output", "json"]);
    let report = parsed(&copied.expect(0));
    Schema::of("copy").expect_documents(&report);
    assert_eq!((&report["bytes"], &report["zero_bytes"]), (&(16 * MIB).into(), &(15 * MIB).into()));
    assert_eq!((units.blocks(READ), units.blocks(WRITE)), (2048, 2048));
    assert!(units.blocks(WRITE_SAME) >= 15 * 2048);
    assert!(units.medium(1, model.len()) == model);
    // Into a file with holes, and back.
    let file = units.place.path("disk.img");
    units.run(&["copy", &units.url(0), "disk.img"]).expect(0);
    assert!(fs::read(&file).unwrap() == model);
    assert!(file.metadata().unwrap().blocks() * 512 <= 2 * MIB);
    units.run(&["copy", "disk.img", &units.url(1), "--verify"]).expect(0);
    units.run(&["compare", "disk.img", &units.url(1)]).expect(0);
    // All of it as data.
    let before = units.blocks(WRITE);
    units.run(&["copy", "disk.img", &units.url(1), "--no-sparse"]).expect(0);
    assert_eq!(units.blocks(WRITE) - before, 32_768);
    assert!(units.medium(1, model.len()) == model);
    units.expect_clean();
}

/// The checksums of the programs that everyone has.
#[test]
fn checksums_are_those_of_the_bytes() {
    let units = Units::new(vec![unit(0, 4 * MIB, 512)]);
    let data = pattern(3 * MIB, 1);
    units.fill(0, 0, &data);
    units.file("data", &data);
    let sha256sum = std::process::Command::new("sha256sum").arg(units.place.path("data")).output().unwrap();
    let expected = String::from_utf8(sha256sum.stdout).unwrap();
    let expected = expected.split_whitespace().next().unwrap();
    let of_unit = units.run(&["checksum", &units.url(0), "--length", "3M"]).expect(0).stdout;
    assert_eq!(of_unit.trim_end(), format!("{expected}  logical unit 0 of {TARGET}"));
    assert_eq!(units.run(&["checksum", "data"]).expect(0).stdout.trim_end(), format!("{expected}  data"));
    let both = ["checksum", "-", "--algorithm", "sha256,blake3", "--output", "json", "--auth", "none"];
    let report = parsed(&units.place.run_with_input(&both, &data).expect(0));
    Schema::of("checksum").expect_documents(&report);
    assert_eq!((&report["sha256"], &report["bytes"]), (&expected.into(), &(3 * MIB).into()));
    let again = units.run(&["checksum", "data", "--algorithm", "blake3", "--output", "json"]).expect(0);
    assert_eq!(parsed(&again)["blake3"], report["blake3"]);
    units.run(&["checksum", &units.url(0), "--offset", "4M", "--length", "1"]).expect(2);
    units.expect_clean();
}

#[test]
fn ranges_are_discarded_and_zeroed_with_consent() {
    let units = Units::new(vec![unit(0, 4 * MIB, 512)]);
    let (url, data) = (units.url(0), pattern(4 * MIB, 1));
    units.fill(0, 0, &data);
    for command in ["discard", "zero"] {
        units.run(&[command, &url]).expect(2).complains("add --destroy-data");
        units.run(&[command, &url, "--destroy-data", "--offset", "4M", "--length", "1"]).expect(2);
    }
    assert!(units.medium(0, data.len()) == data);
    let zeroed = units.run(&["zero", &url, "--destroy-data", "--offset", "100", "--length", "1M"]).expect(0);
    assert_eq!(zeroed.stdout.trim_end(), "zeroed: 1048576 of 1048576 bytes");
    let mut model = data;
    model[100..(1 << 20) + 100].fill(0);
    assert!(units.medium(0, model.len()) == model);
    let discard =
        ["discard", &url, "--destroy-data", "--offset", "2M", "--length", "1000000", "--output", "json"];
    let report = parsed(&units.run(&discard).expect(0));
    Schema::of("discard").expect_documents(&report);
    assert_eq!((&report["bytes"], &report["done"]), (&1_000_000.into(), &999_936.into()));
    model[2 << 20..(2 << 20) + 999_936].fill(0);
    assert!(units.medium(0, model.len()) == model);
    let kept = units.run(&["discard", &url, "--destroy-data", "--no-unmap"]).expect(0);
    assert_eq!(kept.stdout.trim_end(), "discarded: 0 of 4194304 bytes");
    let before = units.blocks(WRITE);
    let zero = ["zero", &url, "--destroy-data", "--keep-mapped", "--no-write-same"];
    units.run(&zero).expect(0);
    assert_eq!(units.blocks(WRITE) - before, 8192);
    assert!(units.medium(0, model.len()).iter().all(|byte| *byte == 0));
    units.expect_clean();
}

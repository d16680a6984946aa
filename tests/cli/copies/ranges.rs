//! Ranges within sources and destinations, and those that do not fit.

use super::*;

#[test]
fn ranges_of_any_bytes_are_copied() {
    let units = Units::new(vec![unit(0, 4 * MIB, 512), unit(1, 4 * MIB, 4096)]);
    let (source, old) = (pattern(4 * MIB, 1), pattern(4 * MIB, 100));
    units.fill(0, 0, &source);
    for (from, to, length) in
        [(0, 0, 1), (1, 511, 5000), (777, 4095, 3_000_000), (4_194_303, 4_194_303, 1), (5, 5, 0)]
    {
        units.fill(1, 0, &old);
        let numbers = [from, to, length].map(|number: usize| number.to_string());
        let range = ["--from", &numbers[0], "--to", &numbers[1], "--length", &numbers[2]];
        let ends = [&units.url(0)[..], &units.url(1)];
        units.run(&[&["copy"], &ends[..], &range, &["--verify"]].concat()).expect(0);
        let mut model = old.clone();
        model[to..to + length].copy_from_slice(&source[from..from + length]);
        assert!(units.medium(1, model.len()) == model, "{from} {to} {length}");
        units.run(&[&["compare"], &ends[..], &range].concat()).expect(0);
    }
    units.expect_clean();
}

/// A range within a file leaves the rest of it; without one, the file is replaced.
#[test]
fn files_keep_what_is_outside_the_range() {
    let units = Units::new(vec![unit(0, MIB, 512)]);
    let data = pattern(MIB, 1);
    units.fill(0, 0, &data);
    let file = units.file("file", &[9; 5000]);
    let range = ["copy", &units.url(0), "file", "--to", "1000", "--length", "100"];
    units.run(&range).expect(0);
    let mut model = vec![9; 5000];
    model[1000..1100].copy_from_slice(&data[..100]);
    assert!(fs::read(&file).unwrap() == model);
    units.run(&["copy", &units.url(0), "file", "--from", "100", "--length", "10"]).expect(0);
    assert_eq!(fs::read(&file).unwrap(), data[100..110]);
    units.expect_clean();
}

/// Zeros replace what a file holds, where the rest of it is kept.
#[test]
fn zeros_are_written_into_a_file_that_is_kept() {
    let units = Units::new(vec![unit(0, 4 * MIB, 512)]);
    units.fill(0, 2 * MIB, &[7; 512]);
    let file = units.file("file", &vec![9; 4 << 20]);
    units.run(&["copy", &units.url(0), "file", "--to", "1M", "--length", "3M", "--verify"]).expect(0);
    let mut model = vec![0; 4 << 20];
    model[..1 << 20].fill(9);
    model[3 << 20..(3 << 20) + 512].fill(7);
    assert!(fs::read(&file).unwrap() == model);
    units.expect_clean();
}

/// A copy onto itself would destroy what it reads.
#[test]
fn copies_onto_themselves_are_refused() {
    let units = Units::new(vec![unit(0, 4 * MIB, 512)]);
    let data = pattern(4 * MIB, 1);
    units.fill(0, 0, &data);
    let file = units.file("file", &data);
    units.run(&["copy", "file", "./file"]).expect(2).complains("both ends are the same file");
    assert!(fs::read(&file).unwrap() == data);
    let url = units.url(0);
    units.run(&["copy", &url, &url, "--to", "1M", "--length", "1048577"]).expect(2).complains("overlap");
    assert!(units.medium(0, data.len()) == data);
    units.run(&["copy", &url, &url, "--to", "1M", "--length", "1M", "--verify"]).expect(0);
    assert!(units.medium(0, data.len())[1 << 20..2 << 20] == data[..1 << 20]);
    units.expect_clean();
}

/// Nothing is written unless all of it fits.
#[test]
fn what_does_not_fit_is_refused_before_the_first_write() {
    let units = Units::new(vec![unit(0, 2 * MIB, 512), unit(1, MIB, 512)]);
    units.fill(0, 0, &pattern(2 * MIB, 1));
    let (large, small) = (units.url(0), units.url(1));
    units.run(&["copy", &large, &small]).expect(2).complains("do not fit a logical unit of 1048576 bytes");
    units.run(&["copy", &large, &small, "--length", "1M", "--to", "1"]).expect(2);
    units.run(&["copy", &large, &small, "--from", "2M", "--length", "1"]).expect(2);
    units.run(&["copy", &large, &small, "--from", "3M"]).expect(2).complains("beyond the 2097152 bytes");
    units.run(&["compare", &large, &small, "--from", "3M"]).expect(2);
    units.run(&["compare", &large, &small, "--length", "2M"]).expect(2);
    assert_eq!(units.blocks(WRITE), 0);
    units.run(&["copy", &large, &small, "--from", "1M"]).expect(0);
    units.run(&["copy", "missing", &small]).expect(10).complains("cannot open missing");
    units.run(&["copy", "/dev/null", &small]).expect(2).complains("neither a file nor a block device");
    units.expect_clean();
}

/// Zeros of a source that a write-protected unit would lose are not lost.
#[test]
fn ends_that_make_no_sense_are_refused() {
    let units = Units::new(vec![unit(0, MIB, 512)]);
    let url = units.url(0);
    units.run(&["copy", "-", "-"]).expect(2).complains("both ends are streams");
    units.run(&["copy", &url, "-", "--verify"]).expect(2).complains("can neither be read back");
    units.run(&["copy", &url, "-", "--resume", "journal"]).expect(2).complains("cannot be resumed");
    units.run(&["copy", "-", &url, "--from", "1"]).expect(2).complains("from its beginning");
    units
        .run(&["copy", &url, &format!("iscsi://host/{TARGET}")])
        .expect(2)
        .complains("names no logical unit");
    units.run(&["copy", &url]).expect(2);
    units.run(&["compare", &url, "-"]).expect(2);
    units.run(&["copy", "-", &url, "--secret-file", "-"]).expect(2);
    assert_eq!(units.target.report().executions, 0);
}

//! `iscsi bench io` against a target: its figures fit to each other, and to what the target has seen.

use serde_json::Value;

use crate::measured::{FORWARD, Measured, REVERSE, parsed};
use crate::program::finish;
use crate::schema::Schema;

/// A write that is permitted.
pub(crate) const WRITE: [&str; 2] = ["--write", "--destroy-data"];

/// Half reads, half writes, permitted.
const MIXED: [&str; 3] = ["--mixed", "50", "--destroy-data"];

const BLOCK: u64 = 4096;

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

pub(crate) fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn sum(list: &Value, field: &str) -> u64 {
    list.as_array().unwrap().iter().map(|element| element[field].as_u64().unwrap()).sum()
}

/// What holds for every result.
#[track_caller]
pub(crate) fn expect_consistent(results: &Value) {
    let (operations, failures) = (count(results, "/operations"), count(results, "/failures"));
    assert_eq!(sum(&results["timeline"], "operations"), operations);
    assert_eq!(sum(&results["causes"], "count"), failures);
    assert_eq!(count(results, "/reads/operations") + count(results, "/writes/operations"), operations);
    for direction in ["reads", "writes"] {
        let of = |what: &str| format!("/{direction}/{what}");
        assert_eq!(count(results, &of("latency/count")), count(results, &of("operations")));
        let (min, mean) = (number(results, &of("latency/min")), number(results, &of("latency/mean")));
        assert!(min <= mean && mean <= number(results, &of("latency/max")), "{direction}");
    }
    let per_second = number(results, "/operations") / number(results, "/measured_s");
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6 || operations == 0;
    assert!(close(per_second, number(results, "/operations_per_s")), "{results}");
    let bytes = per_second * number(results, "/plan/block_bytes");
    assert!(close(bytes, number(results, "/bytes_per_s")), "{results}");
}

#[test]
fn reads_write_nothing() {
    let measured = Measured::open();
    let results = measured.io_results(&["--count", "200", "--depth", "8"]);
    expect_consistent(&results);
    assert_eq!((count(&results, "/reads/operations"), count(&results, "/failures")), (200, 0));
    assert_eq!((&results["benchmark"], &results["verification"]), (&"io".into(), &Value::Null));
    let plan = &results["plan"];
    assert_eq!((&plan["order"], &plan["read_percent"]), (&"random".into(), &100.into()));
    assert_eq!((count(plan, "/depth"), count(plan, "/sessions"), count(plan, "/block_bytes")), (8, 1, BLOCK));
    assert_eq!((count(plan, "/unit_bytes"), count(plan, "/length")), (64 << 20, 64 << 20));
    assert!(number(&results, "/cpu_us_per_operation") > 0.0 && number(&results, "/reads/latency/min") > 0.0);
    let report = measured.report();
    assert_eq!((report.bytes_written, report.executions, report.normal_sessions), (0, 200, 1));
    measured.expect_clean_logouts();
}

#[test]
fn writes_reach_the_medium_and_are_not_zeroes() {
    let measured = Measured::open();
    let arguments =
        ["--sequential", "--count", "64", "--block-size", "4K", "--depth", "4", "--output", "json"];
    let outcome = measured.io(&[&WRITE[..], &arguments].concat()).expect(0);
    let unit = format!("{}/0", measured.url());
    assert_eq!(outcome.stderr, format!("warning: overwriting 67108864 bytes from offset 0 on, of {unit}\n"));
    let results = parsed(&outcome);
    expect_consistent(&results);
    assert_eq!(
        (count(&results, "/writes/operations"), &results["plan"]["order"]),
        (64, &"sequential".into())
    );
    assert_eq!(measured.report().bytes_written, 64 * BLOCK);
    let written = measured.medium(0, 64 * 4096);
    assert!(written.chunks(512).all(|block| block.iter().filter(|byte| **byte != 0).count() > 400));
    assert!(measured.medium(64 * BLOCK, 4096).iter().all(|byte| *byte == 0));
    measured.expect_clean_logouts();
}

#[test]
fn reads_and_writes_mixed_in_several_sessions() {
    let measured = Measured::mutual();
    let arguments = ["--count", "400", "--depth", "4", "--sessions", "3", "--warmup", "0.1"];
    let results = measured.io_results(&[&MIXED[..], &arguments].concat());
    expect_consistent(&results);
    let (reads, writes) = (count(&results, "/reads/operations"), count(&results, "/writes/operations"));
    assert_eq!((reads + writes, count(&results, "/plan/sessions")), (400, 3));
    // Six standard deviations from the mean.
    assert!((140..=260).contains(&reads), "{reads} of 400");
    let report = measured.report();
    assert_eq!((report.normal_sessions, report.mutual_sessions), (3, 3));
    // The warm-up transfers data too.
    assert!(report.executions > 400 && report.bytes_written > writes * BLOCK, "{report:?}");
    measured.expect_clean_logouts();
}

#[test]
fn only_the_range_is_written() {
    let measured = Measured::open();
    let range = ["--offset", "8K", "--length", "64K", "--count", "300", "--depth", "4"];
    let results = measured.io_results(&[&WRITE[..], &range].concat());
    assert_eq!((count(&results, "/plan/offset"), count(&results, "/plan/length")), (8192, 65_536));
    assert!(measured.medium(0, 8192).iter().all(|byte| *byte == 0));
    assert!(measured.medium(73_728, 1 << 20).iter().all(|byte| *byte == 0));
    let touched = measured.medium(8192, 65_536);
    assert!(touched.chunks(4096).all(|block| block.iter().any(|byte| *byte != 0)));
}

#[test]
fn large_blocks_are_transferred_whole() {
    let measured = Measured::open();
    let arguments = ["--block-size", "2M", "--count", "5", "--verify", "--length", "16M"];
    let results = measured.io_results(&[&WRITE[..], &arguments].concat());
    expect_consistent(&results);
    assert_eq!((count(&results, "/operations"), count(&results, "/plan/block_bytes")), (5, 2 << 20));
    assert_eq!(measured.report().bytes_written, count(&results, "/writes/operations") * (2 << 20));
}

#[test]
fn by_the_clock_over_all_sessions() {
    let measured = Measured::open();
    let results = measured.io_results(&["--rate", "100", "--count", "50", "--sessions", "2"]);
    expect_consistent(&results);
    assert_eq!((count(&results, "/operations"), number(&results, "/plan/rate_per_s")), (50, 100.0));
    assert_eq!(count(&results, "/plan/depth"), 32);
    // The last is due after 0.49 s.
    assert!((0.49..5.0).contains(&number(&results, "/measured_s")), "{results}");
    measured.expect_clean_logouts();
}

/// A target that takes 20 ms for each READ and gets 100 of them a second, one at a time, falls behind: each one is charged
/// for its wait.
#[test]
fn an_open_loop_charges_for_the_wait() {
    const READ_10: u8 = 0x28;
    let measured = Measured::open();
    measured.slow_down(READ_10, std::time::Duration::from_millis(20));
    let open = measured.io_results(&["--rate", "100", "--count", "30", "--depth", "1"]);
    // Half of the 30 are due by 0.15 s and end after 0.3 s.
    let median = |results: &Value| number(results, "/reads/latency/percentiles/0/at_most");
    assert!(median(&open) > 100_000.0, "{open}");
    let closed = measured.io_results(&["--count", "30", "--depth", "1"]);
    assert!(median(&closed) < 100_000.0, "{closed}");
}

#[test]
fn for_a_time() {
    let measured = Measured::open();
    let results = measured.io_results(&["--duration", "1.2", "--depth", "2"]);
    expect_consistent(&results);
    assert!((1.1..5.0).contains(&number(&results, "/measured_s")), "{results}");
    assert!(results["timeline"].as_array().unwrap().len() >= 2 && results["plan"]["count"].is_null());
    measured.expect_clean_logouts();
}

#[test]
fn digests_are_part_of_the_plan() {
    let measured = Measured::open();
    let digests = ["--header-digest", "crc32c", "--data-digest", "crc32c", "--count", "10"];
    let results = measured.io_results(&digests);
    let plan = &results["plan"];
    assert_eq!((&plan["header_digest"], &plan["data_digest"]), (&"crc32c".into(), &"crc32c".into()));
    assert_eq!(measured.io_results(&["--count", "1"])["plan"]["data_digest"], "none");
}

#[test]
fn people_read_the_same_figures() {
    let measured = Measured::open();
    let arguments = [&MIXED[..], &["--count", "100", "--verify", "--length", "1M", "--depth", "4"]].concat();
    let shown = measured.io(&arguments).expect(0);
    let lines = [
        "access:      random 50 % reads, 50 % writes of 4096 bytes, verified",
        "range:       1.0 MiB from byte 0 on, of 64.0 MiB in blocks of 512 bytes",
        "loop:        closed, 4 in flight in 1 session",
        "operations:  100 in ",
        "reads:       ",
        "writes:      ",
        "  latency:   min ",
        "CPU:         ",
        "verified:    0 wrong of ",
    ];
    for line in lines {
        assert!(shown.stdout.lines().any(|shown| shown.starts_with(line)), "{line} in {}", shown.stdout);
    }
    assert!(
        !shown.stdout.contains("failed:") && !shown.stdout.contains("not everything"),
        "{}",
        shown.stdout
    );
}

/// No live line, no control character; and no secret, however much is to be said.
#[test]
fn a_pipe_gets_the_results_and_nothing_else() {
    for form in ["table", "json"] {
        let outcome = Measured::mutual().io(&["--duration", "0.5", "--output", form]).expect(0);
        assert_eq!(outcome.stderr, "");
        assert!(!outcome.stdout.chars().any(|character| character.is_control() && character != '\n'));
    }
    let outcome = Measured::mutual().io(&["--count", "2", "--output", "json", "-vvv"]).expect(0);
    for secret in [FORWARD, REVERSE] {
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret));
    }
}

/// util-linux' `script` gives it a terminal.
#[test]
fn a_terminal_sees_how_the_run_stands() {
    let measured = Measured::open();
    let program = env!("CARGO_BIN_EXE_iscsi");
    let line = format!("{program} bench io {}/0 --auth none --duration 1", measured.url());
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").current_dir(measured.place.path(""));
    command.env("STATE_DIRECTORY", measured.place.path("state")).stdin(std::process::Stdio::null());
    let shown = finish(&mut command).expect(0).stdout;
    assert!(shown.contains(" operations, ") && shown.contains(" MiB/s, 0 failures"), "{shown:?}");
}

#[test]
fn what_is_printed_is_what_is_documented() {
    let schema = Schema::of("bench-io");
    let measured = Measured::open();
    schema.expect_documents(&measured.io_results(&["--count", "60", "--rate", "500"]));
    let verified = [&MIXED[..], &["--count", "60", "--verify", "--length", "1M"]].concat();
    schema.expect_documents(&measured.io_results(&verified));
    schema.expect_documents(&measured.io_results(&["--count", "1"]));
}

#[cfg(feature = "report")]
#[test]
fn the_page_holds_the_run_and_needs_nothing_else() {
    let measured = Measured::mutual();
    let arguments = [&MIXED[..], &["--count", "200", "--verify", "--report", "report.html"]].concat();
    measured.io(&arguments).expect(0);
    let page = std::fs::read_to_string(measured.place.path("report.html")).unwrap();
    let unit = format!("{}/0", measured.url());
    for part in [
        "<!DOCTYPE html>",
        "I/O benchmark",
        &unit,
        "Median latency of reads",
        "Latency by percentile",
        "</html>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for reference in ["http://", "https://", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(reference), "{reference}");
    }
    for secret in [FORWARD, REVERSE] {
        assert!(!page.contains(secret));
    }
}

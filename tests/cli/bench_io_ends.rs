//! Runs of I/O that cannot begin, are interrupted, or fail: exit codes, figures, logouts. And comparisons.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use iscsi_pdu::{InitiatorPdu, TaskManagementFunction};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{Received, Reply, Script, check_condition};

use crate::bench_io::{WRITE, count, expect_consistent};
use crate::measured::{Measured, end, interrupt, parsed, start};
use crate::program::{Outcome, finish};
use crate::scripted::{NONE, Scripted};

const READ_10: u8 = 0x28;

/// Refused with exit code 2, without a connection.
#[test]
fn nonsense_is_refused_before_a_login() {
    let measured = Measured::open();
    let cases: [(&[&str], &str); 14] = [
        (&["--write"], "error: writing destroys what the logical unit holds\nhint: add --destroy-data"),
        (&["--mixed", "50"], "writing destroys"),
        (&["--write", "--verify"], "writing destroys"),
        (&["--verify"], "--verify is for runs that write"),
        (&["--destroy-data"], "--destroy-data is for runs that write"),
        (&["--read", "--write", "--destroy-data"], "cannot be used with"),
        (&["--mixed", "100", "--destroy-data"], "a whole number from 1 to 99"),
        (&["--block-size", "0"], "from 1 to 67108864 bytes"),
        (&["--depth", "0"], "a whole number from 1 to 256"),
        (&["--sessions", "0"], "a whole number from 1 to 1024"),
        (&["--rate", "0"], "a number of operations per second"),
        (&["--duration", "0"], "seconds have to be above 0"),
        (&["--allow-failures", "101%"], "a share from 0% to 100%"),
        (&["--block-size", "64M", "--depth", "32"], "the blocks in flight have 2147483648 bytes"),
    ];
    for (arguments, complaint) in cases {
        let outcome = measured.io(arguments).expect(2).complains(complaint);
        assert_eq!(outcome.stdout, "");
    }
    let no_unit = measured.place.run(&["bench", "io", &measured.url(), "--auth", "none"]);
    no_unit.expect(2).complains("the URL names no logical unit");
    assert_eq!(measured.report().connections, 0);
}

/// Refused with exit code 2 when the size of the unit is known, after a logout, with nothing written.
#[test]
fn ranges_that_are_not_on_the_unit_are_refused_before_anything_is_written() {
    let measured = Measured::open();
    let cases: [(&[&str], &str); 8] = [
        (&["--block-size", "1000"], "--block-size 1000 is no multiple of the unit's blocks of 512 bytes"),
        (&["--offset", "100"], "--offset 100 is no multiple"),
        (&["--length", "5000"], "--length 5000 is no multiple of the block size, 4096"),
        (&["--offset", "64M"], "the range of 0 bytes is smaller than a block of 4096"),
        (&["--offset", "65M"], "reach beyond the unit of 67108864 bytes"),
        (&["--length", "65M"], "68157440 bytes from offset 0 on reach beyond"),
        (&["--offset", "67106816"], "the range of 2048 bytes is smaller than a block of 4096"),
        (&["--verify", "--length", "16K", "--depth", "5"], "operations in flight, 5; the range has 4"),
    ];
    for (arguments, complaint) in cases {
        let outcome = measured.io(&[&WRITE[..], arguments].concat()).expect(2).complains(complaint);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains("overwriting"), "{}", outcome.stderr);
    }
    assert_eq!(measured.report().bytes_written, 0);
    measured.expect_clean_logouts();
}

#[test]
fn a_unit_that_is_not_there_is_one_error() {
    let measured = Measured::open();
    let unit = format!("{}/7", measured.url());
    let outcome = measured.place.run(&["bench", "io", &unit, "--auth", "none", "--sessions", "3"]).expect(8);
    assert_eq!(outcome.complains("hint: the target has no such logical unit").stdout, "");
}

#[test]
fn ctrl_c_ends_it_with_the_figures_so_far_and_clean_logouts() {
    let measured = Measured::mutual();
    let arguments = ["--verify", "--duration", "600", "--sessions", "2", "--depth", "3", "--output", "json"];
    let child = start(&mut measured.io_command(&[&WRITE[..], &arguments].concat()));
    measured.wait_for_sessions(2);
    sleep(Duration::from_millis(300));
    interrupt(&child);
    let outcome = end(child).expect(1);
    assert_eq!(outcome.error()["fault"], "interrupted");
    let results = parsed(&outcome);
    expect_consistent(&results);
    assert_eq!((&results["interrupted"], count(&results, "/failures")), (&true.into(), 0));
    assert!(count(&results, "/operations") > 0, "{results}");
    let verification = &results["verification"];
    // Nothing was read back at the end, and nobody may believe it was.
    assert_eq!((&verification["complete"], count(verification, "/right_at_end")), (&false.into(), 0));
    measured.expect_clean_logouts();
}

/// Commands that the target does not answer are aborted before the logout.
#[test]
fn ctrl_c_aborts_commands_without_an_answer() {
    let target = Scripted::after_login(|script| {
        script.serve_but(|command, _| (command.cdb.first() == Some(&READ_10)).then(Reply::default))
    });
    let unit = format!("{}/0", target.url());
    let run = ["bench", "io", &unit, "--auth", "none", "--depth", "2", "--duration", "600"];
    let child = start(&mut target.place.command(&run));
    wait_for_reads(&target, 2);
    interrupt(&child);
    let outcome = end(child).expect(1);
    outcome.complains("interrupted");
    let received: Vec<_> = target.peer.received().iter().filter_map(Received::pdu).collect();
    let [.., InitiatorPdu::TaskManagementRequest(first), InitiatorPdu::TaskManagementRequest(second), last] =
        &received[..]
    else {
        panic!("{received:?}")
    };
    assert_eq!([first.function, second.function], [TaskManagementFunction::ABORT_TASK; 2]);
    assert!(matches!(last, InitiatorPdu::LogoutRequest(_)), "{last:?}");
}

/// Waits until the target has received so many reads.
#[track_caller]
fn wait_for_reads(target: &Scripted, number: usize) {
    let is_read = |pdu: &InitiatorPdu| matches!(pdu, InitiatorPdu::ScsiCommand(command) if command.cdb.first() == Some(&READ_10));
    for _ in 0..2000 {
        if target.peer.received().iter().filter_map(Received::pdu).filter(is_read).count() >= number {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("the reads did not come");
}

#[test]
fn a_target_that_vanishes_leaves_figures_and_causes() {
    let mut measured = Measured::open();
    let arguments = ["--verify", "--length", "1M", "--duration", "1.5", "--depth", "2", "--output", "json"];
    let arguments = [&WRITE[..], &arguments, &["--no-recovery"]].concat();
    let child = start(&mut measured.io_command(&arguments));
    measured.wait_for_sessions(1);
    sleep(Duration::from_millis(500));
    measured.vanish();
    let outcome = end(child).expect(7);
    assert!(!outcome.error()["message"].as_str().unwrap().is_empty());
    let results = parsed(&outcome);
    expect_consistent(&results);
    assert!(count(&results, "/operations") > 0 && count(&results, "/failures") > 0, "{results}");
    // Two at a time, and a pause after each login that fails.
    assert!(count(&results, "/failures") < 50, "{results}");
    let verification = &results["verification"];
    assert_eq!((&verification["complete"], count(verification, "/mismatches")), (&false.into(), 0));
    // Not each of the blocks was asked for that the target cannot return any more.
    assert!((1..40).contains(&count(verification, "/unreadable")), "{verification}");
}

/// Half of the reads fail: as many as may, or more than may.
#[test]
fn failures_are_counted_and_allowed_up_to_their_share() {
    for (share, code) in [("60%", 0), ("0", 8), ("40%", 8)] {
        let number = AtomicU32::new(0);
        let target = Scripted::after_login(|script: Script| {
            script.serve_but(move |command, moment| {
                let fails =
                    command.cdb[0] == READ_10 && number.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
                fails.then(|| check_condition(command, moment, Sense::LBA_OUT_OF_RANGE))
            })
        });
        let unit = format!("{}/0", target.url());
        let arguments =
            ["bench", "io", &unit, "--count", "40", "--allow-failures", share, "--output", "json"];
        let outcome = finish(&mut target.place.command(&[&arguments[..], &NONE].concat())).expect(code);
        let results = parsed(&outcome);
        expect_consistent(&results);
        assert_eq!((count(&results, "/operations"), count(&results, "/failures")), (20, 20));
        assert_eq!(count(&results, "/causes/0/exit_code"), 8);
        if code != 0 {
            let message = outcome.error()["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("20 of 40 operations failed; most frequent cause: "), "{message}");
        }
    }
}

/// Leaves the results of a run in a file.
fn leave(measured: &Measured, name: &str, outcome: Outcome) {
    fs::write(measured.place.path(name), outcome.expect(0).stdout).unwrap();
}

#[test]
fn two_runs_stand_side_by_side() {
    let measured = Measured::open();
    let arguments = ["--mixed", "50", "--destroy-data", "--count", "200", "--output", "json"];
    leave(&measured, "a.json", measured.io(&arguments));
    leave(&measured, "b.json", measured.io(&arguments));
    let shown = measured.place.run(&["bench", "compare", "a.json", "b.json"]).expect(0);
    assert_eq!(
        shown.stderr,
        "note: no run is called better: that takes 5 seconds and 1000 operations of each\n"
    );
    for name in
        ["operations", "throughput", "failures", "read latency p50", "write latency p50", "CPU per operation"]
    {
        assert!(shown.stdout.lines().any(|line| line.starts_with(name)), "{name} in {}", shown.stdout);
    }
    let json = measured.place.run(&["bench", "compare", "a.json", "b.json", "--output", "json"]).expect(0);
    let comparison = parsed(&json);
    crate::schema::Schema::of("bench-compare").expect_documents(&comparison);
    assert_eq!(
        (&comparison["comparable"], &comparison["figures"][1]["unit"]),
        (&true.into(), &"bytes_per_second".into())
    );

    leave(&measured, "b.json", measured.io(&["--count", "200", "--depth", "2", "--output", "json"]));
    let outcome = measured.place.run(&["bench", "compare", "a.json", "b.json"]).expect(0);
    let outcome = outcome.complains("warning: share of reads differs: A 50 %, B 100 %\n");
    outcome.complains("warning: depth differs: A 1, B 2\n").complains("the runs are not comparable");
}

#[test]
fn logins_are_not_compared_with_io() {
    let measured = Measured::open();
    leave(&measured, "login.json", measured.run(&["--count", "3", "--output", "json"]));
    leave(&measured, "io.json", measured.io(&["--count", "3", "--output", "json"]));
    for (a, b, text) in [
        (
            "login.json",
            "io.json",
            "login.json is a result of `iscsi bench login`, io.json one of `iscsi bench io`",
        ),
        (
            "io.json",
            "login.json",
            "io.json is a result of `iscsi bench io`, login.json one of `iscsi bench login`",
        ),
    ] {
        let outcome = measured.place.run(&["bench", "compare", a, b]).expect(10).complains(text);
        assert_eq!(outcome.stdout, "");
    }
    for (content, text) in [
        ("{\"schema\": 1, \"benchmark\": \"tape\"}", "the benchmark \"tape\" is not known to this program"),
        ("{\"schema\": 2, \"benchmark\": \"io\"}", "schema 2 is not known to this program"),
        ("{\"schema\": 1, \"benchmark\": \"io\"}", "missing field `program`"),
    ] {
        fs::write(measured.place.path("other.json"), content).unwrap();
        measured.place.run(&["bench", "compare", "io.json", "other.json"]).expect(10).complains(text);
    }
}

#[cfg(not(feature = "report"))]
#[test]
fn without_the_feature_the_option_names_it() {
    let measured = Measured::open();
    let outcome = measured.io(&["--count", "1", "--report", "report.html"]).expect(2);
    outcome.complains("--report needs the feature `report`");
    assert_eq!(measured.report().connections, 0);
}

#[cfg(feature = "report")]
#[test]
fn a_report_that_cannot_be_written_is_an_error_before_anything_begins() {
    let measured = Measured::open();
    measured
        .io(&["--report", "nowhere/report.html"])
        .expect(10)
        .complains("cannot write nowhere/report.html");
    assert_eq!(measured.report().connections, 0);
}

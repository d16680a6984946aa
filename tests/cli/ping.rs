//! `iscsi ping`: a line for each answer, a summary, and a logout however it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use iscsi_pdu::{InitiatorPdu, Opcode};
use iscsi_tests::scripted_target::Script;

use crate::measured::{Measured, end, interrupt, parsed, start};
use crate::program::{Outcome, finish};
use crate::schema::Schema;
use crate::scripted::{NONE, Scripted};

/// Pings without pauses.
const SOON: [&str; 4] = ["--interval", "0.001", "--auth", "none"];

fn ping(measured: &Measured, options: &[&str]) -> Outcome {
    let url = measured.url();
    finish(&mut measured.place.command(&[&["ping", &url], &SOON[..], options].concat()))
}

/// Pings until the first answer is shown.
fn begin(measured: &Measured, options: &[&str]) -> (Child, String) {
    let url = measured.url();
    let mut child = start(&mut measured.place.command(&[&["ping", &url], &SOON[..], options].concat()));
    let mut line = String::new();
    // One byte at a time, so that nothing of the rest is taken.
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[test]
fn each_answer_has_a_line_and_all_have_a_summary() {
    let measured = Measured::open();
    let shown = ping(&measured, &["--count", "3"]).expect(0).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let beginning =
        |number: usize| format!("64 bytes from 127.0.0.1:{}: seq={number} time=", port(&measured));
    for number in 1..=3 {
        assert!(
            lines[number - 1].starts_with(&beginning(number)) && lines[number - 1].ends_with(" ms"),
            "{shown}"
        );
    }
    let names: Vec<&str> = lines[3..].iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["answers", "least", "median", "greatest"]);
    assert!(lines[3].ends_with(" 3"), "{shown}");
    measured.expect_clean_logouts();
}

fn port(measured: &Measured) -> String {
    let url = measured.url();
    url.split([':', '/']).find(|part| part.parse::<u16>().is_ok()).unwrap().to_owned()
}

#[test]
fn json_has_every_round_trip_and_the_figures() {
    let measured = Measured::open();
    let report = parsed(&ping(&measured, &["--count", "4", "--size", "100", "--output", "json"]).expect(0));
    Schema::of("ping").expect_documents(&report);
    assert_eq!((&report["answers"], &report["size"]), (&4.into(), &100.into()));
    let times = report["round_trips"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap());
    let (least, greatest) =
        times.fold((f64::MAX, 0.0_f64), |(least, greatest), time| (least.min(time), greatest.max(time)));
    assert_eq!((report["least"].as_f64(), report["greatest"].as_f64()), (Some(least), Some(greatest)));
    assert!(report["median"].as_f64().is_some_and(|median| (least..=greatest).contains(&median)), "{report}");
}

/// The data are as long as the option says, but no longer than a segment may be.
#[test]
fn data_have_the_length_that_was_asked_for() {
    for (size, sent) in [("0", 0), ("1000", 1000), ("16777215", 262_144)] {
        let target = Scripted::after_login(Script::serve);
        let url = target.url();
        let outcome =
            target.run(&[&["ping", &url, "--count", "1", "--size", size], &NONE[..]].concat()).expect(0);
        assert!(outcome.stdout.starts_with(&format!("{sent} bytes from ")), "{}", outcome.stdout);
        let received = target.peer.received();
        let ping = received.iter().find(|received| received.opcode() == Opcode::NOP_OUT).unwrap();
        assert!(matches!(ping.pdu(), Some(InitiatorPdu::NopOut(ping)) if ping.data.len() == sent));
    }
}

#[test]
fn ctrl_c_ends_pings_without_a_count_as_planned() {
    let measured = Measured::open();
    let (child, line) = begin(&measured, &[]);
    assert!(line.contains("seq=1 "), "{line}");
    interrupt(&child);
    let outcome = end(child).expect(0);
    assert!(outcome.stdout.contains("median:") && outcome.stderr.is_empty(), "{}", outcome.stderr);
    measured.expect_clean_logouts();
}

#[test]
fn ctrl_c_before_the_count_is_an_interruption_with_a_summary() {
    let measured = Measured::open();
    let (child, _) = begin(&measured, &["--count", "1000000"]);
    interrupt(&child);
    let outcome = end(child).expect(1).complains("error: interrupted\n");
    assert!(outcome.stdout.contains("median:"), "{}", outcome.stdout);
    measured.expect_clean_logouts();
}

#[test]
fn a_session_that_is_lost_ends_pings_with_the_summary() {
    let measured = Measured::open();
    let (mut child, _) = begin(&measured, &[]);
    measured.cut_sessions();
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(shown.contains("answers:"), "{shown}");
    let outcome = end(child).expect(7);
    assert_eq!(outcome.stderr.matches(" lost: ").count(), 1, "{}", outcome.stderr);
}

/// A target that answers no ping is lost after --timeout.
#[test]
fn a_ping_without_an_answer_is_a_lost_target() {
    let target = Scripted::after_login(Script::take);
    let outcome = target.run(&[&["ping", &target.url()], &NONE[..]].concat()).expect(7);
    assert!(outcome.stdout.starts_with("answers:   0\n"), "{}", outcome.stdout);
    outcome.complains("ping").complains("hint: raise --timeout");
}

#[test]
fn sizes_beyond_a_segment_are_refused() {
    let measured = Measured::open();
    ping(&measured, &["--size", "16M"]).expect(2).complains("at most 16777215 bytes");
}

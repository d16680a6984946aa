//! `iscsi raw`: any block in both directions, a result with any status, and consent for what may change something.

use iscsi_pdu::ScsiStatus;
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::check_condition;
use serde_json::Value;

use crate::measured::{Measured, parsed};
use crate::program::{Outcome, finish};
use crate::schema::Schema;
use crate::scripted::{NO_SENSE, Scripted};

const INQUIRY: [&str; 6] = ["12", "00", "00", "00", "60", "00"];
const READ_10: [&str; 10] = ["28", "00", "00", "00", "00", "00", "00", "00", "01", "00"];
const WRITE_10: [&str; 10] = ["2a", "00", "00", "00", "00", "00", "00", "00", "01", "00"];
/// An operation code of vendors, which no target here knows.
const VENDOR: [&str; 6] = ["c1", "00", "00", "00", "00", "00"];

fn raw(measured: &Measured, cdb: &[&str], options: &[&str]) -> Outcome {
    let unit = format!("{}/0", measured.url());
    let arguments = [&["raw", &unit], cdb, &["--auth", "none"], options].concat();
    finish(&mut measured.place.command(&arguments))
}

/// The result as JSON, which its schema documents.
#[track_caller]
fn report(outcome: &Outcome) -> Value {
    let report = parsed(outcome);
    Schema::of("raw").expect_documents(&report);
    report
}

#[test]
fn a_read_is_shown_with_status_length_and_dump() {
    let measured = Measured::open();
    let shown = raw(&measured, &INQUIRY, &["--read", "96"]).expect(0).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let head = [
        "LUN:             0",
        "command:         INQUIRY",
        "CDB:             12 00 00 00 60 00",
        "status:          GOOD (0x00)",
        "bytes received:  96",
        "",
        "00000000  00 00 06 12 5b 00 00 02 52 41 4d 44 49 53 4b 20  |....[...RAMDISK |",
    ];
    assert_eq!(lines[..7], head, "{shown}");
    assert_eq!(lines.len(), 6 + 96 / 16, "{shown}");
    measured.expect_clean_logouts();
}

#[test]
fn a_read_as_json_has_its_data_in_digits() {
    let measured = Measured::open();
    let json = report(&raw(&measured, &["120000002400"], &["--read", "36", "--output", "json"]).expect(0));
    let data = json["data"].as_str().unwrap();
    assert!(data.len() == 72 && data.starts_with("000006125b"), "{json}");
    assert_eq!((&json["cdb"], &json["command"]), (&"120000002400".into(), &"INQUIRY".into()));
    assert_eq!((&json["status"], &json["status_code"]), (&"GOOD".into(), &0.into()));
    assert_eq!((&json["sense"], &json["sense_bytes"]), (&Value::Null, &Value::Null));
    assert_eq!((&json["bytes_received"], &json["bytes_offered"]), (&36.into(), &0.into()));
}

/// Residuals are facts about the command, and no failure, also where blocks are read.
#[test]
fn residuals_are_reported_on_both_sides() {
    let measured = Measured::open();
    for (cdb, read, underflow, overflow) in [
        (&INQUIRY[..], "96", 0, 0),
        (&INQUIRY, "97", 1, 0),
        (&INQUIRY, "95", 0, 1),
        (&READ_10, "512", 0, 0),
        (&READ_10, "1K", 512, 0),
        (&READ_10, "500", 0, 12),
    ] {
        let json = report(&raw(&measured, cdb, &["--read", read, "--output", "json"]).expect(0));
        assert_eq!((&json["underflow"], &json["overflow"]), (&underflow.into(), &overflow.into()), "{json}");
    }
    let shown = raw(&measured, &INQUIRY, &["--read", "97"]).expect(0).stdout;
    assert!(shown.contains("residual underflow:  1\n") && !shown.contains("overflow:  0"), "{shown}");
}

#[test]
fn a_status_other_than_good_is_shown_and_is_a_failed_command() {
    let measured = Measured::open();
    let outcome = raw(&measured, &VENDOR, &["--destroy-data"]).expect(8);
    for row in [
        "status:      CHECK CONDITION (0x02)",
        "sense key:   0x5 ILLEGAL REQUEST",
        "ASC/ASCQ:    0x20/0x00 INVALID COMMAND OPERATION CODE",
        "sense data:  700005000000000a",
    ] {
        assert!(outcome.stdout.contains(row), "{row} in {}", outcome.stdout);
    }
    outcome.complains("SCSI command failed: CHECK CONDITION").complains("does not support this command");
    let outcome = raw(&measured, &VENDOR, &["--destroy-data", "--output", "json"]).expect(8);
    let sense = report(&outcome)["sense"].clone();
    assert_eq!((&sense["key"], &sense["asc"], &sense["ascq"]), (&5.into(), &0x20.into(), &0.into()));
    assert_eq!(outcome.error()["fault"], "command");
    measured.expect_clean_logouts();
}

/// Other statuses than CHECK CONDITION, and details of sense data.
#[test]
fn every_status_is_shown_with_all_that_the_target_says() {
    let busy = Scripted::after_login(|script| script.scsi_status(0x12, ScsiStatus::BUSY, NO_SENSE).serve());
    let unit = format!("{}/0", busy.url());
    let cdb = "120000006000";
    let outcome = busy.run(&["raw", &unit, cdb, "--auth", "none", "--busy-timeout", "0"]).expect(8);
    assert!(outcome.stdout.contains("status:   BUSY (0x08)"), "{}", outcome.stdout);

    let pointer: &[u8] = &[0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0xcd, 0, 2];
    let invalid = Scripted::after_login(|script| {
        script.scsi_status(0x12, ScsiStatus::CHECK_CONDITION, bytes::Bytes::from_static(pointer)).serve()
    });
    let unit = format!("{}/0", invalid.url());
    let outcome = invalid.run(&["raw", &unit, cdb, "--auth", "none"]).expect(8);
    let field = "invalid field: bit 5 of byte 2 of the command descriptor block";
    assert!(outcome.stdout.contains(field), "{}", outcome.stdout);
}

#[test]
fn what_may_change_something_needs_consent_and_what_only_reads_refuses_it() {
    let measured = Measured::open();
    measured.place.file("block", &[7; 512], 0o600);
    for cdb in [&WRITE_10[..], &VENDOR, &["4d", "01", "40", "00", "00", "00", "00", "00", "ff", "00"]] {
        let refused = raw(&measured, cdb, &["--write", "block"]).expect(2);
        refused.complains("may change data or the state").complains("hint: add --destroy-data");
    }
    raw(&measured, &INQUIRY, &["--destroy-data"]).expect(2).complains("INQUIRY only reads");
    assert_eq!(measured.report().connections, 0);
    let written = raw(&measured, &WRITE_10, &["--write", "block", "--destroy-data"]).expect(0);
    assert!(written.stdout.contains("bytes offered:  512"), "{}", written.stdout);
    written.complains("warning: WRITE (10) may change data or the state of logical unit 0 of iqn.");
    assert_eq!(measured.medium(0, 1024), [vec![7; 512], vec![0; 512]].concat());
}

#[test]
fn data_to_send_come_from_a_file_or_from_standard_input() {
    let measured = Measured::open();
    let unit = format!("{}/0", measured.url());
    let arguments = [&["raw", &unit], &WRITE_10[..], &["--auth", "none", "--write", "-", "--destroy-data"]];
    measured.place.run_with_input(&arguments.concat(), &[9; 512]).expect(0);
    assert_eq!(measured.medium(0, 512), [9; 512]);
    raw(&measured, &WRITE_10, &["--write", "missing", "--destroy-data"]).expect(10);
    measured.place.file("empty", &[], 0o600);
    let nothing = raw(&measured, &WRITE_10, &["--write", "empty", "--destroy-data"]).expect(2);
    nothing.complains("there is nothing to send");
    let twice = ["--write", "-", "--destroy-data", "--passphrase-file", "-"];
    raw(&measured, &WRITE_10, &twice).expect(2).complains("standard input is named twice");
}

#[test]
fn data_received_go_to_a_file_or_alone_to_standard_output() {
    let measured = Measured::open();
    let shown = raw(&measured, &INQUIRY, &["--read", "96", "-o", "data"]).expect(0).stdout;
    assert!(shown.contains("bytes received:  96") && !shown.contains("00000000"), "{shown}");
    let data = std::fs::read(measured.place.path("data")).unwrap();
    assert!(data.len() == 96 && data[8..16] == *b"RAMDISK ", "{data:?}");
    let piped = raw(&measured, &READ_10, &["--read", "512", "-o", "-"]).expect(0);
    assert_eq!(piped.stdout.as_bytes(), [0; 512]);
    piped.complains("status:          GOOD (0x00)");
    let json =
        report(&raw(&measured, &INQUIRY, &["--read", "96", "-o", "data", "--output", "json"]).expect(0));
    assert_eq!((&json["data"], &json["bytes_received"]), (&Value::Null, &96.into()));
    let both = ["--read", "96", "-o", "-", "--output", "json"];
    raw(&measured, &INQUIRY, &both).expect(2).complains("the data and the JSON");
    raw(&measured, &INQUIRY, &["-o", "data"]).expect(2).complains("--read");
}

/// A block beyond 16 bytes and data in both directions arrive as they were given.
#[test]
fn long_blocks_and_both_directions_reach_the_target() {
    let target = Scripted::after_login(|script| {
        script
            .answer_command(0x7f, |command, moment| {
                let headers = &command.additional_headers;
                let is_whole = headers.cdb_rest().is_some_and(|rest| rest[..] == [0x5a; 16]);
                let is_both = command.expected_data_transfer_length == 8
                    && headers.bidirectional_read_length() == Some(16);
                let sense = if is_whole && is_both { Sense::MISCOMPARE } else { Sense::INVALID_FIELD };
                check_condition(command, moment, sense)
            })
            .serve()
    });
    let (unit, data) = (format!("{}/0", target.url()), target.place.file("data", &[1; 8], 0o600));
    let cdb = ["7f".to_owned(), "5a".repeat(31)].concat();
    let arguments =
        ["raw", &unit, &cdb, "--auth", "none", "--destroy-data", "--write", &data, "--read", "16"];
    let outcome = target.run(&arguments).expect(8);
    assert!(outcome.stdout.contains("sense key:      0xe MISCOMPARE"), "{}", outcome.stdout);
}

/// Nothing that was typed is repeated: it may be a secret in the wrong place.
#[test]
fn blocks_that_are_none_are_refused_before_anything_is_sent() {
    let measured = Measured::open();
    for (cdb, complaint) in [
        (&["hunter2hunter2"][..], "word 1 of the command descriptor block is not hexadecimal"),
        (&["12", "0"], "word 2 of the command descriptor block is not hexadecimal"),
        (&["12", "00", "00", "00", "60"], "has 5 bytes"),
        (&["28", "00", "00", "00", "00", "00"], "blocks with operation code 28 have 10"),
        (&[&*"7f".repeat(261)], "has 261 bytes"),
    ] {
        let outcome = raw(&measured, cdb, &[]).expect(2).complains(complaint);
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
    for length in ["0", "65M", "x"] {
        raw(&measured, &INQUIRY, &["--read", length]).expect(2);
    }
    raw(&measured, &[], &[]).expect(2).complains("<CDB>");
    assert_eq!(measured.report().connections, 0);
}

//! RESERVATION CONFLICT names the holder of the reservation, whatever command meets it.

use iscsi_pdu::ScsiStatus;

use crate::measured::Measured;
use crate::program::{Outcome, finish};
use crate::reserve::reserve;
use crate::scripted::{NO_SENSE, Scripted};

const OTHER: [&str; 2] = ["--initiator-name", "iqn.2001-04.com.example:other"];

/// A unit that the other host has reserved.
fn reserved(kind: &str) -> Measured {
    let measured = Measured::open();
    reserve(&measured, &["register", "--key", "0xb2"], &OTHER).expect(0);
    reserve(&measured, &["reserve", "--key", "0xb2", "--type", kind], &OTHER).expect(0);
    measured
}

fn run(measured: &Measured, command: &str, options: &[&str]) -> Outcome {
    let unit = format!("{}/0", measured.url());
    finish(&mut measured.place.command(&[&[command, &unit, "--auth", "none"], options].concat()))
}

#[track_caller]
fn names_the_holder(outcome: Outcome) {
    let outcome = outcome
        .expect(8)
        .complains("logical unit 0 is reserved (")
        .complains("by iqn.2001-04.com.example:other, ISID 0x80")
        .complains("key 0x00000000000000b2")
        .complains("RESERVATION CONFLICT");
    assert_eq!(outcome.stderr.matches("hint: ").count(), 1, "{}", outcome.stderr);
    outcome.complains("`iscsi reserve list`");
}

#[test]
fn reads_and_writes_name_the_holder() {
    let measured = reserved("exclusive-access");
    measured.place.file("block", &[7; 512], 0o600);
    names_the_holder(run(&measured, "write", &["-i", "block"]));
    names_the_holder(run(&measured, "read", &["-o", "data", "--length", "512"]));
    assert_eq!(measured.medium(0, 512), [0; 512]);
    measured.expect_clean_logouts();
}

#[test]
fn a_raw_command_shows_the_status_and_names_the_holder() {
    let measured = reserved("write-exclusive");
    measured.place.file("block", &[7; 512], 0o600);
    let options = ["2a000000000000000100", "--write", "block", "--destroy-data"];
    let outcome = run(&measured, "raw", &options);
    assert!(outcome.stdout.contains(" RESERVATION CONFLICT (0x18)\n"), "{}", outcome.stdout);
    names_the_holder(outcome);
    let read = ["28000000000000000100", "--read", "512"];
    run(&measured, "raw", &read).expect(0);
}

/// Without a registration, or with another key than the one registered.
#[test]
fn changes_of_reservations_name_the_own_registration_too() {
    let measured = reserved("write-exclusive");
    let outcome = reserve(&measured, &["clear", "--key", "0xa1"], &[]);
    names_the_holder(outcome.complains("this initiator port (ISID 0x80").complains("is not registered"));
    reserve(&measured, &["register", "--key", "0xa1"], &[]).expect(0);
    let outcome = reserve(&measured, &["reserve", "--key", "0xa1", "--type", "write-exclusive"], &[]);
    names_the_holder(outcome.complains("this initiator port is registered with key 0x00000000000000a1"));
    reserve(&measured, &["release", "--key", "0xb2"], &OTHER).expect(0);
    let outcome = reserve(&measured, &["clear", "--key", "0xcc"], &[]).expect(8);
    outcome.complains("error: logical unit 0 is not reserved; this initiator port is registered with key");
}

#[test]
fn a_conflict_as_json_has_message_cause_and_hint() {
    let measured = reserved("exclusive-access");
    let error =
        run(&measured, "read", &["-o", "data", "--length", "512", "--output", "json"]).expect(8).error();
    let [reserved, conflict] = [0, 1].map(|at| error["causes"][at].as_str().unwrap());
    assert!(reserved.starts_with("logical unit 0 is reserved"), "{error}");
    assert_eq!(conflict, "READ (10) failed: RESERVATION CONFLICT");
    assert_eq!((&error["fault"], &error["exit_code"]), (&"command".into(), &8.into()));
    assert!(error["hint"].as_str().unwrap().contains("`iscsi reserve preempt`"), "{error}");
}

/// A conflict that the unit does not explain is reported as it is.
#[test]
fn a_conflict_without_a_persistent_reservation_keeps_its_message() {
    let target = Scripted::after_login(|script| {
        script.scsi_status(0x28, ScsiStatus::RESERVATION_CONFLICT, NO_SENSE).serve()
    });
    let outcome = target.read(&[]).expect(8);
    assert!(!outcome.stderr.contains("is reserved"), "{}", outcome.stderr);
    outcome.complains("RESERVATION CONFLICT").complains("`iscsi reserve list`");
}

//! `iscsi reserve`: each service action, what `list` shows after it, and arguments that are none.

use serde_json::{Value, json};

use crate::measured::{Measured, parsed};
use crate::program::{Outcome, finish};
use crate::schema::Schema;

/// Options of another host.
const OTHER: [&str; 2] = ["--initiator-name", "iqn.2001-04.com.example:other"];
const A: &str = "0x00000000000000a1";
const B: &str = "0x00000000000000b2";

pub(crate) fn reserve(measured: &Measured, words: &[&str], options: &[&str]) -> Outcome {
    let unit = format!("{}/0", measured.url());
    finish(&mut measured.place.command(&[&["reserve"], words, &[&unit, "--auth", "none"], options].concat()))
}

#[track_caller]
fn change(measured: &Measured, words: &[&str], options: &[&str]) -> Value {
    let report = parsed(&reserve(measured, words, &[options, &["--output", "json"]].concat()).expect(0));
    Schema::of("reserve-change").expect_documents(&report);
    report
}

#[track_caller]
fn list(measured: &Measured) -> Value {
    let report = parsed(&reserve(measured, &["list"], &["--output", "json"]).expect(0));
    Schema::of("reserve-list").expect_documents(&report);
    report
}

/// A unit with both hosts registered.
fn with_both_hosts() -> Measured {
    let measured = Measured::open();
    change(&measured, &["register", "--key", "0xa1"], &[]);
    change(&measured, &["register", "--key", "0xb2"], &OTHER);
    measured
}

#[test]
fn a_unit_without_registrations() {
    let measured = Measured::open();
    let report = list(&measured);
    assert_eq!((&report["keys"], &report["registrations"]), (&json!([]), &json!([])));
    assert_eq!((&report["reservation"], &report["remarks"]), (&Value::Null, &json!([])));
    assert!(report["capabilities"]["types"].as_array().unwrap().contains(&"write-exclusive".into()));
    let shown = reserve(&measured, &["list"], &[]).expect(0).stdout;
    assert!(shown.contains("reservation:                 none\n"), "{shown}");
    measured.expect_clean_logouts();
}

#[test]
fn a_registration_is_listed_with_its_initiator_port() {
    let measured = with_both_hosts();
    let report = list(&measured);
    assert_eq!(report["keys"], json!([A, B]));
    let [own, other] = [0, 1].map(|at| report["registrations"][at].clone());
    assert_eq!(
        (&own["key"], &own["is_own"], &own["holds_reservation"]),
        (&A.into(), &true.into(), &false.into())
    );
    assert_eq!((&other["key"], &other["is_own"]), (&B.into(), &false.into()));
    assert_eq!(other["initiator"], OTHER[1]);
    assert!(other["isid"].as_str().unwrap().starts_with("0x80"), "{report}");
    let shown = reserve(&measured, &["list"], &[]).expect(0).stdout;
    let own_line = shown.lines().find(|line| line.trim_start().starts_with(A)).unwrap();
    assert!(own_line.ends_with("(this initiator port)"), "{shown}");
}

#[test]
fn keys_are_replaced_and_removed() {
    let measured = Measured::open();
    let registered = change(&measured, &["register", "--key", "0xa1", "--aptpl"], &[]);
    assert_eq!((&registered["service_action"], &registered["key"]), (&"REGISTER".into(), &Value::Null));
    assert_eq!(registered["new_key"], A);
    let replaced = change(&measured, &["register", "--key", "0xa1", "--new-key", "0xb2"], &[]);
    assert_eq!((&replaced["key"], &replaced["new_key"]), (&A.into(), &B.into()));
    assert_eq!(list(&measured)["keys"], json!([B]));
    let ignoring = change(&measured, &["register", "--key", "00000000000000a1", "--ignore-existing"], &[]);
    assert_eq!(ignoring["service_action"], "REGISTER AND IGNORE EXISTING KEY");
    assert_eq!(list(&measured)["keys"], json!([A]));
    let removed = change(&measured, &["unregister", "--key", "0xa1"], &[]);
    assert_eq!((&removed["key"], &removed["new_key"]), (&A.into(), &Value::Null));
    assert_eq!(list(&measured)["keys"], json!([]));
}

#[test]
fn a_reservation_of_every_type_is_made_listed_and_released() {
    let measured = Measured::open();
    change(&measured, &["register", "--key", "0xa1"], &[]);
    for (code, kind) in [
        (1, "write-exclusive"),
        (3, "exclusive-access"),
        (5, "write-exclusive-registrants-only"),
        (6, "exclusive-access-registrants-only"),
        (7, "write-exclusive-all-registrants"),
        (8, "exclusive-access-all-registrants"),
    ] {
        let made = change(&measured, &["reserve", "--key", "0xa1", "--type", kind], &[]);
        assert_eq!((&made["service_action"], &made["type"]), (&"RESERVE".into(), &kind.into()));
        let report = list(&measured);
        let held = &report["reservation"];
        assert_eq!((&held["type"], &held["type_code"]), (&kind.into(), &code.into()), "{report}");
        assert_eq!(report["registrations"][0]["holds_reservation"], true);
        // The type is asked for if it is not given.
        let options: &[&str] = if code % 2 == 1 { &["--type", kind] } else { &[] };
        assert_eq!(change(&measured, &["release", "--key", "0xa1"], options)["type"], kind);
        assert_eq!(list(&measured)["reservation"], Value::Null);
    }
}

#[test]
fn a_release_of_another_type_is_explained() {
    let measured = Measured::open();
    change(&measured, &["register", "--key", "0xa1"], &[]);
    change(&measured, &["reserve", "--key", "0xa1", "--type", "write-exclusive"], &[]);
    let words = ["release", "--key", "0xa1", "--type", "exclusive-access"];
    reserve(&measured, &words, &[]).expect(8).complains("hint: the reservation has another type");
}

#[test]
fn preempting_removes_the_other_host_and_takes_its_reservation() {
    for (abort, service_action) in [(&[][..], "PREEMPT"), (&["--abort"], "PREEMPT AND ABORT")] {
        let measured = with_both_hosts();
        change(&measured, &["reserve", "--key", "0xb2", "--type", "exclusive-access"], &OTHER);
        let taken = change(&measured, &["preempt", "--key", "0xa1", "--victim", "0xb2"], abort);
        assert_eq!((&taken["service_action"], &taken["removed_key"]), (&service_action.into(), &B.into()));
        assert_eq!(taken["type"], "exclusive-access");
        let report = list(&measured);
        assert_eq!((&report["keys"], &report["reservation"]["key"]), (&json!([A]), &A.into()));
    }
}

/// With a type that is given, the reservation has that one.
#[test]
fn preempting_may_change_the_type() {
    let measured = with_both_hosts();
    change(&measured, &["reserve", "--key", "0xb2", "--type", "exclusive-access"], &OTHER);
    let words = ["preempt", "--key", "0xa1", "--victim", "0xb2", "--type", "write-exclusive"];
    change(&measured, &words, &[]);
    assert_eq!(list(&measured)["reservation"]["type"], "write-exclusive");
}

/// Key 0 stands for all other registrants of a reservation that all registrants hold.
#[test]
fn preempting_an_all_registrants_reservation_removes_everybody_else() {
    let measured = with_both_hosts();
    change(&measured, &["reserve", "--key", "0xb2", "--type", "write-exclusive-all-registrants"], &OTHER);
    let taken = change(&measured, &["preempt", "--key", "0xa1", "--victim", "0x0"], &[]);
    assert_eq!(taken["removed_key"], "0x0000000000000000");
    assert_eq!(list(&measured)["keys"], json!([A]));
}

#[test]
fn clearing_leaves_nothing() {
    let measured = with_both_hosts();
    change(&measured, &["reserve", "--key", "0xa1", "--type", "write-exclusive"], &[]);
    let cleared = change(&measured, &["clear", "--key", "0xa1"], &[]);
    assert_eq!((&cleared["service_action"], &cleared["type"]), (&"CLEAR".into(), &Value::Null));
    let report = list(&measured);
    assert_eq!((&report["keys"], &report["reservation"]), (&json!([]), &Value::Null));
    measured.expect_clean_logouts();
}

#[test]
fn a_change_is_shown_as_a_table() {
    let measured = Measured::open();
    let shown = reserve(&measured, &["register", "--key", "0xa1"], &OTHER).expect(0).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let expected = [
        "target:          iqn.2001-04.com.example:disk",
        "LUN:             0",
        "service action:  REGISTER",
        "new key:         0x00000000000000a1",
    ];
    assert_eq!(lines[..4], expected);
    assert!(lines[4].starts_with("initiator port:  iqn.2001-04.com.example:other, ISID 0x80"), "{shown}");
}

/// A registration that later commands cannot have is warned of.
#[test]
fn an_isid_that_cannot_be_kept_is_warned_of() {
    let measured = Measured::open();
    let warning = "the ISID 0x80";
    let kept = reserve(&measured, &["register", "--key", "0xa1"], &[]).expect(0);
    assert!(!kept.stderr.contains(warning), "{}", kept.stderr);
    let unit = format!("{}/0", measured.url());
    let no_directory = measured.place.file("no-directory", b"", 0o600);
    let arguments = [&["reserve", "register", "--key", "0xb2", &unit, "--auth", "none"], &OTHER[..]].concat();
    let outcome = finish(measured.place.command(&arguments).env("STATE_DIRECTORY", no_directory));
    outcome.expect(0).complains(warning);
}

#[test]
fn a_unit_that_is_not_there_and_one_without_reservations() {
    let measured = Measured::open();
    let unit = format!("{}/7", measured.url());
    let missing =
        finish(&mut measured.place.command(&["reserve", "list", &unit, "--auth", "none"])).expect(8);
    assert_eq!(missing.stdout, "");
    missing.complains("LOGICAL UNIT NOT SUPPORTED");
}

#[test]
fn keys_types_and_combinations_that_are_none() {
    let measured = Measured::open();
    for words in [
        &["list", "--key", "0xa1"][..],
        &["register"],
        &["register", "--key", "a1"],
        &["register", "--key", "0x0"],
        &["register", "--key", "0xa1", "--new-key", "0"],
        &["register", "--key", "0xa1", "--new-key", "0xb2", "--ignore-existing"],
        &["unregister"],
        &["reserve", "--key", "0xa1"],
        &["reserve", "--key", "0xa1", "--type", "shared"],
        &["release"],
        &["preempt", "--key", "0xa1"],
        &["preempt", "--victim", "0xa1"],
        &["clear"],
        &["take", "--key", "0xa1"],
        &[],
    ] {
        reserve(&measured, words, &[]).expect(2);
    }
    assert_eq!(measured.report().connections, 0);
    let refused = reserve(&measured, &["reserve", "--key", "0xa1", "--type", "hunter2"], &[]).expect(2);
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    refused.complains("exclusive-access-registrants-only");
}

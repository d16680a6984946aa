//! `iscsi reset`: the scope is named, the answer is shown, and refusals lead somewhere.

use std::time::{Duration, Instant};

use iscsi_pdu::TaskManagementResponseCode as Code;
use iscsi_tests::scripted_target::{Reply, Script, management_response};
use serde_json::Value;

use crate::measured::{Measured, parsed};
use crate::program::{Outcome, TARGET, finish};
use crate::schema::Schema;
use crate::scripted::{NONE, Scripted};

fn reset(measured: &Measured, options: &[&str]) -> Outcome {
    let url = measured.url();
    finish(&mut measured.place.command(&[&["reset", &url], &NONE[..], options].concat()))
}

fn reset_to(target: &Scripted, options: &[&str]) -> Outcome {
    target.run(&[&["reset", &target.url()], &NONE[..], options].concat())
}

/// Answers a reset with this code.
fn answering(script: Script, code: Code) -> Script {
    script.answer_management(move |request, moment| management_response(request, moment, code))
}

/// The result as JSON, which its schema documents.
#[track_caller]
fn report(outcome: &Outcome) -> Value {
    let report = parsed(outcome);
    Schema::of("reset").expect_documents(&report);
    report
}

#[test]
fn a_unit_is_reset() {
    let measured = Measured::open();
    let shown = reset(&measured, &["--lun", "0"]).expect(0).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let target = format!("target:    {TARGET}");
    let expected =
        [&target, "LUN:       0", "function:  LOGICAL UNIT RESET", "answer:    the function is complete"];
    assert_eq!(lines, expected);
    let report = report(&reset(&measured, &["--lun", "0", "--output", "json"]).expect(0));
    assert_eq!((&report["lun"], &report["session_ended"]), (&"0".into(), &false.into()));
    measured.expect_clean_logouts();
}

#[test]
fn a_target_is_reset() {
    let measured = Measured::open();
    let report = report(&reset(&measured, &["--target", "--output", "json"]).expect(0));
    assert_eq!((&report["function"], &report["lun"]), (&"TARGET WARM RESET".into(), &Value::Null));
    measured.expect_clean_logouts();
}

/// The end of the session is neither an error nor a warning, whether or not an answer comes before.
#[test]
fn a_cold_reset_may_end_the_session() {
    let measured = Measured::open();
    let outcome = reset(&measured, &["--target", "--cold", "--output", "json"]).expect(0);
    assert!(!outcome.stderr.contains("logout"), "{}", outcome.stderr);
    let shown = report(&outcome);
    assert_eq!((&shown["function"], &shown["session_ended"]), (&"TARGET COLD RESET".into(), &true.into()));

    let target = Scripted::after_login(|script| answering(script, Code::FUNCTION_COMPLETE).close());
    let outcome = reset_to(&target, &["--target", "--cold"]).expect(0);
    assert!(!outcome.stderr.contains("logout"), "{}", outcome.stderr);
    let end = "answer:    the function is complete\nsession:   ended by the target\n";
    assert!(outcome.stdout.ends_with(end), "{}", outcome.stdout);
}

/// Only a cold reset ends sessions.
#[test]
fn a_session_that_is_lost_instead_of_an_answer() {
    let silent = |script: Script| script.answer_management(|_, _| Reply::default()).close();
    let outcome = reset_to(&Scripted::after_login(silent), &["--target", "--cold"]).expect(0);
    assert!(outcome.stdout.ends_with("answer:    -\nsession:   ended by the target\n"), "{}", outcome.stdout);
    let outcome = reset_to(&Scripted::after_login(silent), &["--target"]).expect(7);
    assert_eq!(outcome.stderr.matches(" lost: ").count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_cold_reset_may_leave_the_session() {
    let target = Scripted::after_login(|script| answering(script, Code::FUNCTION_COMPLETE).serve());
    let outcome = reset_to(&target, &["--target", "--cold", "--output", "json"]).expect(0);
    assert_eq!(report(&outcome)["session_ended"], false);
}

#[test]
fn the_scope_is_named_once_and_without_contradiction() {
    let measured = Measured::open();
    for options in
        [&[][..], &["--lun", "0", "--target"], &["--lun", "0", "--cold"], &["--cold"], &["--lun", "x"]]
    {
        reset(&measured, options).expect(2);
    }
    let unit = format!("{}/1", measured.url());
    for scope in [&["--lun", "0"][..], &["--target"]] {
        let outcome = finish(&mut measured.place.command(&[&["reset", &unit], scope].concat()));
        outcome.expect(2).complains("names another logical unit");
    }
    assert_eq!(measured.report().connections, 0);
    let unit = format!("{}/0", measured.url());
    let same = ["reset", &unit, "--lun", "0", "--auth", "none"];
    finish(&mut measured.place.command(&same)).expect(0);
}

#[test]
fn a_unit_that_is_not_there() {
    let outcome = reset(&Measured::open(), &["--lun", "7"]).expect(8);
    outcome
        .complains("the logical unit does not exist")
        .complains("hint: the target has no such logical unit: `iscsi luns`");
}

#[test]
fn refusals_say_what_to_do() {
    let cases = [
        (Code::FUNCTION_NOT_SUPPORTED, "`iscsi reset --target`"),
        (Code::AUTHORIZATION_FAILED, "permit it there"),
        (Code::FUNCTION_REJECTED, "in the target's log"),
    ];
    for (code, part) in cases {
        let target = Scripted::after_login(|script| answering(script, code).serve());
        let error = reset_to(&target, &["--lun", "0", "--output", "json"]).expect(8).error();
        assert_eq!((&error["stage"], &error["fault"]), (&"full_feature_phase".into(), &"command".into()));
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains(part)), "{error}");
    }
}

#[test]
fn a_reset_without_an_answer_has_a_limit() {
    let target = Scripted::after_login(|script| script.answer_management(|_, _| Reply::default()).serve());
    let (url, begin) = (target.url(), Instant::now());
    let arguments = ["reset", &url, "--lun", "0", "--auth", "none", "--timeout", "0.5"];
    let outcome = finish(&mut target.place.command(&arguments)).expect(8);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    outcome.complains("no answer in time").complains("hint: raise --timeout");
}

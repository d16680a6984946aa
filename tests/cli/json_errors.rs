//! With `--output json` a failure is one JSON object, the last line on standard error.

use std::process::Stdio;

use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{Script, login};
use serde_json::Value;

use crate::program::{Outcome, Place, TARGET, finish};
use crate::schema::Schema;
use crate::scripted::{CHAP, MUTUAL, NONE, Scripted};

const JSON: [&str; 2] = ["--output", "json"];

fn schema() -> Schema {
    Schema::of("error")
}

/// The only error of a run that ended with this code; it is documented, and standard output has nothing.
#[track_caller]
fn error(outcome: Outcome, code: i32, fault: &str) -> Value {
    let outcome = outcome.expect(code);
    let error = outcome.error();
    assert_eq!(
        (error["exit_code"].as_i64(), error["fault"].as_str()),
        (Some(code.into()), Some(fault)),
        "{error}"
    );
    let last = outcome.stderr.lines().last().unwrap();
    schema().expect_documents(&serde_json::from_str(last).unwrap());
    assert!(
        last.is_ascii() && outcome.stderr.ends_with('\n') && outcome.stdout.is_empty(),
        "{}",
        outcome.stdout
    );
    assert_eq!(outcome.stderr.matches("\"error\"").count(), 1);
    assert!(!outcome.stderr.lines().any(|line| line.starts_with("error: ") || line.starts_with("hint: ")));
    error
}

#[track_caller]
fn login_error(script: Script, options: &[&str], code: i32, fault: &str, stage: &str) -> Value {
    let found = error(Scripted::new(script).log_in(&[options, &JSON].concat()), code, fault);
    assert_eq!(found["stage"].as_str(), Some(stage), "{found}");
    found
}

#[test]
fn failed_logins_name_fault_and_stage() {
    let status = |status| Script::new().answer_login(login::status(status));
    let security = "security_negotiation";
    let refused = login_error(
        status(iscsi_pdu::LoginStatus::AUTHENTICATION_FAILURE),
        &CHAP,
        3,
        "credentials_refused",
        security,
    );
    assert!(refused["causes"][0].as_str().unwrap().contains("0201 authentication failure"), "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("check CHAP name"), "{refused}");
    login_error(Script::sends_wrong_chap_response(), &MUTUAL, 4, "target_not_authenticated", security);
    let operational = "operational_negotiation";
    login_error(status(iscsi_pdu::LoginStatus::NOT_FOUND), &NONE, 5, "login_refused", operational);
    login_error(Script::garbage(), &NONE, 6, "protocol", operational);
    login_error(Script::new().take().close(), &CHAP, 7, "network", security);
    login_error(Script::chooses_two_algorithms(), &CHAP, 6, "protocol", security);
}

#[test]
fn failures_before_and_behind_the_login_have_their_stage_too() {
    let place = Place::with_store();
    let nobody = format!("iscsi://127.0.0.1:1/{TARGET}");
    let refused = error(place.run(&[&["login", &nobody], &JSON[..]].concat()), 7, "network");
    assert_eq!(refused["stage"], "connecting");
    assert!(refused["message"].as_str().unwrap().starts_with("cannot connect to 127.0.0.1:1"), "{refused}");

    let target =
        Scripted::after_login(|script| script.check_condition(0x28, Sense::LBA_OUT_OF_RANGE).serve());
    let failed = error(target.read(&JSON), 8, "command");
    assert_eq!(failed["stage"], "full_feature_phase");
    assert_eq!(failed["message"], "read ended early: /dev/null has the first 0 of 512 bytes");
    assert!(failed["causes"][0].as_str().unwrap().contains("0x21/0x00"), "{failed}");
}

#[test]
fn failures_without_a_target_have_no_stage() {
    let place = Place::new();
    let missing = error(place.run(&[&["secret", "list"], &JSON[..]].concat()), 9, "secrets");
    assert!(missing["stage"].is_null() && missing["hint"].is_string(), "{missing}");
    let file = ["bench", "compare", "a", "b", "--output", "json"];
    assert!(error(place.run(&file), 10, "local")["stage"].is_null());
    let url = ["login", "iscsi://host/\u{1b}[2J", "--output", "json"];
    let usage = error(place.run(&url), 2, "usage");
    assert_eq!(usage["message"], "unusable URL");
    assert!(usage["causes"][0].as_str().unwrap().contains("names no possible target"), "{usage}");
}

#[test]
fn arguments_that_cannot_be_read_are_json_errors_too() {
    let place = Place::new();
    let cases: [(&[&str], &str); 8] = [
        (&["--output", "json"], "a command is missing"),
        (&["secret", "--output=json"], "a command is missing"),
        (&["--output=json", "login"], "the following required arguments were not provided: <URL>"),
        (&["login", "--output", "json", "a", "b"], "unexpected argument '…' found"),
        (&["login", "a", "--auht", "chap", "--output", "json"], "unexpected argument '--auht' found"),
        (&["logni", "--output", "json"], "unrecognized subcommand '…'"),
        (&["login", "a", "--output", "json", "--auth", "kerberos"], "invalid value '…' for '--auth <HOW>'"),
        (
            &["login", "a", "--output", "json", "--timeout", "0"],
            "invalid value '…' for '--timeout <SECONDS>'",
        ),
    ];
    for (arguments, message) in cases {
        let usage = error(place.run(arguments), 2, "usage");
        assert!(usage["message"].as_str().unwrap().starts_with(message), "{usage}");
        assert!(usage["hint"].is_string(), "{usage}");
    }
    let similar = error(place.run(&["login", "a", "--auht", "chap", "--output=json"]), 2, "usage");
    assert!(similar["hint"].as_str().unwrap().contains("'--auth'"), "{similar}");
    // Where it is an argument and no option, or another form, people read it.
    place.run(&["login", "a", "b", "--", "--output", "json"]).expect(2).complains("error: ");
    place.run(&["login", "--output", "table"]).expect(2).complains("error: ");
}

/// Help and version are asked for, and no failure.
#[test]
fn help_stays_help() {
    let help = Place::new().run(&["--output", "json", "--help"]).expect(0);
    assert!(help.stdout.contains("Usage: iscsi") && help.stderr.is_empty(), "{}", help.stderr);
}

/// Terminal control sequences are escaped twice: as JSON and as ASCII.
#[test]
fn what_a_target_says_is_ascii_in_json() {
    let script = Script::authenticates_with_secret("\u{202e}ä", b"another-secret-x");
    let outcome = Scripted::new(script).log_in(&[&MUTUAL[..], &JSON].concat()).expect(4);
    assert!(outcome.stderr.is_ascii(), "{}", outcome.stderr);
    assert!(
        outcome.error()["causes"][0]
            .as_str()
            .unwrap()
            .contains("does not match the configured target secret")
    );
}

/// Standard error that cannot be written to changes no exit code.
#[test]
fn a_full_standard_error_is_no_panic() {
    for form in [&JSON[..], &["--output", "table"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let arguments = [&["login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"], form].concat();
        let status = Place::new().command(&arguments).stdout(Stdio::null()).stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(7), "{form:?}");
    }
}

/// A run that has a result prints it, and the error beside it.
#[test]
fn a_result_and_an_error_are_apart() {
    let place = Place::new();
    for name in ["one", "other"] {
        let (target, file) =
            (format!("iqn.2001-04.com.example:{name}"), place.secret_file(name, b"initsecret123"));
        place.run(&["secret", "set", "--target", &target, "--target-secret-file", &file]).expect(0);
    }
    let outcome = finish(
        place
            .command(&["secret", "check", "--output", "json"])
            .env("ISCSI_SECRET_STORE", place.path("store")),
    );
    let outcome = outcome.expect(9);
    let weaknesses: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(weaknesses.as_array().map(Vec::len), Some(1), "{weaknesses}");
    assert_eq!(outcome.error()["message"], "1 weakness was found");
}

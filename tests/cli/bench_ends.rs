//! Measurements that are interrupted or cannot begin: exit codes, figures, logouts.

use std::collections::HashSet;
use std::process::{Command, Stdio};

use iscsi_pdu::{InitiatorPdu, Isid};
use iscsi_tests::scripted_target::{Received, Script};
use serde_json::Value;

use crate::measured::{Measured, end, interrupt, parsed, start};
use crate::program::finish;
use crate::scripted::Scripted;

#[test]
fn ctrl_c_ends_it_with_the_figures_so_far_and_clean_logouts() {
    let measured = Measured::mutual();
    let arguments = ["--duration", "600", "--hold", "5", "--concurrency", "3", "--output", "json"];
    let report = if cfg!(feature = "report") { &["--report", "report.html"][..] } else { &[] };
    let child = start(&mut measured.command(&[&arguments[..], report].concat()));
    measured.wait_for_sessions(50);
    interrupt(&child);
    let outcome = end(child).expect(1);
    let error = outcome.error();
    assert_eq!((&error["message"], &error["fault"]), (&"interrupted".into(), &"interrupted".into()));
    let results = parsed(&outcome);
    assert_eq!((&results["interrupted"], &results["failures"]), (&Value::from(true), &Value::from(0)));
    assert!(results["logins"].as_u64().is_some_and(|logins| logins > 0), "{results}");
    measured.expect_clean_logouts();
    if cfg!(feature = "report") {
        let page = std::fs::read_to_string(measured.place.path("report.html")).unwrap();
        assert!(page.contains("The run was interrupted"));
    }
}

/// A signal that reaches only the first process ends all of them, with the figures up to then.
#[test]
fn ctrl_c_ends_all_processes() {
    let measured = Measured::mutual();
    let arguments = ["--processes", "2", "--concurrency", "2", "--duration", "600", "--output", "json"];
    let child = start(&mut measured.command(&arguments));
    measured.wait_for_sessions(50);
    interrupt(&child);
    let results = parsed(&end(child).expect(1));
    assert_eq!((&results["interrupted"], &results["failures"]), (&Value::from(true), &Value::from(0)));
    assert!(results["logins"].as_u64().is_some_and(|logins| logins > 0), "{results}");
    measured.expect_clean_logouts();
}

#[test]
fn ctrl_c_before_it_logs_out_what_is_held_already() {
    let measured = Measured::mutual();
    let child = start(&mut measured.command(&["--hold", "200", "--duration", "600"]));
    measured.wait_for_sessions(20);
    interrupt(&child);
    end(child).expect(1).complains("error: interrupted\n");
    measured.expect_clean_logouts();
}

#[test]
fn a_target_that_refuses_is_an_error_and_not_a_thousand_failures() {
    let measured = Measured::mutual();
    let wrong = measured.place.secret_file("wrong", b"not-the-forward-1");
    let secrets = ["--user", "host", "--secret-file", &wrong, "--target-secret-file", "reverse"];
    let url = measured.url();
    let report = if cfg!(feature = "report") { &["--report", "report.html"][..] } else { &[] };
    let login = [&["bench", "login", &url], report, &secrets].concat();
    let outcome = finish(&mut measured.place.command(&login)).expect(3);
    assert_eq!(outcome.complains("0201").stdout, "");
    assert!(!measured.place.path("report.html").exists());
    assert_eq!(measured.report().connections, 1);

    let nowhere = measured.url_of("iqn.2001-04.com.example:nowhere");
    finish(&mut measured.command_to(&[&nowhere], &[])).expect(5).complains("0203");
}

#[test]
fn a_target_that_vanishes_leaves_figures_and_causes() {
    let mut measured = Measured::open();
    let child =
        start(&mut measured.command(&["--duration", "1.5", "--concurrency", "2", "--output", "json"]));
    measured.wait_for_sessions(20);
    measured.vanish();
    let outcome = end(child).expect(7);
    let message = outcome.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(" logins failed; most frequent cause: "), "{message}");
    let results = parsed(&outcome);
    assert!(results["logins"].as_u64().is_some_and(|logins| logins > 0), "{results}");
    let causes = results["causes"].as_array().unwrap();
    let counted: u64 = causes.iter().map(|cause| cause["count"].as_u64().unwrap()).sum();
    assert!(counted > 0 && results["failures"] == counted, "{results}");
    assert!(causes[0]["cause"].as_str().is_some_and(|cause| cause.contains("refused")), "{causes:?}");
}

#[test]
fn not_one_login_is_an_error() {
    let mut measured = Measured::open();
    let child = start(&mut measured.command(&["--warmup", "1", "--duration", "0.3", "--output", "json"]));
    // The probe, and a first one of the warm-up.
    measured.wait_for_sessions(2);
    measured.vanish();
    let outcome = end(child).expect(7);
    assert_eq!(
        (outcome.error()["fault"].as_str(), &parsed(&outcome)["logins"]),
        (Some("network"), &0.into())
    );
}

#[test]
fn too_few_files_are_told_before_anything_begins() {
    let measured = Measured::open();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 100 && exec \"$@\"", "sh"]);
    let command = measured.command(&["--hold", "90", "--concurrency", "10"]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.current_dir(measured.place.path("")).stdin(Stdio::null());
    let outcome = finish(&mut limited).expect(10);
    assert_eq!(outcome.stdout, "");
    outcome
        .complains("164 files and sockets")
        .complains("the limit is 100")
        .complains("hint: raise it: `ulimit -n 164`");
    assert_eq!(measured.report().connections, 0);
}

#[cfg(feature = "report")]
#[test]
fn a_report_that_cannot_be_written_is_an_error_before_anything_begins() {
    let measured = Measured::open();
    for path in ["nowhere/report.html", "."] {
        measured.run(&["--report", path]).expect(10).complains(&format!("error: cannot write {path}\n"));
    }
    assert_eq!(measured.report().connections, 0);
}

/// The target ends them while others log in: they are not there any more, and were to be.
#[test]
fn sessions_that_were_lost_are_not_held() {
    let measured = Measured::open();
    let arguments = ["--hold", "5", "--rate", "20", "--duration", "1.5", "--allow-failures", "100%"];
    let child = start(&mut measured.command(&[&arguments[..], &["--output", "json"]].concat()));
    // The probe, those held, and a first one that is measured.
    measured.wait_for_sessions(7);
    assert!(measured.cut_sessions() >= 5);
    let outcome = end(child).expect(7);
    let message = outcome.error()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("5 of 5 sessions held open were lost; most frequent cause: connection"),
        "{message}"
    );
    let results = parsed(&outcome);
    assert_eq!((&results["held_sessions"], &results["held_sessions_lost"]), (&0.into(), &5.into()));
    assert_eq!(results["plan"]["hold"], 5);
}

#[test]
fn people_are_told_how_many_held_sessions_were_lost() {
    let measured = Measured::open();
    let child = start(&mut measured.command(&["--hold", "3", "--rate", "20", "--duration", "1.5"]));
    measured.wait_for_sessions(5);
    assert!(measured.cut_sessions() >= 3);
    let outcome = end(child).expect(7);
    assert!(outcome.stdout.contains("held:            0 sessions"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("; 3 more were lost"), "{}", outcome.stdout);
}

/// 50 % of the logins fail: as many as may, or one more than may.
#[test]
fn failures_are_allowed_up_to_their_share() {
    let measured = Measured::open();
    let (there, nowhere) = (measured.url(), measured.url_of("iqn.2001-04.com.example:nowhere"));
    for (share, code) in [("50%", 0), ("0.5", 0), ("49.9%", 5), ("0", 5), ("100%", 0)] {
        let arguments = ["--count", "20", "--allow-failures", share];
        let outcome = finish(&mut measured.command_to(&[&there, &nowhere], &arguments)).expect(code);
        if code != 0 {
            outcome
                .complains("error: 10 of 20 logins failed; most frequent cause: login to ")
                .complains("0203 target not found")
                .complains("--allow-failures");
        }
    }
    for share in ["101%", "1.1", "-1", "some", "%", "NaN"] {
        let share = format!("--allow-failures={share}");
        measured.run(&[&share]).expect(2).complains("a share from 0% to 100%");
    }
}

/// Some targets take a login with the ISID of a session that just ended for its reinstatement.
#[test]
fn logins_take_turns_with_their_isids() {
    let target = Scripted::after_login(Script::serve);
    let url = target.url();
    finish(&mut target.place.command(&["bench", "login", &url, &url, "--count", "20", "--auth", "none"]))
        .expect(0);
    let isids: Vec<_> = target.peer.received().iter().filter_map(isid).collect();
    let different: HashSet<_> = isids.iter().collect();
    // One to begin with.
    assert_eq!((isids.len(), different.len()), (21, 21), "{isids:?}");
    // One session after the other of any other command has the same.
    for _ in 0..3 {
        finish(&mut target.place.command(&["login", &url, "--auth", "none"])).expect(0);
    }
    let isids: Vec<_> = target.peer.received().iter().filter_map(isid).skip(21).collect();
    assert!(isids.len() == 3 && isids.iter().all(|isid| *isid == isids[0]), "{isids:?}");
}

fn isid(received: &Received) -> Option<Isid> {
    match received.pdu() {
        Some(InitiatorPdu::LoginRequest(request)) => Some(request.isid),
        _ => None,
    }
}

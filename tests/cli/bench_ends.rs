//! How a measurement ends that does not run to its end, or cannot begin: exit codes, figures, logouts.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::measured::{Measured, end, interrupt, parsed, start};
use crate::program::finish;

#[test]
fn ctrl_c_ends_it_with_the_figures_so_far_and_clean_logouts() {
    let measured = Measured::mutual();
    let arguments = ["--duration", "600", "--hold", "5", "--concurrency", "3", "--output", "json"];
    let child = start(&mut measured.command(&[&arguments[..], &["--report", "report.html"]].concat()));
    measured.wait_for_sessions(50);
    interrupt(&child);
    let outcome = end(child).expect(1).complains("error: interrupted\n");
    let results = parsed(&outcome);
    assert_eq!((&results["interrupted"], &results["failures"]), (&Value::from(true), &Value::from(0)));
    assert!(results["logins"].as_u64().is_some_and(|logins| logins > 0), "{results}");
    measured.expect_clean_logouts();
    let page = std::fs::read_to_string(measured.place.path("report.html")).unwrap();
    assert!(page.contains("The run was interrupted"));
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
    let login = ["bench", "login", &measured.url(), "--report", "report.html"];
    let outcome = finish(&mut measured.place.command(&[&login[..], &secrets].concat())).expect(3);
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
    let results = parsed(&end(child).expect(0));
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
    let outcome = end(child).expect(1).complains("error: not one login succeeded: ");
    assert_eq!(parsed(&outcome)["logins"], 0);
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

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_begins() {
    let measured = Measured::open();
    for path in ["nowhere/report.html", "."] {
        measured.run(&["--report", path]).expect(10).complains(&format!("error: cannot write {path}\n"));
    }
    assert_eq!(measured.report().connections, 0);
}

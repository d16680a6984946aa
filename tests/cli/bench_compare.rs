//! `iscsi bench compare`: of two runs, and of files that are none.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::measured::{Measured, parsed};
use crate::program::{Outcome, Place};

/// Leaves the results of a run in a file.
fn leave(measured: &Measured, name: &str, arguments: &[&str]) {
    let outcome = measured.run(&[arguments, &["--output", "json"]].concat()).expect(0);
    fs::write(measured.place.path(name), outcome.stdout).unwrap();
}

fn compare(place: &Place, more: &[&str]) -> Outcome {
    place.run(&[&["bench", "compare", "a.json", "b.json"], more].concat())
}

#[test]
fn two_runs_of_the_same_stand_side_by_side() {
    let measured = Measured::open();
    leave(&measured, "a.json", &["--count", "100"]);
    leave(&measured, "b.json", &["--count", "100"]);
    let shown = compare(&measured.place, &[]).expect(0);
    assert_eq!(shown.stderr, "note: no run is called better: that takes 5 seconds and 1000 logins of each\n");
    let first: Vec<_> =
        shown.stdout.lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect();
    let expected = [
        "",
        "logins",
        "failures",
        "latency p50",
        "latency p75",
        "connect p50",
        "operational p50",
        "logout p50",
        "CPU per login",
    ];
    assert_eq!(first, expected, "{}", shown.stdout);

    let comparison = parsed(&compare(&measured.place, &["--output", "json"]).expect(0));
    assert_eq!((&comparison["schema"], &comparison["comparable"]), (&1.into(), &true.into()));
    assert_eq!((&comparison["a"]["file"], &comparison["b"]["file"]), (&"a.json".into(), &"b.json".into()));
    let rate = &comparison["figures"][0];
    let (a, b) = (rate["a"].as_f64().unwrap(), rate["b"].as_f64().unwrap());
    assert_eq!((&rate["figure"], &rate["unit"]), (&"logins_per_s".into(), &"per_second".into()));
    assert!((rate["ratio"].as_f64().unwrap() * a / b - 1.0).abs() < 1e-9, "{rate}");
}

#[test]
fn a_warning_tells_what_was_not_the_same() {
    let measured = Measured::open();
    leave(&measured, "a.json", &["--count", "30"]);
    leave(&measured, "b.json", &["--count", "40", "--concurrency", "2"]);
    let outcome = compare(&measured.place, &[]).expect(0);
    let outcome = outcome.complains("warning: concurrency differs: A 1, B 2\n");
    let outcome = outcome.complains("note: number of logins planned differs: A 30, B 40\n");
    let outcome = outcome.complains("no run is called better");
    assert!(
        !outcome.stdout.contains("is faster") && !outcome.stdout.contains("does more"),
        "{}",
        outcome.stdout
    );
    let comparison = parsed(&compare(&measured.place, &["--output", "json"]).expect(0));
    assert_eq!(comparison["comparable"], false);
    assert_eq!(comparison["differences"].as_array().unwrap().len(), 2);
}

/// A run of a minute, made of a short one, and one that is twice as fast and whose median is three times as long.
#[test]
fn a_clear_difference_is_put_in_words() {
    let measured = Measured::open();
    leave(&measured, "a.json", &["--count", "30"]);
    let text = fs::read_to_string(measured.place.path("a.json")).unwrap();
    let mut results: Value = serde_json::from_str(&text).unwrap();
    (results["measured_s"], results["logins"]) = (60.into(), 60_000.into());
    (results["logins_per_s"], results["latency"]["count"]) = (1000.0.into(), 60_000.into());
    results["timeline"] = vec![json!({ "logins": 1000, "failures": 0, "longest": 1e4 }); 60].into();
    fs::write(measured.place.path("a.json"), results.to_string()).unwrap();
    results["timeline"] = vec![json!({ "logins": 2000, "failures": 0, "longest": 1e4 }); 60].into();
    results["logins_per_s"] = (results["logins_per_s"].as_f64().unwrap() * 2.0).into();
    let median = &mut results["latency"]["percentiles"][0]["at_most"];
    *median = (median.as_f64().unwrap() * 3.0).into();
    fs::write(measured.place.path("b.json"), results.to_string()).unwrap();
    let shown = compare(&measured.place, &[]).expect(0).stdout;
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("logins").ends_with("2.00  B does more"), "{shown}");
    assert!(line("latency p50").ends_with("3.00  A is faster"), "{shown}");
    assert!(line("logout p50").ends_with("1.00"), "{shown}");
}

#[test]
fn a_file_that_is_no_result_is_told_apart_from_one_of_another_version() {
    let place = Place::new();
    let cases = [
        ("", "a.json is not what"),
        ("not JSON", "a.json is not what"),
        ("{\"figures\": []}", "missing field `schema`"),
        ("{\"schema\": 1}", "missing field `program`"),
        ("{\"schema\": \"1\"}", "a.json is not what"),
        ("{\"schema\": 2, \"other\": []}", "a.json: schema 2 is not known to this program\nhint: "),
        ("{\"schema\": 1, \"program\": \"\", \"began_unix_s\": \"\\u001b[2J\"}", "invalid type"),
    ];
    place.file("b.json", b"{}", 0o600);
    for (content, complaint) in cases {
        place.file("a.json", content.as_bytes(), 0o600);
        let outcome = compare(&place, &[]).expect(10).complains(complaint);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
    }
    fs::remove_file(place.path("a.json")).unwrap();
    compare(&place, &[]).expect(10).complains("error: cannot read a.json\ncaused by: ");
}

#[test]
fn a_file_of_any_size_does_no_harm() {
    let place = Place::new();
    File::create(place.path("a.json")).unwrap().set_len(1 << 40).unwrap();
    compare(&place, &[]).expect(10).complains("a.json is larger than any result");
}

#[test]
fn what_a_file_says_cannot_steer_the_terminal() {
    let measured = Measured::open();
    leave(&measured, "a.json", &["--count", "1"]);
    let text = fs::read_to_string(measured.place.path("a.json")).unwrap();
    fs::write(measured.place.path("b.json"), text.replace("\"none\"", "\"\\u001b[2J\"")).unwrap();
    let outcome = compare(&measured.place, &[]).expect(0).complains("authentication differs");
    assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stdout.contains('\u{1b}'));
}

//! `iscsi bench login` against a target: its figures fit to each other, and to what the target has seen.

use serde_json::Value;

use crate::measured::{FORWARD, Measured, REVERSE, parsed};
use crate::program::finish;

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

/// The sum of a field over the elements of a list.
fn sum(list: &Value, field: &str) -> u64 {
    list.as_array().unwrap().iter().map(|element| element[field].as_u64().unwrap()).sum()
}

/// What holds for every result.
#[track_caller]
fn expect_consistent(results: &Value) {
    let (logins, failures) = (count(results, "/logins"), count(results, "/failures"));
    assert_eq!((sum(&results["timeline"], "logins"), sum(&results["causes"], "count")), (logins, failures));
    assert_eq!(sum(&results["timeline"], "failures"), failures);
    for phase in ["/latency", "/phases/connect", "/phases/security", "/phases/operational", "/phases/logout"]
    {
        assert_eq!(count(results, &format!("{phase}/count")), logins, "{phase}");
        assert!(
            number(results, &format!("{phase}/min")) <= number(results, &format!("{phase}/mean")),
            "{phase}"
        );
        assert!(
            number(results, &format!("{phase}/mean")) <= number(results, &format!("{phase}/max")),
            "{phase}"
        );
    }
    let mean = |phase: &str| number(results, &format!("{phase}/mean"));
    let parts = ["/phases/connect", "/phases/security", "/phases/operational"].map(mean).iter().sum::<f64>();
    // Three digits are kept of each time.
    assert!(parts <= mean("/latency") * 1.003, "{parts} of {}", mean("/latency"));
    let rate = number(results, "/logins") / number(results, "/measured_s");
    assert!((rate / number(results, "/logins_per_s") - 1.0).abs() < 1e-6 || logins == 0, "{rate}");
}

#[test]
fn without_authentication() {
    let measured = Measured::open();
    let results = measured.results(&["--count", "60", "--concurrency", "4"]);
    expect_consistent(&results);
    assert_eq!((count(&results, "/logins"), count(&results, "/failures")), (60, 0));
    assert_eq!(
        (&results["plan"]["authentication"], &results["plan"]["algorithm"]),
        (&"none".into(), &Value::Null)
    );
    assert_eq!(
        (number(&results, "/round_trips_per_login"), number(&results, "/phases/security/max")),
        (1.0, 0.0)
    );
    assert_eq!((count(&results, "/plan/concurrency"), &results["plan"]["rate_per_s"]), (4, &Value::Null));
    assert!(number(&results, "/cpu_us_per_login") > 0.0 && number(&results, "/phases/connect/min") > 0.0);
    let percentiles = results["latency"]["percentiles"].as_array().unwrap();
    assert_eq!(
        percentiles.iter().map(|percentile| percentile["percent"].as_f64().unwrap()).collect::<Vec<_>>(),
        [50.0, 75.0]
    );
    measured.expect_clean_logouts();
    // One to begin with: what cannot work at all is no figure.
    assert_eq!(measured.report().normal_sessions, 61);
}

#[test]
fn with_mutual_authentication_beside_sessions_held_open() {
    let measured = Measured::mutual();
    let results =
        measured.results(&["--count", "40", "--concurrency", "4", "--hold", "5", "--warmup", "0.2"]);
    expect_consistent(&results);
    assert_eq!((count(&results, "/logins"), number(&results, "/round_trips_per_login")), (40, 4.0));
    assert_eq!((count(&results, "/held_sessions"), number(&results, "/plan/warmup_s")), (5, 0.2));
    let plan = &results["plan"];
    assert_eq!((&plan["authentication"], &plan["algorithm"]), (&"mutual".into(), &"MD5".into()));
    assert!(number(&results, "/phases/security/min") > 0.0);
    assert!(number(&results, "/memory_bytes_per_held_session") >= 0.0);
    measured.expect_clean_logouts();
    let report = measured.report();
    // The warm-up logs in too.
    assert!(report.normal_sessions > 46 && report.mutual_sessions == report.normal_sessions, "{report:?}");
}

#[test]
fn by_every_algorithm_and_one_way() {
    let measured = Measured::mutual();
    for (argument, name) in
        [("md5", "MD5"), ("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha3-256", "SHA3-256")]
    {
        let results = measured.results(&["--count", "5", "--algorithms", argument]);
        assert_eq!((&results["logins"], &results["plan"]["algorithm"]), (&5.into(), &name.into()));
    }
    measured.expect_clean_logouts();
    let results = Measured::one_way().results(&["--count", "5"]);
    expect_consistent(&results);
    assert_eq!((&results["logins"], &results["plan"]["authentication"]), (&5.into(), &"chap".into()));
}

/// The second is not there: the first alone would have no failures.
#[test]
fn several_targets_are_taken_in_turn() {
    let measured = Measured::open();
    let (there, nowhere) = (measured.url(), measured.url_of("iqn.2001-04.com.example:nowhere"));
    let mut command = measured.command_to(&[&there, &nowhere], &["--count", "20", "--output", "json"]);
    // A run of which half failed has not done what it was to do.
    let results = parsed(&finish(&mut command).expect(5));
    expect_consistent(&results);
    assert_eq!((count(&results, "/logins"), count(&results, "/failures")), (10, 10));
    assert_eq!(results["plan"]["targets"], Value::from(vec![there, nowhere]));
    let cause = results["causes"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("0203") && results["causes"].as_array().unwrap().len() == 1, "{cause}");
    measured.expect_clean_logouts();
}

#[test]
fn by_the_clock() {
    let measured = Measured::open();
    let results = measured.results(&["--rate", "100", "--count", "50"]);
    expect_consistent(&results);
    assert_eq!((count(&results, "/logins"), number(&results, "/plan/rate_per_s")), (50, 100.0));
    // The last is due after 0.49 s.
    assert!((0.49..5.0).contains(&number(&results, "/measured_s")), "{results}");
    measured.expect_clean_logouts();
}

/// Logins of a second come together, or at random; without a rate there is nothing to arrange.
#[test]
fn by_patterns_of_arrival() {
    let measured = Measured::open();
    for (pattern, rate, least) in [("fixed", "40", 0.97), ("burst", "20", 1.0), ("poisson", "200", 0.0)] {
        let results = measured.results(&["--rate", rate, "--arrival", pattern, "--count", "40"]);
        expect_consistent(&results);
        assert_eq!((count(&results, "/logins"), &results["plan"]["arrival"]), (40, &pattern.into()));
        assert!((least..5.0).contains(&number(&results, "/measured_s")), "{results}");
    }
    let shown = measured.run(&["--rate", "200", "--arrival", "burst", "--count", "5"]).expect(0);
    assert!(shown.stdout.contains("open, 200 logins begin in a second in bursts, timed"), "{}", shown.stdout);
    let closed = measured.run(&["--arrival", "burst"]).expect(2);
    assert!(closed.stderr.contains("--rate"), "{}", closed.stderr);
    measured.expect_clean_logouts();
}

/// Several processes share a plan, and count together.
#[test]
fn shared_by_processes() {
    let measured = Measured::mutual();
    let closed = ["--processes", "3", "--concurrency", "7", "--count", "50", "--hold", "2"];
    let results = measured.results(&closed);
    expect_consistent(&results);
    let plan = ["/plan/processes", "/plan/concurrency", "/plan/count"].map(|name| count(&results, name));
    assert_eq!((count(&results, "/logins"), plan), (50, [3, 7, 50]));
    assert_eq!(
        (count(&results, "/latency/count"), &results["plan"]["authentication"]),
        (50, &"mutual".into())
    );
    let open = ["--processes", "2", "--rate", "100", "--count", "41"];
    let results = measured.results(&open);
    expect_consistent(&results);
    assert_eq!(count(&results, "/logins"), 41);
    // The last is due after 0.4 s.
    assert!((0.39..5.0).contains(&number(&results, "/measured_s")), "{results}");
    let shown = measured.run(&["--processes", "2", "--concurrency", "2", "--count", "2"]).expect(0);
    assert!(shown.stdout.contains("closed, 2 at a time by 2 processes"), "{}", shown.stdout);
    let few = measured.run(&["--processes", "3", "--concurrency", "2"]).expect(2);
    assert!(few.stderr.contains("3 processes cannot share 2 logins at a time"), "{}", few.stderr);
    let input =
        ["bench", "login", &measured.url(), "--concurrency", "2", "--processes", "2", "--secret-file", "-"];
    let typed = measured.place.run(&input).expect(2);
    assert!(typed.stderr.contains("cannot read secrets from standard input"), "{}", typed.stderr);
    measured.expect_clean_logouts();
}

#[test]
fn for_a_time() {
    let measured = Measured::open();
    let results = measured.results(&["--duration", "1.2", "--concurrency", "2"]);
    expect_consistent(&results);
    assert!((1.1..5.0).contains(&number(&results, "/measured_s")), "{results}");
    assert!(results["timeline"].as_array().unwrap().len() >= 2 && results["plan"]["count"].is_null());
    measured.expect_clean_logouts();
}

#[test]
fn people_read_the_same_figures() {
    let measured = Measured::mutual();
    let shown = measured.run(&["--count", "30", "--hold", "2"]).expect(0);
    let lines = [
        "authentication:  mutual (MD5)",
        "loop:            closed, 1 at a time",
        "logins:          30 in ",
        "held:            2 sessions, ",
    ];
    for line in lines {
        assert!(shown.stdout.lines().any(|shown| shown.starts_with(line)), "{line} in {}", shown.stdout);
    }
}

/// No live line, no control character; and no secret, however much is to be said.
#[test]
fn a_pipe_gets_the_results_and_nothing_else() {
    for form in ["table", "json"] {
        let outcome = Measured::mutual().run(&["--duration", "0.5", "--output", form]).expect(0);
        assert_eq!(outcome.stderr, "");
        assert!(!outcome.stdout.chars().any(|character| character.is_control() && character != '\n'));
    }
    let outcome = Measured::mutual().run(&["--count", "2", "--output", "json", "-vvv"]).expect(0);
    for secret in [FORWARD, REVERSE] {
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret));
    }
}

/// util-linux' `script` gives it a terminal.
#[test]
fn a_terminal_sees_how_the_run_stands() {
    let measured = Measured::open();
    let program = env!("CARGO_BIN_EXE_iscsi");
    let line = format!("{program} bench login {} --auth none --duration 1", measured.url());
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").current_dir(measured.place.path(""));
    command.env("STATE_DIRECTORY", measured.place.path("state")).stdin(std::process::Stdio::null());
    let shown = finish(&mut command).expect(0).stdout;
    assert!(
        shown.contains(" logins, ")
            && shown.contains(" per second, 0 failures")
            && shown.contains("\u{1b}[2K"),
        "{shown:?}"
    );
}

//! Comparisons of two runs.

#![allow(clippy::cast_precision_loss, reason = "small factors")]

use super::*;
use crate::bench::arrival::Arrival;
use crate::bench::login::{Results, sample};
use crate::bench::results::Percentile;

type Change = fn(&mut Results);

fn compared(a: &Results, b: &Results) -> Comparison {
    compare((Path::new("a.json"), a), (Path::new("b.json"), b))
}

/// Faster in each second.
fn speed_up(results: &mut Results, factor: u64) {
    results.logins_per_s *= factor as f64;
    results.timeline.iter_mut().for_each(|second| second.logins *= factor);
}

#[track_caller]
fn figure<'a>(comparison: &'a Comparison, name: &str) -> &'a Figure {
    comparison.figures.iter().find(|figure| figure.key == name).unwrap()
}

#[test]
fn the_same_twice_differs_in_nothing() {
    let comparison = compared(&sample(), &sample());
    assert!(comparison.comparable && comparison.differences.is_empty());
    assert!(comparison.figures.iter().all(|figure| figure.better.is_none()));
    assert!(
        comparison.figures.iter().all(|figure| figure.ratio.is_none_or(|ratio| (ratio - 1.0).abs() < 1e-9))
    );
}

#[test]
fn the_better_one_does_more_in_less_time() {
    let mut b = sample();
    speed_up(&mut b, 2);
    b.latency.percentiles[0].at_most *= 0.8;
    b.latency.percentiles[1].at_most *= 1.5;
    // Too little to say anything.
    b.cpu_us_per_login = b.cpu_us_per_login.map(|cpu| cpu * 1.04);
    let comparison = compared(&sample(), &b);
    let better = |name| figure(&comparison, name).better;
    assert_eq!(better("logins_per_s"), Some(Side::B));
    assert_eq!((better("latency_p50_us"), better("latency_p90_us")), (Some(Side::B), Some(Side::A)));
    assert_eq!((better("cpu_us_per_login"), better("connect_p50_us")), (None, None));
    assert!((figure(&comparison, "logins_per_s").ratio.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn of_runs_that_are_not_alike_none_is_called_better() {
    let changes: [(&str, Change); 11] = [
        ("authentication", |results| results.plan.authentication = "chap".to_owned()),
        ("CHAP algorithm", |results| results.plan.algorithm = None),
        ("loop", |results| results.plan.rate_per_s = Some(5.0)),
        ("concurrency", |results| results.plan.concurrency = 9),
        ("number of processes", |results| results.plan.processes = Some(4)),
        ("number of held sessions", |results| results.held_sessions = 1),
        ("operating system", |results| results.machine.os = "freebsd".to_owned()),
        ("architecture", |results| results.machine.architecture = "aarch64".to_owned()),
        ("number of processors", |results| results.machine.processors = 64),
        ("rate", |results| results.plan.rate_per_s = Some(7.0)),
        ("arrival", |results| results.plan.arrival = Some(Arrival::Burst)),
    ];
    for (what, change) in changes {
        let (mut a, mut b) = (sample(), sample());
        a.plan.rate_per_s = ["rate", "arrival"].contains(&what).then_some(5.0);
        b.plan.rate_per_s = a.plan.rate_per_s;
        speed_up(&mut b, 2);
        b.latency.percentiles[0].at_most /= 2.0;
        change(&mut b);
        let comparison = compared(&a, &b);
        let differing: Vec<_> = comparison.differences.iter().map(|difference| difference.what).collect();
        assert_eq!((differing.as_slice(), comparison.comparable), ([what].as_slice(), false));
        assert!(comparison.figures.iter().all(|figure| figure.better.is_none()), "{what}");
    }
}

#[test]
fn two_targets_may_be_compared_and_two_versions_and_times() {
    let mut b = sample();
    b.plan.targets = vec!["iscsi://192.0.2.2:3260/iqn.2001-04.com.example:other".to_owned()];
    b.program = "iscsi 9.9.9".to_owned();
    b.plan.duration_s = Some(1.0);
    b.plan.warmup_s = 2.0;
    b.interrupted = true;
    speed_up(&mut b, 2);
    let comparison = compared(&sample(), &b);
    assert_eq!((comparison.differences.len(), comparison.comparable), (5, true));
    assert_eq!(figure(&comparison, "logins_per_s").better, Some(Side::B));
}

#[test]
fn in_an_open_loop_the_rate_is_no_merit() {
    let (mut a, mut b) = (sample(), sample());
    (a.plan.rate_per_s, b.plan.rate_per_s) = (Some(300.0), Some(300.0));
    b.logins_per_s /= 2.0;
    b.latency.percentiles[0].at_most *= 3.0;
    let comparison = compared(&a, &b);
    assert_eq!(figure(&comparison, "logins_per_s").better, None);
    assert_eq!(figure(&comparison, "latency_p50_us").better, Some(Side::A));
}

/// A run that fails fast is not faster.
#[test]
fn where_more_logins_failed_only_failures_are_compared() {
    let mut b = sample();
    b.failures = b.logins;
    b.latency.percentiles[0].at_most /= 10.0;
    let comparison = compared(&sample(), &b);
    assert_eq!(figure(&comparison, "failed_percent").better, Some(Side::A));
    let with_better = comparison.figures.iter().filter(|figure| figure.better.is_some());
    assert_eq!(with_better.count(), 1);
}

#[test]
fn chance_makes_no_run_better() {
    // Too short.
    let (mut a, mut b) = (sample(), sample());
    (a.measured_s, b.measured_s) = (4.0, 4.0);
    speed_up(&mut b, 3);
    let comparison = compared(&a, &b);
    assert!(!comparison.long_enough && figure(&comparison, "logins_per_s").better.is_none());
    // One second out of ten decides.
    let mut b = sample();
    b.timeline[3].logins += 3000;
    b.logins_per_s *= 2.0;
    assert_eq!(figure(&compared(&sample(), &b), "logins_per_s").better, None);
    // Thirty of 3,000 logins lie beyond p99.
    let mut b = sample();
    b.latency.percentiles.iter_mut().for_each(|percentile| percentile.at_most *= 2.0);
    let comparison = compared(&sample(), &b);
    let better = |name| figure(&comparison, name).better;
    assert_eq!((better("latency_p90_us"), better("latency_p99_us")), (Some(Side::A), None));
}

#[test]
fn only_common_percentiles_and_what_at_least_one_has() {
    let (mut a, mut b) = (sample(), sample());
    a.latency.percentiles.push(Percentile { percent: 99.9, at_most: 9000.0 });
    b.memory_bytes_per_held_session = None;
    b.cpu_us_per_login = Some(0.0);
    (a.phases.security, b.phases.security) = Default::default();
    let comparison = compared(&a, &b);
    let has = |name: &str| comparison.figures.iter().any(|figure| figure.key == name);
    assert!(has("latency_p99_us") && !has("latency_p99.9_us") && !has("security_p50_us"));
    let memory = figure(&comparison, "memory_bytes_per_held_session");
    assert_eq!((memory.b, memory.ratio, memory.better), (None, None, None));
    // Nothing divides by it.
    let comparison = compared(&b, &a);
    assert_eq!(figure(&comparison, "cpu_us_per_login").ratio, None);
}

#[test]
fn the_schema_file_documents_the_comparison() {
    let file = expect_test::expect_file!["../../../../../schemas/bench-compare.schema.json"];
    crate::output::expect_schema::<Comparison>(&file);
}

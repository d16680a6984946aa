//! The test suite of libiscsi, `iscsi-test-cu`: all its tests but the listed ones pass.
//!
//! A line of `exceptions.txt` is a suite or one of its tests, the outcome that is expected, and the reason. A listed test
//! with another outcome fails, and so does a line without a test: the list is neither too short nor too long.

use std::collections::BTreeMap;

use super::run;
use super::{plain_config, printed};
use crate::ram_disk::{Config, RamDisk};

/// The outcome of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// The suite found that the target lacks what is tested.
    Skipped,
    Fails,
}

/// A line of the list.
struct Exception {
    name: String,
    expected: Outcome,
}

impl Exception {
    fn parse(line: &str) -> Self {
        let mut parts = line.splitn(3, ' ');
        let (Some(name), Some(outcome), Some(_reason)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("a suite or test, an outcome and a reason are expected in {line:?}")
        };
        let expected = match outcome {
            "skipped" => Outcome::Skipped,
            "fails" => Outcome::Fails,
            _ => panic!("neither skipped nor fails: {line:?}"),
        };
        Self { name: name.to_owned(), expected }
    }

    /// Is this test, `Suite.Test`, meant?
    fn concerns(&self, test: &str) -> bool {
        test.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

fn exceptions() -> Vec<Exception> {
    let lines = include_str!("exceptions.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Exception::parse).collect()
}

/// The outcome of each test, by its suite and name, in what the program prints.
fn outcomes(printed: &str) -> BTreeMap<String, Outcome> {
    let (mut suite, mut test) = (String::new(), None::<String>);
    let mut outcomes = BTreeMap::new();
    for line in printed.lines().take_while(|line| !line.starts_with("Run Summary")) {
        if let Some(name) = line.strip_prefix("Suite: ") {
            (suite, test) = (name.trim().to_owned(), None);
        } else if let Some((name, _)) = line.strip_prefix("  Test: ").and_then(|rest| rest.split_once(" ..."))
        {
            let name = format!("{suite}.{name}");
            outcomes.insert(name.clone(), Outcome::Fails);
            test = Some(name);
        }
        if let Some(outcome) = test.as_ref().and_then(|test| outcomes.get_mut(test)) {
            follow(outcome, line);
        }
    }
    outcomes
}

/// Follows the lines of one test: it fails until `passed` is printed, and not even then if a part was skipped.
fn follow(outcome: &mut Outcome, line: &str) {
    if line.contains("[SKIPPED]") {
        *outcome = Outcome::Skipped;
    } else if line.ends_with("FAILED") {
        *outcome = Outcome::Fails;
    } else if line.ends_with("passed") && *outcome == Outcome::Fails {
        *outcome = Outcome::Passed;
    }
}

#[test]
fn outcomes_are_read_from_the_output() {
    let text = "Suite: A\n  Test: One ...passed\n  Test: Two ...    [SKIPPED] no B.\n    [SKIPPED] no B.\npassed\n\
                Suite: C\n  Test: One ...    [FAILED] D\nFAILED\n    1. e.c:1 - F\n  Test: Two ...\nRun Summary: passed";
    let expected = [
        ("A.One", Outcome::Passed),
        ("A.Two", Outcome::Skipped),
        ("C.One", Outcome::Fails),
        ("C.Two", Outcome::Fails),
    ];
    assert_eq!(outcomes(text), expected.map(|(name, outcome)| (name.to_owned(), outcome)).into());
}

/// Runs families and suites of tests over two paths to the same unit, and compares each test with the list.
async fn check(config: Config, parts: &[&str], exceptions: &[Exception]) {
    let running = RamDisk::serve(config).await.unwrap();
    let url = format!("iscsi://{}/iqn.2001-04.com.example:disk/0", running.portal());
    let mut found = BTreeMap::new();
    for part in parts {
        let output = run("iscsi-test-cu", &["-d", "-v", "-t", part, &url, &url]).await;
        found.append(&mut outcomes(&printed(&output)));
    }
    let wrong: Vec<_> =
        found.iter().filter(|(test, outcome)| **outcome != expected(exceptions, test)).collect();
    assert!(wrong.is_empty(), "{} tests with another outcome than expected: {wrong:#?}", wrong.len());
    let stale = exceptions.iter().filter(|line| !found.keys().any(|test| line.concerns(test)));
    let stale: Vec<_> = stale.map(|line| &line.name).collect();
    assert!(stale.is_empty(), "no such tests: {stale:?}");
    let passed = found.values().filter(|outcome| **outcome == Outcome::Passed).count();
    println!("{passed} tests passed");
    assert!(passed >= PASSING, "only {passed} tests passed");
    assert_eq!(running.report().panics, 0);
}

fn expected(exceptions: &[Exception], test: &str) -> Outcome {
    let listed = exceptions.iter().find(|line| line.concerns(test));
    listed.map_or(Outcome::Passed, |line| line.expected)
}

/// A portal whose unit is thin.
fn thin_config() -> Config {
    let mut config = plain_config();
    config.targets[0].units[0].is_thin = true;
    config
}

/// Tests that pass in each run at least.
const PASSING: usize = 190;

/// The families of tests about SCSI and iSCSI; the third one is about Linux as a target. Without Data-Out there are no wrong
/// numbers of Data-Out.
#[tokio::test]
async fn iscsi_test_cu_with_immediate_data() {
    let mut exceptions = exceptions();
    let name = "iSCSIdatasn.iSCSIDataSnInvalid".to_owned();
    exceptions.push(Exception { name, expected: Outcome::Fails });
    check(thin_config(), &["SCSI", "iSCSI"], &exceptions).await;
}

/// R2Ts alone, for short bursts, and a write cache. The suite `iSCSITMF` is left out: it forgets the tasks that it aborts, and
/// `iscsi-test-cu` dies of SIGSEGV when an R2T comes for one.
#[tokio::test]
async fn iscsi_test_cu_with_r2ts_and_a_write_cache() {
    let mut config = thin_config();
    config.offer.parameters.initial_r2t = true;
    config.offer.parameters.immediate_data = false;
    config.offer.parameters.max_burst_length = 16_384;
    config.offer.parameters.first_burst_length = 16_384;
    config.targets[0].units[0].write_cache = true;
    let suites = ["SCSI", "iSCSI.iSCSIcmdsn", "iSCSI.iSCSIdatasn", "iSCSI.iSCSIResiduals"];
    check(config, &suites, &exceptions()).await;
}

//! Writers that are killed at random moments, repeatedly in one directory.

use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tempfile::TempDir;

use crate::change::Change;
use crate::child::Orders;
use crate::history::History;
use crate::kill_outcome::{KillOutcome, outcome_of_kill};
use crate::store::{self, Opening};
use crate::writer::Progress;

/// Numbers of writers killed in a directory before a new one is used, in turn.
const LIFETIMES: [u64; 4] = [1, 1, 2, 12];

/// Rounds after which the duration of a writer is measured again.
const PACE_ROUNDS: u64 = 25;

const SIGKILL: i32 = 9;

/// Kills this many writers.
pub(crate) fn kill_writers(test: &str, rounds: u64) {
    let seed = env::var("ISCSI_TESTS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("moments by ISCSI_TESTS_SEED={seed}");
    let mut killer = Killer { test, moments: Rng::with_seed(seed), reach: Duration::ZERO };
    let mut lifetimes = LIFETIMES.into_iter().cycle();
    let mut tally = Tally::default();
    while tally.rounds < rounds {
        let lifetime = lifetimes.next().unwrap().min(rounds - tally.rounds);
        killer.kill_in_one_directory(lifetime, &mut tally);
    }
    println!("{tally:?}");
    tally.is_sound();
}

/// The choice of moments.
struct Killer<'a> {
    test: &'a str,
    moments: Rng,
    /// The latest moment of a kill.
    reach: Duration,
}

impl Killer<'_> {
    /// Kills writers of one store, from its creation on.
    fn kill_in_one_directory(&mut self, rounds: u64, tally: &mut Tally) {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::new(folder.path().join("store"));
        for _ in 0..rounds {
            if tally.rounds.is_multiple_of(PACE_ROUNDS) {
                self.reach = 2 * pace(self.test);
            }
            let progress = self.kill_one(&history);
            tally.add(outcome_of_kill(&progress, &mut history));
            // Every second time the next writer finds the state that this one left.
            if tally.rounds.is_multiple_of(2) {
                go_on(&mut history);
            }
        }
    }

    fn kill_one(&mut self, history: &History) -> Progress {
        let mut command = Orders::endless(history.directory(), history.next()).command(self.test);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        sleep(self.reach.mul_f64(self.moments.f64()));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(SIGKILL), "{error}");
        Progress::of(&output.stdout)
    }
}

/// Checks that a store opens even if its creation was interrupted, and that a completed change leaves no files of
/// interrupted ones behind.
fn go_on(history: &mut History) {
    let store = Opening::Creating.open(history.directory()).unwrap();
    assert_eq!(store::read(&store).as_ref(), Ok(history.held()));
    history.change(&store).unwrap();
    history.is_true();
}

/// Measures a writer from its start to the end of its first change.
fn pace(test: &str) -> Duration {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store");
    store::apply(&Opening::Creating.open(&store).unwrap(), Change::numbered(0)).unwrap();
    let start = Instant::now();
    let output = Orders { store, number: 1, changes: 1 }.command(test).output().unwrap();
    assert_eq!(Progress::of(&output.stdout).ended, Some(1), "{output:?}");
    start.elapsed()
}

/// The phases that were hit by kills.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    makings: u64,
    before: u64,
    after: u64,
}

impl Tally {
    fn add(&mut self, outcome: KillOutcome) {
        self.rounds += 1;
        match outcome {
            KillOutcome::Nothing => {}
            KillOutcome::Creating => self.makings += 1,
            KillOutcome::Before => self.before += 1,
            KillOutcome::After => self.after += 1,
        }
    }

    /// Checks that enough kills hit a change, early and late, and some the creation of a store.
    fn is_sound(&self) {
        assert!(4 * (self.before + self.after) >= self.rounds, "{self:?}");
        assert!(self.before > 0 && self.after > 0 && self.makings > 0, "{self:?}");
    }
}

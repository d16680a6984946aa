//! A RAM-disk target that `iscsi bench` measures, and what it printed.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Report, Running, Target};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish, outcome};

pub(crate) const FORWARD: &str = "measured-forward-1";
pub(crate) const REVERSE: &str = "measured-reverse-2";

/// A target, and a place for the program with the secrets in files.
pub(crate) struct Measured {
    pub(crate) place: Place,
    target: Option<Running>,
    /// Options for what it wants.
    how: &'static [&'static str],
    _runtime: Runtime,
}

const WITH_SECRETS: [&str; 6] =
    ["--user", "host", "--secret-file", "forward", "--target-secret-file", "reverse"];

impl Measured {
    /// A target without authentication.
    pub(crate) fn open() -> Self {
        Self::with(Credentials::None, &["--auth", "none"])
    }

    /// A target that requires one-way CHAP.
    pub(crate) fn one_way() -> Self {
        let initiator = Account::new("host", FORWARD.as_bytes());
        Self::with(Credentials::Chap(initiator), &["--user", "host", "--secret-file", "forward"])
    }

    /// A target that requires mutual CHAP.
    pub(crate) fn mutual() -> Self {
        let initiator = Account::new("host", FORWARD.as_bytes());
        let target = Account::new("disk", REVERSE.as_bytes());
        Self::with(Credentials::Mutual { initiator, target }, &WITH_SECRETS)
    }

    fn with(credentials: Credentials, how: &'static [&'static str]) -> Self {
        let place = Place::new();
        place.secret_file("forward", FORWARD.as_bytes());
        place.secret_file("reverse", REVERSE.as_bytes());
        let mut target = Target::new(TARGET.parse().unwrap());
        target.credentials = credentials;
        let runtime = Runtime::new().unwrap();
        let target = runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap();
        Self { place, target: Some(target), how, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        self.url_of(TARGET)
    }

    /// Another target at the same portal; there is none.
    pub(crate) fn url_of(&self, target: &str) -> String {
        format!("iscsi://{}/{target}", self.running().portal())
    }

    fn running(&self) -> &Running {
        self.target.as_ref().unwrap()
    }

    /// The counters of the target.
    pub(crate) fn report(&self) -> Report {
        self.running().report()
    }

    /// Every session that the target ever had was ended by a logout.
    #[track_caller]
    pub(crate) fn expect_clean_logouts(&self) {
        let report = self.report();
        assert_eq!(
            (report.logouts, self.running().cut_sessions()),
            (report.normal_sessions, 0),
            "{report:?}"
        );
        assert!(report.violations.is_empty() && report.panics == 0, "{report:?}");
    }

    /// Waits until the target has had so many sessions.
    #[track_caller]
    pub(crate) fn wait_for_sessions(&self, number: u32) {
        for _ in 0..2000 {
            if self.report().normal_sessions >= number {
                return;
            }
            sleep(Duration::from_millis(5));
        }
        panic!("there are not {number} sessions: {:?}", self.report());
    }

    /// The target ends all sessions without a word; how many they were.
    pub(crate) fn cut_sessions(&self) -> usize {
        self.running().cut_sessions()
    }

    /// Ends the target.
    pub(crate) fn vanish(&mut self) {
        self.target = None;
    }

    /// `iscsi bench login` to the target.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_to(&[&self.url()], arguments)
    }

    /// `iscsi bench login` to these URLs.
    pub(crate) fn command_to(&self, urls: &[&str], arguments: &[&str]) -> Command {
        self.place.command(&[&["bench", "login"], urls, self.how, arguments].concat())
    }

    /// `iscsi bench io` to unit 0 of the target.
    pub(crate) fn io_command(&self, arguments: &[&str]) -> Command {
        let unit = format!("{}/0", self.url());
        self.place.command(&[&["bench", "io", &unit], self.how, arguments].concat())
    }

    pub(crate) fn io(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.io_command(arguments))
    }

    /// The figures of a run of I/O that succeeds.
    #[track_caller]
    pub(crate) fn io_results(&self, arguments: &[&str]) -> Value {
        parsed(&self.io(&[arguments, &["--output", "json"]].concat()).expect(0))
    }

    /// Makes commands with this operation code take time.
    pub(crate) fn slow_down(&self, operation: u8, time: Duration) {
        self.running().with_engine(|engine| engine.set_service_time(operation, time));
    }

    /// Bytes of the medium of unit 0.
    pub(crate) fn medium(&self, offset: u64, length: usize) -> Vec<u8> {
        self.running().read_medium(&TARGET.parse().unwrap(), 0, offset, length).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.command(arguments))
    }

    /// The figures of a run that succeeds.
    #[track_caller]
    pub(crate) fn results(&self, arguments: &[&str]) -> Value {
        parsed(&self.run(&[arguments, &["--output", "json"]].concat()).expect(0))
    }
}

/// Waits for a program that was started.
pub(crate) fn end(child: Child) -> Outcome {
    outcome(child.wait_with_output().unwrap())
}

/// Ctrl-C.
pub(crate) fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Starts a program and keeps what it prints.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn parsed(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

//! `iscsi serve nbd`: the protocol by a client of our own, its bounds and its ends, and the programs of others.

mod allocations;
mod client;
mod ends;
mod guest;
mod load;
mod malformed;
mod operations;
mod other_programs;
mod sockets;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use client::Client;
use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET};

const MIB: u64 = 1 << 20;

/// A server over units of a RAM-disk target. It is killed when a test fails before it has ended.
struct Served {
    place: Place,
    target: Running,
    _runtime: Runtime,
    child: Mutex<Child>,
    /// What it prints once clients can connect.
    report: serde_json::Value,
}

/// A thin unit with a volatile cache, of so many bytes in blocks of 512.
fn thin(number: u16, length: u64) -> LogicalUnit {
    LogicalUnit { number, blocks: length / 512, write_cache: true, is_thin: true, ..LogicalUnit::default() }
}

/// A target with these units.
fn target(runtime: &Runtime, units: Vec<LogicalUnit>) -> Running {
    let mut target = Target::new(TARGET.parse().unwrap());
    target.units = units;
    runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap()
}

impl Served {
    /// Serves a unit on a Unix socket.
    fn unit(unit: LogicalUnit) -> Self {
        Self::units(vec![unit], &[])
    }

    /// Serves units, with more options.
    fn units(units: Vec<LogicalUnit>, options: &[&str]) -> Self {
        Self::run_by(None, units, options)
    }

    /// Serves units by a command that is made of that of the program.
    fn run_by(
        change: Option<fn(&Place, &Command) -> Command>,
        units: Vec<LogicalUnit>,
        options: &[&str],
    ) -> Self {
        let (place, runtime) = (Place::new(), Runtime::new().unwrap());
        let numbers: Vec<u16> = units.iter().map(|unit| unit.number).collect();
        let target = target(&runtime, units);
        let urls: Vec<_> =
            numbers.iter().map(|number| format!("iscsi://{}/{TARGET}/{number}", target.portal())).collect();
        let socket: &[&str] = if options.contains(&"--listen") { &[] } else { &["--socket", "nbd"] };
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        let arguments =
            [&["serve", "nbd"], &urls[..], socket, &["--auth", "none", "--output", "json"], options].concat();
        let mut command = change
            .map_or_else(|| place.command(&arguments), |change| change(&place, &place.command(&arguments)));
        let (child, report) = start(&mut command);
        Self { place, target, _runtime: runtime, child: Mutex::new(child), report }
    }

    fn socket(&self) -> PathBuf {
        self.place.path("nbd")
    }

    /// The URI of an export, absolute, for programs that run elsewhere.
    fn uri(&self, export: &str) -> String {
        format!("nbd+unix:///{export}?socket={}", self.socket().display())
    }

    /// A client after the greetings.
    fn client(&self) -> Client {
        Client::connect(&self.socket())
    }

    /// What a unit holds.
    fn medium(&self, unit: u16, offset: u64, length: usize) -> Vec<u8> {
        self.target.read_medium(&TARGET.parse().unwrap(), unit, offset, length).unwrap()
    }

    /// The number of commands with this operation code that had an effect.
    fn executions(&self, operation: u8) -> usize {
        self.target.with_engine(|engine| {
            engine.executions().iter().filter(|done| done.operation == operation).count()
        })
    }

    fn signal(&self) {
        signal(&self.child.lock().unwrap());
    }

    fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Ends the server, and gives what it said.
    #[track_caller]
    fn end(&self) -> Outcome {
        self.signal();
        self.ended()
    }

    /// Waits for the end of the server, and gives what it said.
    #[track_caller]
    fn ended(&self) -> Outcome {
        let outcome = wait(&mut self.child.lock().unwrap());
        assert!(!self.socket().exists(), "the socket is still there");
        let report = self.target.report();
        assert!(report.violations.is_empty() && report.panics == 0, "{report:?}");
        assert_eq!(report.logouts, report.normal_sessions, "{report:?}");
        outcome
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        _ = child.kill();
        _ = child.wait();
    }
}

/// Starts a server, and waits for its report.
#[track_caller]
fn start(command: &mut Command) -> (Child, serde_json::Value) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let report = report(child.stdout.take().unwrap());
    let Some(report) = report else { panic!("{:?}", wait(&mut child).stderr) };
    (child, report)
}

fn report(output: ChildStdout) -> Option<serde_json::Value> {
    let mut text = String::new();
    let mut lines = BufReader::new(output);
    while lines.read_line(&mut text).unwrap() > 0 {
        if let Ok(report) = serde_json::from_str(&text) {
            return Some(report);
        }
    }
    None
}

/// Sends SIGTERM.
fn signal(child: &Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for the end of a program, which must come soon, and gives what it said on standard error.
#[track_caller]
fn wait(child: &mut Child) -> Outcome {
    let deadline = Instant::now() + Duration::from_mins(1);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the program has not ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Outcome { code: child.wait().unwrap().code(), stdout: String::new(), stderr }
}

//! `iscsi mount` on this machine: the file, loop devices on top of it, lost targets, and every way in which a mount ends.
//!
//! These tests need root, `/dev/fuse` and loop devices; without them they fail, and say so.

mod endings;
mod files;
mod loop_devices;
mod ranges;
mod refusals;
mod restarts;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Target};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish};

pub(crate) const MIB: u64 = 1 << 20;
/// A time within which everything ends that ends at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// A target with one unit, and a place with a directory for mounts.
struct Stage {
    place: Place,
    target: Running,
    _runtime: Runtime,
}

/// A mount that a program serves.
struct Mount {
    child: Child,
    directory: PathBuf,
    output: BufReader<ChildStdout>,
    /// The file of standard error.
    errors: PathBuf,
    /// The line that the program prints when the file is there.
    line: String,
}

/// A thin unit with a volatile cache.
fn unit() -> LogicalUnit {
    LogicalUnit { is_thin: true, write_cache: true, ..LogicalUnit::default() }
}

impl Stage {
    fn new() -> Self {
        Self::with(unit())
    }

    fn with(unit: LogicalUnit) -> Self {
        let mut target = Target::new(TARGET.parse().unwrap());
        target.units = vec![unit];
        let runtime = Runtime::new().unwrap();
        let target = runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap();
        let place = Place::new();
        fs::create_dir(place.path("mnt")).unwrap();
        Self { place, target, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("iscsi://{}/{TARGET}/0", self.target.portal())
    }

    fn mount(&self, options: &[&str]) -> Mount {
        Mount::new(&self.place, &self.url(), options)
    }

    /// A command that ends by itself.
    fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.place.command(&[arguments, &["--auth", "none"]].concat()))
    }

    /// What the unit holds.
    fn medium(&self, offset: u64, length: usize) -> Vec<u8> {
        self.target.read_medium(&TARGET.parse().unwrap(), 0, offset, length).unwrap()
    }

    /// Another initiator writes to the unit.
    fn write_for_another(&self, offset: u64, data: &[u8]) {
        self.target.with_engine(|engine| {
            engine.write_for_another(&TARGET.parse().unwrap(), 0, offset, data);
        });
    }

    /// The unit loses what is only in its cache.
    fn lose_power(&self) {
        self.target.with_engine(|engine| engine.restart(Duration::ZERO));
    }

    /// How often commands with this operation code were carried out.
    fn count(&self, operation: u8) -> usize {
        self.target.with_engine(|engine| {
            engine.executions().iter().filter(|done| done.operation == operation).count()
        })
    }

    /// Every session was logged out, and the target has nothing to complain about.
    #[track_caller]
    fn expect_clean(&self, sessions: u32) {
        let report = self.target.report();
        assert_eq!(
            (report.normal_sessions, report.logouts, report.panics),
            (sessions, sessions, 0),
            "{report:?}"
        );
        assert!(report.violations.is_empty(), "{report:?}");
    }
}

impl Mount {
    /// Mounts a unit at the directory `mnt` of a place, and waits until the program says that the file is there.
    #[track_caller]
    fn new(place: &Place, url: &str, options: &[&str]) -> Self {
        expect_fuse();
        let arguments = [&["mount", url, "mnt", "--auth", "none"], options].concat();
        Self::of(place, &mut place.command(&arguments))
    }

    #[track_caller]
    fn of(place: &Place, command: &mut Command) -> Self {
        let errors = place.path("errors");
        command.stdout(Stdio::piped()).stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let mount = Self { child, directory: place.path("mnt"), output, errors, line };
        assert!(!mount.line.is_empty(), "the program ended: {}", mount.said());
        mount
    }

    fn file(&self) -> PathBuf {
        self.directory.join("lun0")
    }

    fn open(&self) -> File {
        OpenOptions::new().read(true).write(true).open(self.file()).unwrap()
    }

    /// What is on standard error so far.
    fn said(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn unmount(&self) {
        unmount(&self.directory);
    }

    /// Waits for the program's end.
    #[track_caller]
    fn end(mut self) -> Outcome {
        let status =
            wait(|| self.child.try_wait().unwrap()).unwrap_or_else(|| panic!("no end: {}", self.said()));
        let mut stdout = self.line.clone();
        self.output.read_to_string(&mut stdout).unwrap();
        assert!(!is_mounted(&self.directory), "{}", self.said());
        Outcome { code: status.code(), stdout, stderr: self.said() }
    }
}

impl Drop for Mount {
    /// Of a test that failed, nothing is left.
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        if is_mounted(&self.directory) {
            _ = Command::new("umount").arg("-l").arg(&self.directory).status();
        }
    }
}

/// Waits until something is there; `None` if it does not come.
fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Some(found);
        }
        sleep(Duration::from_millis(5));
    }
    None
}

fn is_mounted(directory: &Path) -> bool {
    let list = fs::read_to_string("/proc/self/mounts").unwrap();
    list.lines().any(|line| line.split(' ').nth(1) == directory.to_str())
}

#[track_caller]
fn expect_fuse() {
    assert!(rustix::process::getuid().is_root(), "mounting needs root");
    assert!(Path::new("/dev/fuse").exists(), "/dev/fuse is missing: modprobe fuse");
}

/// Runs a program of the system, which has to succeed, and returns its output.
#[track_caller]
fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}\n{err}");
    out.into_owned()
}

/// `umount`. Files that are closed are still open for a moment in children of other tests that have not begun their program.
#[track_caller]
fn unmount(directory: &Path) {
    let mut said = String::new();
    let unmounted = wait(|| {
        let output = Command::new("umount").arg(directory).output().unwrap();
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success() || !said.contains("busy")).then(|| output.status.success())
    });
    assert_eq!(unmounted, Some(true), "{said}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Data in which neighbouring bytes and blocks differ.
fn pattern(length: u64, seed: u8) -> Vec<u8> {
    (1..=251).cycle().skip(seed.into()).take(usize::try_from(length).unwrap()).collect()
}

/// The error number of an operation that fails.
#[track_caller]
fn errno<T>(outcome: std::io::Result<T>) -> i32 {
    outcome.err().and_then(|error| error.raw_os_error()).unwrap_or_else(|| panic!("it succeeded"))
}

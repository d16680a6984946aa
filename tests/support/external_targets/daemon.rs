//! One daemon as a child process that cannot outlive the tests.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::patience::wait_for;

/// A running daemon, its log, and a watchdog.
///
/// Dropping it kills the process and waits for it. The watchdog covers the case in which nothing is dropped, because the
/// test process itself was killed or keeps the daemon in a static: it holds the other end of a pipe, and when that closes
/// it kills the daemon by its id and removes its folder. Both stand in process groups of their own, so that Ctrl-C on a terminal reaches neither.
pub(super) struct Daemon {
    child: Child,
    watchdog: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a daemon that stays in the foreground; what it prints goes to the file `log` in its folder.
    pub(super) fn spawn(command: Command, folder: &Path) -> Self {
        Self::spawn_with(Stdio::null(), command, folder)
    }

    /// Starts a daemon that reads the lines of [`tell`](Self::tell).
    pub(super) fn spawn_listening(command: Command, folder: &Path) -> Self {
        Self::spawn_with(Stdio::piped(), command, folder)
    }

    fn spawn_with(input: Stdio, mut command: Command, folder: &Path) -> Self {
        let log = folder.join("log");
        let output = File::create(&log).expect("the log of a daemon can be created");
        let errors = output.try_clone().expect("one more handle of a file");
        let child = command
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .expect("the daemon starts");
        let watchdog = spawn_watchdog(child.id(), folder);
        Self { child, watchdog, log }
    }

    /// The process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The output so far.
    pub(super) fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Writes a line to its standard input.
    pub(super) fn tell(&self, line: &str) {
        let mut input = self.child.stdin.as_ref().expect("the daemon was started to listen");
        input.write_all(format!("{line}\n").as_bytes()).expect("the daemon reads its input");
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Sends SIGINT and waits. Says whether the daemon ended.
    pub(super) fn interrupt(&mut self, limit: Duration) -> bool {
        let pid = self.pid().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -INT "$1""#, "sh", &pid]).status();
        sent.is_ok() && wait_for(limit, || self.has_ended().then_some(())).is_some()
    }
}

impl Drop for Daemon {
    /// The daemon first: until it is gone, the watchdog has work.
    fn drop(&mut self) {
        for process in [&mut self.child, &mut self.watchdog] {
            // Either fails only for a process that is gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn spawn_watchdog(pid: u32, folder: &Path) -> Child {
    Command::new("sh")
        .args(["-c", r#"read -r _; kill -KILL "$1"; rm -rf -- "$2""#, "sh", &pid.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the shell starts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_targets::patience::PATIENCE;

    fn sleeper(folder: &Path) -> Daemon {
        // Whatever runs in the background of a shell script ignores interrupts, and so would what it starts.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", "sh", "-c", "echo awake; exec sleep 600"]);
        let daemon = Daemon::spawn(command, folder);
        // Until it says so, an interrupt could still be ignored.
        assert!(wait_for(PATIENCE, || (daemon.log() == "awake\n").then_some(())).is_some());
        daemon
    }

    fn exists(pid: u32) -> bool {
        Path::new("/proc").join(pid.to_string()).exists()
    }

    #[test]
    fn dropping_ends_the_process_and_its_watchdog() {
        let folder = tempfile::tempdir().unwrap();
        let daemon = sleeper(folder.path());
        let pids = [daemon.pid(), daemon.watchdog.id()];
        assert!(pids.into_iter().all(exists));
        drop(daemon);
        assert!(!pids.into_iter().any(exists));
    }

    #[test]
    fn the_watchdog_ends_the_process_when_the_test_process_dies() {
        let folder = tempfile::tempdir().unwrap();
        let mut daemon = sleeper(folder.path());
        drop(daemon.watchdog.stdin.take());
        assert!(wait_for(PATIENCE, || daemon.has_ended().then_some(())).is_some());
        assert!(wait_for(PATIENCE, || (!folder.path().exists()).then_some(())).is_some());
    }

    #[test]
    fn an_interrupt_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(sleeper(folder.path()).interrupt(PATIENCE));
    }
}

//! Programs of the laboratory as child processes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take to become ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A child that is killed, by its pid, when dropped.
pub(super) struct Process(Child);

impl Process {
    /// Starts a program; a missing one is a failure that says how to install it.
    pub(super) fn start(command: &mut Command, package: &str) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{}", missing(command, package, &error))))
    }

    /// Has it ended by itself?
    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Its pid.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end, killing it after `limit`.
    pub(super) fn wait(&mut self, limit: Duration) {
        wait_until(limit, || self.has_ended());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl From<Child> for Process {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end and returns what it printed.
pub(super) fn run(command: &mut Command, package: &str) -> Output {
    command.output().unwrap_or_else(|error| panic!("{}", missing(command, package, &error)))
}

fn missing(command: &Command, package: &str, error: &std::io::Error) -> String {
    format!("{}: {error}; install it with: apt-get install -y {package}", command.get_program().display())
}

/// Polls until `ready` holds; false when the limit passed before.
pub(super) fn wait_until(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if ready() {
            return true;
        }
        sleep(Duration::from_millis(20));
    }
    false
}

/// Waits until something listens there.
pub(super) fn wait_for_listener(portal: SocketAddr, process: &mut Process, what: &str) {
    let ready = wait_until(READY_LIMIT, || process.has_ended() || TcpStream::connect(portal).is_ok());
    assert!(ready && !process.has_ended(), "{what} does not listen on {portal}");
}

/// A loopback port that was free a moment ago.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

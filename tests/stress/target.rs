//! The target of the stress test: `ram-disk` with mutual CHAP.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use crate::answer::Answer;
use crate::client::AT_ONCE;
use crate::program::{Program, command, within};

pub(crate) const NAME: &str = "iqn.2001-04.com.example:disk";
pub(crate) const INITIATOR_USER: &str = "stress";
pub(crate) const TARGET_USER: &str = "disk";

/// Connections that may wait to be accepted, if the system allows as many.
const BACKLOG: usize = 1024;
/// The limit within which the target has to notice closed connections.
const CLOSING_TIME: Duration = Duration::from_mins(1);

/// A running target.
pub(crate) struct Target {
    program: Program,
    portal: String,
}

impl Target {
    /// A target of that many sessions.
    pub(crate) fn start(sessions: u32) -> Self {
        Self::start_within(&[], sessions)
    }

    /// Starts a target as the argument of another command, such as `taskset`.
    pub(crate) fn start_within(outer: &[&str], sessions: u32) -> Self {
        Self::start_at(outer, sessions, 0)
    }

    /// Another target at the address of one that is gone.
    pub(crate) fn start_again(address: SocketAddr, sessions: u32) -> Self {
        Self::start_at(&[], sessions, address.port())
    }

    fn start_at(outer: &[&str], sessions: u32, port: u16) -> Self {
        assert!(AT_ONCE < BACKLOG.min(system_limit()), "logins in flight stay below the backlog");
        let (connections, backlog) = (connections(sessions).to_string(), BACKLOG.to_string());
        let port = port.to_string();
        let mut words = outer.to_vec();
        words.extend(words_of_program(&connections));
        words.extend(["--port", &port, "--backlog", &backlog, "--no-unit-attention", "--blocks", "64"]);
        let program = Program::start(&mut command(&words));
        let portal = program.line();
        Self { program, portal }
    }

    pub(crate) fn portal(&self) -> &str {
        &self.portal
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.portal.parse().unwrap()
    }

    /// Ends it without a warning, and returns its address.
    pub(crate) fn kill(self) -> SocketAddr {
        self.address()
    }

    pub(crate) fn report(&mut self) -> Answer {
        self.program.order("report")
    }

    /// Closes all connections at once, and returns their number.
    pub(crate) fn cut(&mut self) -> u64 {
        self.program.order("cut").number("cut")
    }

    /// Waits until that many connections are open.
    pub(crate) fn comes_to_hold(&mut self, sessions: u32) {
        let mut open = 0;
        let same = within(CLOSING_TIME, || {
            open = self.report().number("open");
            (open == u64::from(sessions)).then_some(())
        });
        assert!(same.is_some(), "{open} connections instead of {sessions}");
    }

    /// Fails unless that many sessions came, each of them mutual, and nothing went wrong.
    pub(crate) fn has_seen(&mut self, sessions: u32) {
        let report = self.report();
        let sessions = u64::from(sessions);
        for (name, expected) in [("connections", sessions), ("normal", sessions), ("mutual", sessions)] {
            assert_eq!(report.number(name), expected, "{name}: {report:?}");
        }
        for name in ["discovery", "reinstatements", "refusals", "violations", "panics"] {
            assert_eq!(report.number(name), 0, "{name}: {report:?}");
        }
    }

    pub(crate) fn end(self) {
        self.program.end();
    }
}

/// The program, for that many connections.
pub(crate) fn words_of_program(connections: &str) -> [&str; 9] {
    let program = env!("CARGO_BIN_EXE_ram-disk");
    let users = ["--initiator-user", INITIATOR_USER, "--target-user", TARGET_USER];
    let [initiator, initiator_user, target, target_user] = users;
    [program, "--target", NAME, initiator, initiator_user, target, target_user, "--connections", connections]
}

/// Sessions that are about to be gone may still have their connections.
fn connections(sessions: u32) -> u32 {
    sessions + 2 * u32::try_from(AT_ONCE).unwrap()
}

fn system_limit() -> usize {
    fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap()
}

//! The process that holds the sessions: `stress-client`.

use std::time::Duration;

use crate::answer::Answer;
use crate::program::{Program, command};
use crate::target::{INITIATOR_USER, NAME, TARGET_USER};

/// Logins in flight.
pub(crate) const AT_ONCE: usize = 100;

/// A running client.
pub(crate) struct Client(Program);

/// The time, processor time and memory of an order.
pub(crate) struct Effort {
    pub(crate) time: Duration,
    /// Of all threads, in user space and in the kernel.
    pub(crate) processor: Duration,
    /// Bytes resident after it.
    pub(crate) resident: u64,
    /// Attempts of all sessions to log in since they were lost, and the most of one.
    pub(crate) attempts: u64,
    pub(crate) most_attempts: u64,
    /// How often the threads of the runtime went to sleep so far.
    pub(crate) sleeps: u64,
}

impl Client {
    /// A client of that many sessions.
    pub(crate) fn start(portal: &str, sessions: u32) -> Self {
        Self::start_within(&[], portal, sessions)
    }

    /// A client whose sessions are replaced when they are lost.
    pub(crate) fn start_recovering(portal: &str, sessions: u32) -> Self {
        Self::start_with(&[], portal, sessions, &["--recovery"])
    }

    /// Starts a client as the argument of another command, such as `taskset`.
    pub(crate) fn start_within(outer: &[&str], portal: &str, sessions: u32) -> Self {
        Self::start_with(outer, portal, sessions, &[])
    }

    fn start_with(outer: &[&str], portal: &str, sessions: u32, options: &[&str]) -> Self {
        let (at_once, extra) = (AT_ONCE.to_string(), u32::try_from(AT_ONCE).unwrap());
        let sessions = (sessions + extra).to_string();
        let program = words_of_program(portal, &sessions);
        let words = [outer, &program, options, &["driven", "--at-once", &at_once]].concat();
        Self(Program::start(&mut command(&words)))
    }

    pub(crate) fn log_in(&mut self, sessions: u32) -> Effort {
        self.obeys(&format!("log-in {sessions}"), sessions)
    }

    /// Logs in and out that many times, beside what is held.
    pub(crate) fn churn(&mut self, logins: u32) -> Effort {
        self.obeys(&format!("churn {logins}"), logins)
    }

    /// Every one of so many sessions answers a command.
    pub(crate) fn is_served(&mut self, sessions: u32) -> Effort {
        self.obeys("ask", sessions)
    }

    /// Checks that this many sessions are up at present.
    pub(crate) fn holds(&mut self, sessions: u32) -> Effort {
        self.obeys("look", sessions)
    }

    /// Waits until each of so many sessions was replaced that many times, and is up.
    pub(crate) fn is_up_again(&mut self, sessions: u32, times: u32) -> Effort {
        self.obeys(&format!("await-recoveries {times}"), sessions)
    }

    /// Checks that this many sessions have lost their connection, and drops them.
    pub(crate) fn forgets_lost(&mut self, sessions: u32) -> Effort {
        self.obeys("forget-lost", sessions)
    }

    pub(crate) fn log_out(&mut self, sessions: u32) -> Effort {
        self.obeys("log-out", sessions)
    }

    /// Closes all connections without a logout.
    pub(crate) fn close(&mut self, sessions: u32) -> Effort {
        self.obeys("close", sessions)
    }

    pub(crate) fn end(self) {
        self.0.end();
    }

    #[track_caller]
    fn obeys(&mut self, order: &str, count: u32) -> Effort {
        let answer = self.0.order(order);
        assert_eq!(answer.number("count"), u64::from(count), "{order}");
        Effort::of(&answer)
    }
}

impl Effort {
    fn of(answer: &Answer) -> Self {
        Self {
            time: answer.time("nanoseconds"),
            processor: answer.time("processor_nanoseconds"),
            resident: answer.number("resident"),
            attempts: answer.number("attempts"),
            most_attempts: answer.number("most_attempts"),
            sleeps: answer.number("sleeps"),
        }
    }
}

/// The program up to its mode, for that many sessions.
pub(crate) fn words_of_program<'a>(portal: &'a str, sessions: &'a str) -> [&'a str; 11] {
    let program = env!("CARGO_BIN_EXE_stress-client");
    let [initiator, target] = ["--initiator-user", "--target-user"];
    [
        program,
        "--portal",
        portal,
        "--target",
        NAME,
        initiator,
        INITIATOR_USER,
        target,
        TARGET_USER,
        "--sessions",
        sessions,
    ]
}

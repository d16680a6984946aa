//! The description of an attached device.

use std::fmt;

use iscsi_initiator::{Authenticated, SessionPhase, SessionStatus};
use serde::{Deserialize, Serialize};

use crate::serve::export::OperationCounts;

/// An attached device: where its data are, and how it fares.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Attached {
    /// The block device, such as /dev/nbd0.
    pub(crate) device: String,
    /// The URL of the logical unit, without credentials.
    pub(crate) url: String,
    /// The authentication of the login: `none`, `chap` or `mutual`.
    pub(crate) authentication: String,
    pub(crate) state: State,
    /// The process that serves the device, or served it.
    pub(crate) process: u32,
    /// Bytes of the device.
    pub(crate) size: u64,
    /// Whether writes are refused.
    pub(crate) read_only: bool,
    /// The seconds for which the kernel waits for an answer, and for a new server when the old one has died.
    pub(crate) kernel_timeout: u64,
    pub(crate) counters: Counters,
    /// The last reason for which the session was lost, or could not be replaced.
    pub(crate) last_failure: Option<String>,
    /// The text by which the kernel knows the unit: only a process with the same one can take the device over.
    pub(crate) backend: String,
}

/// The state of an attached device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Requests are answered.
    Up,
    /// The session is lost; requests wait for another one.
    Recovering,
    /// The session is lost for so long that requests fail; attempts to log in go on.
    Failing,
    /// The process that served the device is gone. Requests wait until the unit is attached again, then fail.
    ServerDead,
}

/// Operations since the device was attached by this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Counters {
    /// Reads.
    pub(crate) reads: u64,
    /// Writes.
    pub(crate) writes: u64,
    /// Flushes.
    pub(crate) flushes: u64,
    /// Requests to discard blocks, or to make them zeros.
    pub(crate) others: u64,
    /// Requests of all kinds that failed.
    pub(crate) failures: u64,
    /// Sessions that replaced lost ones.
    pub(crate) recoveries: u64,
}

impl Counters {
    pub(super) const fn new(counts: OperationCounts, session: SessionStatus) -> Self {
        let OperationCounts { reads, writes, flushes, others, failed } = counts;
        Self { reads, writes, flushes, others, failures: failed, recoveries: session.recoveries }
    }
}

impl State {
    /// The state of a device whose session has this status.
    pub(super) const fn of(session: SessionStatus) -> Self {
        match session.phase {
            _ if session.is_failing_fast => Self::Failing,
            SessionPhase::Up | SessionPhase::Replaying => Self::Up,
            SessionPhase::Over => Self::Failing,
            _ => Self::Recovering,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Up => "up",
            Self::Recovering => "recovering",
            Self::Failing => "failing",
            Self::ServerDead => "server dead",
        })
    }
}

/// Whether a login proves no less than an earlier one, by the names of their authentication. An earlier one of an unknown name
/// proved more.
pub(super) fn is_as_strong(now: &str, before: &str) -> bool {
    let rank = |name: &str| ["none", "chap", "mutual"].iter().position(|known| *known == name);
    rank(before).is_some_and(|before| rank(now).is_some_and(|now| now >= before))
}

/// The name of an authentication.
pub(super) const fn authentication(authenticated: &Authenticated) -> &'static str {
    match authenticated {
        Authenticated::None => "none",
        Authenticated::Initiator { .. } => "chap",
        Authenticated::Mutual(_) => "mutual",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use iscsi_initiator::ChapAlgorithm;

    use super::*;

    /// A device, as a process describes it.
    pub(crate) fn attached(device: &str) -> Attached {
        Attached {
            device: device.to_owned(),
            url: "iscsi://192.0.2.1:3260/iqn.2001-04.com.example:disk/0".to_owned(),
            authentication: "mutual".to_owned(),
            state: State::Up,
            process: 7,
            size: 1 << 20,
            read_only: false,
            kernel_timeout: 110,
            counters: Counters::default(),
            last_failure: None,
            backend: "iscsi iqn.2001-04.com.example:disk/0 naa.6001".to_owned(),
        }
    }

    fn status(change: impl FnOnce(&mut SessionStatus)) -> SessionStatus {
        let mut status = SessionStatus::default();
        change(&mut status);
        status
    }

    #[test]
    fn the_state_follows_the_session() {
        let phase = |phase| State::of(status(|status| status.phase = phase));
        assert_eq!(phase(SessionPhase::Up), State::Up);
        assert_eq!(phase(SessionPhase::Waiting), State::Recovering);
        assert_eq!(phase(SessionPhase::Connecting), State::Recovering);
        assert_eq!(phase(SessionPhase::Over), State::Failing);
        assert_eq!(State::of(status(|status| status.is_failing_fast = true)), State::Failing);
    }

    #[test]
    fn strength_grows_with_what_is_proved() {
        let names = ["none", "chap", "mutual"];
        for (number, now) in names.iter().enumerate() {
            let weaker = names.iter().filter(|before| is_as_strong(now, before)).count();
            assert_eq!(weaker, number + 1, "{now}");
        }
        assert!(!is_as_strong("mutual", "another") && !is_as_strong("another", "none"));
    }

    #[test]
    fn a_description_is_the_same_after_its_way_through_a_file() {
        let description = attached("/dev/nbd3");
        let text = serde_json::to_string(&description).unwrap();
        assert_eq!(serde_json::from_str::<Attached>(&text).unwrap(), description);
    }

    #[test]
    fn counters_are_those_of_the_operations_and_of_the_session() {
        let counts = OperationCounts { reads: 1, writes: 2, flushes: 3, others: 4, failed: 5 };
        let counters = Counters::new(counts, status(|status| status.recoveries = 6));
        let expected = Counters { reads: 1, writes: 2, flushes: 3, others: 4, failures: 5, recoveries: 6 };
        assert_eq!(counters, expected);
    }

    #[test]
    fn states_are_told_in_words() {
        let states = [State::Up, State::Recovering, State::Failing, State::ServerDead];
        assert_eq!(states.map(|state| state.to_string()), ["up", "recovering", "failing", "server dead"]);
    }

    #[test]
    fn authentications_are_told_by_their_names() {
        let algorithm = ChapAlgorithm::Sha256;
        assert_eq!(authentication(&Authenticated::None), "none");
        assert_eq!(authentication(&Authenticated::Initiator { algorithm }), "chap");
    }
}

//! Time limits of requests and of the logout. Times are durations since an origin that the caller chooses.

use std::collections::BTreeSet;
use std::time::Duration;

use iscsi_pdu::InitiatorTaskTag;

use super::failure::{Failure, Silence};
use super::logout::{LogoutCause, LogoutState};
use super::request::Request;
use super::state::SessionState;

/// The limits of a session.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each request, from the call to its end.
    pub command: Duration,
    /// For the logout, from the moment it is requested.
    pub logout: Duration,
}

/// The deadlines of the requests that have no outcome yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(Duration, u32)>);

impl Deadlines {
    pub(super) fn add(&mut self, deadline: Duration, itt: InitiatorTaskTag) {
        self.0.insert((deadline, itt.0));
    }

    pub(super) fn remove(&mut self, deadline: Duration, itt: InitiatorTaskTag) {
        self.0.remove(&(deadline, itt.0));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn first(&self) -> Option<(Duration, InitiatorTaskTag)> {
        self.0.first().map(|(deadline, itt)| (*deadline, InitiatorTaskTag(*itt)))
    }
}

impl SessionState {
    /// The next time at which [`advance`](Self::advance) has something to do; `None` while nothing has a limit.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let first = self.deadlines.first().map(|first| first.0);
        first.into_iter().chain(self.logout_deadline).min()
    }

    /// Notes that it is this time: a request or a logout without an answer has failed from its deadline on.
    pub fn advance(&mut self, now: Duration) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            let silence = self.silence(now);
            self.fail(Failure::Silent(silence));
        }
    }

    /// The request or logout that was not answered in time.
    fn silence(&self, now: Duration) -> Silence {
        let due = self.deadlines.first().filter(|first| first.0 <= now);
        let operation = due.and_then(|(_, itt)| self.request(itt)).map(Request::name);
        let logout_requested = matches!(
            self.logout,
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(LogoutCause::Target, _)
        );
        let limit = if operation.is_some() { self.limits.command } else { self.limits.logout };
        Silence { operation, logout_requested, limit }
    }
}

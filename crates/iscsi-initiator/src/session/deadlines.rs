//! Time limits of requests and of the logout. Times are durations since an origin that the caller chooses.

use std::collections::VecDeque;
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

/// The deadlines of requests, the earliest first. Requests come nearly in the order of their deadlines, and those that end
/// stay in the queue until they are at its front or many.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines(VecDeque<(Duration, InitiatorTaskTag)>);

/// The ended requests that may stay in the queue beside as many open ones.
const MOST_ENDED: usize = 64;

impl Deadlines {
    pub(super) fn add(&mut self, deadline: Duration, itt: InitiatorTaskTag) {
        let place = self.0.iter().rposition(|other| other.0 <= deadline).map_or(0, |before| before + 1);
        self.0.insert(place, (deadline, itt));
    }

    /// Forgets requests that have ended.
    pub(super) fn forget_ended(&mut self, open: usize, is_open: impl Fn(InitiatorTaskTag) -> bool) {
        if self.0.len() > 2 * open + MOST_ENDED {
            self.0.retain(|(_, itt)| is_open(*itt));
        }
        while self.0.front().is_some_and(|(_, itt)| !is_open(*itt)) {
            self.0.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives the memory back if there is no deadline.
    pub(super) fn release(&mut self) {
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
    }

    fn first(&self) -> Option<(Duration, InitiatorTaskTag)> {
        self.0.front().copied()
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
        let operation = due.and_then(|(_, itt)| self.requests.get(itt)).map(Request::name);
        let logout_requested = matches!(
            self.logout,
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(LogoutCause::Target, _)
        );
        let limit = if operation.is_some() { self.limits.command } else { self.limits.logout };
        Silence { operation, logout_requested, limit }
    }
}

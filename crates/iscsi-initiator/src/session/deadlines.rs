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
    /// For each request, from its submission to its end; at most a century.
    pub command: Duration,
    /// For the logout, from the moment it is requested.
    pub logout: Duration,
}

/// The deadlines of requests, the earliest first. Requests that end stay in the queue until they are at its front or many.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    queue: VecDeque<(Duration, InitiatorTaskTag)>,
    /// The number of requests at the end whose limit has not begun.
    new: usize,
}

/// The ended requests that may stay in the queue beside as many open ones.
const MOST_ENDED: usize = 64;
/// The longest limit, which every clock can represent: a century.
const LONGEST_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

fn deadline(since: Duration, limit: Duration) -> Duration {
    since.saturating_add(limit.min(LONGEST_LIMIT))
}

impl Deadlines {
    /// Adds a request whose limit has not begun.
    pub(super) fn add(&mut self, itt: InitiatorTaskTag) {
        self.queue.push_back((Duration::MAX, itt));
        self.new += 1;
    }

    /// Adds a request whose limit has begun.
    pub(super) fn add_since(&mut self, itt: InitiatorTaskTag, since: Duration, limit: Duration) {
        let deadline = deadline(since, limit);
        let place = self.queue.partition_point(|other| other.0 <= deadline);
        self.queue.insert(place, (deadline, itt));
    }

    /// Begins the limits of new requests.
    fn begin(&mut self, now: Duration, limit: Duration) {
        if self.new > 0 {
            let begun = self.queue.len() - self.new;
            self.queue.range_mut(begun..).for_each(|new| new.0 = deadline(now, limit));
            self.new = 0;
        }
    }

    /// Forgets requests that have ended.
    pub(super) fn forget_ended(&mut self, open: usize, is_open: impl Fn(InitiatorTaskTag) -> bool) {
        if self.queue.len() > 2 * open + MOST_ENDED {
            self.queue.retain(|(_, itt)| is_open(*itt));
        }
        while self.queue.front().is_some_and(|(_, itt)| !is_open(*itt)) {
            self.queue.pop_front();
        }
        self.new = self.new.min(self.queue.len());
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.new = 0;
    }

    /// Gives the memory back if there is no deadline.
    pub(super) fn release(&mut self) {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
    }

    /// The earliest deadline.
    fn first(&self) -> Option<(Duration, InitiatorTaskTag)> {
        self.queue.front().filter(|_| self.queue.len() > self.new).copied()
    }
}

impl SessionState {
    /// The next time at which [`advance`](Self::advance) has something to do; `None` while nothing has a limit.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let first = self.deadlines.first().map(|first| first.0);
        match (first, self.logout_deadline) {
            (Some(first), Some(logout)) => Some(first.min(logout)),
            (first, logout) => first.or(logout),
        }
    }

    /// Notes that it is this time: the limits of requests that were submitted since the last call begin, and a request or a
    /// logout without an answer has failed from its deadline on.
    pub fn advance(&mut self, now: Duration) {
        self.deadlines.begin(now, self.limits.command);
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

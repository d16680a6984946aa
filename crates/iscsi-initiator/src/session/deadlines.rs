//! Time limits of requests and of the logout. Times are durations since an origin that the caller chooses.

use std::collections::VecDeque;
use std::time::Duration;

use iscsi_pdu::InitiatorTaskTag;

use super::failure::{Failure, Silence};
use super::logout::{LogoutCause, LogoutState};
use super::request::{Kind, Request};
use super::state::SessionState;

/// The limits of a session.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each request, from its submission to its end; at most a century. It begins anew while data move.
    pub command: Duration,
    /// For the logout, from the moment it is requested.
    pub logout: Duration,
    /// The time after which a target that sends nothing is pinged; `None` for never.
    pub ping_interval: Option<Duration>,
    /// For the answer to a ping.
    pub ping: Duration,
    /// For the answer to ABORT TASK and to the functions that a caller requests.
    pub abort: Duration,
    /// For the answer to LOGICAL UNIT RESET of a command that cannot be aborted.
    pub reset: Duration,
}

impl Limits {
    /// The limits for commands and the logout; for the steps against a command without a response those of open-iscsi, and
    /// no pings of a quiet target.
    #[must_use]
    pub const fn new(command: Duration, logout: Duration) -> Self {
        Self {
            command,
            logout,
            ping_interval: None,
            ping: Duration::from_secs(5),
            abort: Duration::from_secs(15),
            reset: Duration::from_secs(30),
        }
    }
}

/// The deadlines of requests, the earliest first. Requests that end stay in the queue until they are at its front or many.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    queue: VecDeque<(Duration, InitiatorTaskTag)>,
    /// The number of requests at the end whose limit has not begun.
    new: usize,
    /// Requests whose limit has passed, but whose turn has not come.
    deferred: Vec<InitiatorTaskTag>,
}

/// The ended requests that may stay in the queue beside as many open ones.
const MOST_ENDED: usize = 64;
/// The longest limit, which every clock can represent: a century.
pub(super) const LONGEST_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

fn deadline(since: Duration, limit: Duration) -> Duration {
    since.saturating_add(limit.min(LONGEST_LIMIT))
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
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

    /// Begins the limit of a request anew, which has begun before.
    pub(super) fn postpone(&mut self, itt: InitiatorTaskTag, now: Duration, limit: Duration) {
        self.remove(itt);
        self.add_since(itt, now, limit);
    }

    /// Removes a request whose limit has begun.
    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) {
        if let Some(place) = self.queue.iter().position(|other| other.1 == itt) {
            self.queue.remove(place);
        }
    }

    /// Takes the deadline of a request, which has passed, away until [`resume`](Self::resume).
    pub(super) fn defer(&mut self, itt: InitiatorTaskTag) {
        self.remove(itt);
        self.deferred.push(itt);
    }

    /// Has the deferred requests be due at once, in their order.
    pub(super) fn resume(&mut self) {
        for itt in std::mem::take(&mut self.deferred) {
            self.add_since(itt, Duration::ZERO, Duration::ZERO);
        }
    }

    /// The requests behind the first one.
    pub(super) fn later_than_first(&self) -> impl Iterator<Item = InitiatorTaskTag> {
        self.queue.iter().skip(1).map(|other| other.1)
    }

    /// Begins the limits of new requests.
    fn begin(&mut self, now: Duration, limit: Duration) {
        if self.new > 0 {
            let begun = self.queue.len() - self.new;
            let deadline = deadline(now, limit);
            self.queue.range_mut(begun..).for_each(|new| new.0 = deadline);
            self.new = 0;
            // Those before may have a longer limit.
            if self.queue.range(..begun).next_back().is_some_and(|last| last.0 > deadline) {
                self.queue.make_contiguous().sort_by_key(|(deadline, _)| *deadline);
            }
        }
    }

    /// Forgets requests that have ended.
    pub(super) fn forget_ended(&mut self, open: usize, is_open: impl Fn(InitiatorTaskTag) -> bool) {
        if self.queue.len() > 2 * open + MOST_ENDED {
            let begun = self.queue.len() - self.new;
            self.new = self.queue.range(begun..).filter(|(_, itt)| is_open(*itt)).count();
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
        self.deferred.clear();
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
        if self.is_open() {
            return earlier(first, self.next_ping());
        }
        earlier(first, earlier(self.logout_deadline, self.drain_deadline()))
    }

    /// Notes that it is this time: the limits of requests that were submitted since the last call begin, requests without
    /// an answer are dealt with from their deadline on, and a logout without one has failed.
    pub fn advance(&mut self, now: Duration) {
        self.deadlines.begin(now, self.limits.command);
        if self.next_deadline().is_none_or(|next| now < next) {
            return;
        }
        while let Some((_, itt)) =
            self.deadlines.first().filter(|first| first.0 <= now && self.end().is_none())
        {
            self.overdue(itt, now);
        }
        if self.logout_deadline.is_some_and(|deadline| deadline <= now) {
            let silence = self.silence(None);
            self.fail(Failure::Silent(silence));
        }
        self.end_drain(now);
        self.ping_if_quiet(now);
    }

    /// The silence about a request, or about the logout.
    pub(super) fn silence(&self, request: Option<InitiatorTaskTag>) -> Silence {
        let request = request.and_then(|itt| self.requests.get(itt));
        let logout_requested = matches!(
            self.logout,
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(LogoutCause::Target, _)
        );
        let limit = request.map_or(self.limits.logout, |request| self.limit_of(request));
        Silence { operation: request.map(Request::name), logout_requested, limit }
    }

    /// The limit for the answer to a request.
    pub(super) const fn limit_of(&self, request: &Request) -> Duration {
        match &request.0 {
            Kind::Ping(_) => self.limits.ping,
            Kind::Management(_) => self.limits.abort,
            Kind::Scsi(_) | Kind::Text(_) => self.limits.command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// So many requests end before their limits begin that they leave the queue. The limits of the others begin as usual.
    #[test]
    fn ended_requests_are_forgotten_when_they_are_many() {
        let [first, last] = [0, 100].map(InitiatorTaskTag);
        let mut deadlines = Deadlines::default();
        deadlines.add_since(first, SECOND, SECOND);
        (1..=last.0).for_each(|tag| deadlines.add(InitiatorTaskTag(tag)));
        deadlines.forget_ended(2, |itt| [first, last].contains(&itt));
        deadlines.begin(2 * SECOND, SECOND);
        assert_eq!(deadlines.queue, [(2 * SECOND, first), (3 * SECOND, last)]);
    }
}

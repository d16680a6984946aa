//! Immediate requests of the initiator: task management functions and pings ([RFC 7143, section
//! 4.2.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.2.1)).

use std::collections::VecDeque;

use iscsi_pdu::InitiatorTaskTag;

use super::logout::LogoutState;
use super::state::SessionState;
use crate::wire::Outgoing;

/// Immediate requests, which overtake commands and data. A target need not take more than one task management function and
/// one other immediate request at a time (NUM-19), so each kind has its line.
#[derive(Clone, Debug, Default)]
pub(super) struct ImmediateRequests {
    management: Line,
    pings: Line,
}

/// The requests of one kind: at most one is in flight.
#[derive(Clone, Debug, Default)]
struct Line {
    in_flight: Option<InitiatorTaskTag>,
    waiting: VecDeque<InitiatorTaskTag>,
}

impl Line {
    /// The next request, if none is in flight.
    fn next(&mut self) -> Option<InitiatorTaskTag> {
        if self.in_flight.is_none() {
            self.in_flight = self.waiting.pop_front();
            return self.in_flight;
        }
        None
    }

    fn remove(&mut self, itt: InitiatorTaskTag) {
        self.in_flight.take_if(|first| *first == itt);
        self.waiting.retain(|waiting| *waiting != itt);
    }

    /// Has the request in flight sent once more.
    fn send_again(&mut self) {
        if let Some(itt) = self.in_flight.take() {
            self.waiting.push_front(itt);
        }
    }

    fn is_empty(&self) -> bool {
        self.in_flight.is_none() && self.waiting.is_empty()
    }
}

impl ImmediateRequests {
    /// Whether a ping is queued or in flight.
    pub(super) fn has_ping(&self) -> bool {
        !self.pings.is_empty()
    }

    /// Adds a request.
    pub(super) fn push(&mut self, itt: InitiatorTaskTag, is_ping: bool) {
        let line = if is_ping { &mut self.pings } else { &mut self.management };
        line.waiting.push_back(itt);
    }

    /// The number of requests that are not sent.
    pub(super) fn waiting(&self) -> usize {
        self.management.waiting.len() + self.pings.waiting.len()
    }

    /// Forgets a request that has ended.
    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) {
        self.management.remove(itt);
        self.pings.remove(itt);
    }

    /// Has a request sent once more that the target had no resources for (NUM-19).
    pub(super) fn send_again(&mut self, itt: InitiatorTaskTag) {
        for line in [&mut self.management, &mut self.pings] {
            if line.in_flight == Some(itt) {
                line.send_again();
            }
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether none is queued or in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.management.is_empty() && self.pings.is_empty()
    }
}

impl SessionState {
    /// The next immediate request; none follows the logout (LGO-01).
    pub(super) fn begin_immediate(&mut self) -> Option<Outgoing> {
        if matches!(self.logout, LogoutState::Sent(..)) {
            return None;
        }
        while let Some(itt) = self.immediate.management.next() {
            if let Some(request) = self.management_request(itt) {
                return Some(request.encode().into());
            }
        }
        let itt = self.immediate.pings.next()?;
        Some(self.ping_request(itt)?.encode().into())
    }
}

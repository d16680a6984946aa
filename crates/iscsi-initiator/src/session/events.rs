//! Asynchronous Messages as events for listeners, and what the session does about them ([RFC 7143, section
//! 11.9](https://www.rfc-editor.org/rfc/rfc7143#section-11.9)).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{AsyncEvent, AsyncMessage, InitiatorTaskTag, Lun};

use super::failure::Failure;
use super::request::Request;
use super::state::SessionState;

/// The most events that wait for a listener.
const MOST_WAITING: usize = 64;

/// An event that a target reports without a request
/// ([RFC 7143, section 11.9.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.9.1)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A logical unit reports an event by sense data.
    Scsi {
        /// The logical unit.
        lun: Lun,
        /// The sense data.
        sense: Bytes,
        /// The data behind them.
        data: Bytes,
    },
    /// The target requests a logout within a time. The session ends: no command is accepted any more, those that were sent
    /// may end before.
    LogoutRequested {
        /// The time.
        within: Duration,
    },
    /// The target will drop a connection.
    ConnectionDrop {
        /// Its connection identifier.
        cid: u16,
        /// The least time before a new login.
        time2wait: Duration,
        /// The time for which the target keeps the tasks after that.
        time2retain: Duration,
    },
    /// The target will drop all connections of the session.
    SessionDrop {
        /// The least time before a new login.
        time2wait: Duration,
        /// The time for which the target keeps the session after that.
        time2retain: Duration,
    },
    /// The target requests a negotiation of parameters within a time, which the session begins by an empty Text Request.
    Negotiation {
        /// The time.
        within: Duration,
    },
    /// An event of a vendor, 248 to 255.
    Vendor {
        /// The event.
        event: AsyncEvent,
        /// The vendor's code.
        vendor_code: u8,
        /// The three parameters.
        parameters: [u16; 3],
        /// The data.
        data: Bytes,
    },
    /// An event that RFC 7143 does not know, or that was not agreed on (ASY-09).
    Unknown(AsyncEvent),
    /// So many events were dropped in front of the next one, since the listener did not take them in time.
    Missed(u64),
}

/// Events that no listener has taken yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    waiting: VecDeque<Event>,
    missed: u64,
}

impl Events {
    fn push(&mut self, event: Event) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
            self.missed += 1;
        }
        self.waiting.push_back(event);
    }
}

impl SessionState {
    /// Takes the next event that the target has reported.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.waiting.pop_front()
    }

    /// Whether an event waits for a listener.
    pub(crate) fn has_events(&self) -> bool {
        !self.events.waiting.is_empty()
    }

    /// Takes the number of events that were dropped, since too many waited.
    pub const fn take_missed_events(&mut self) -> u64 {
        std::mem::replace(&mut self.events.missed, 0)
    }

    /// Takes an Asynchronous Message, which uses a status number (ASY-01).
    pub(super) fn async_message(&mut self, pdu: &AsyncMessage, now: Duration) -> Result<(), Failure> {
        if !self.counts("Asynchronous Message", pdu.numbers.stat_sn, InitiatorTaskTag::RESERVED)? {
            return Ok(());
        }
        let event = event_of(pdu);
        tracing::info!(?event, "asynchronous message");
        self.events.push(event);
        match pdu.event {
            AsyncEvent::LOGOUT_REQUEST => self.log_out_within(seconds(pdu.parameter3), now),
            AsyncEvent::NEGOTIATE => self.negotiate(now),
            AsyncEvent::CONNECTION_DROP | AsyncEvent::SESSION_DROP => {
                return Err(Failure::Announced { event: pdu.event, time2wait: pdu.parameter2 });
            }
            _ => {}
        }
        Ok(())
    }

    /// Begins the negotiation that the target requests by an empty Text Request, unless a text exchange is under way
    /// (ASY-04).
    fn negotiate(&mut self, now: Duration) {
        if self.is_open() && !self.requests.has_text() {
            self.submit_own(Request::text("parameter negotiation", Bytes::new()), now, self.limits.command);
        }
    }
}

fn event_of(pdu: &AsyncMessage) -> Event {
    let (time2wait, time2retain) = (seconds(pdu.parameter2), seconds(pdu.parameter3));
    match pdu.event {
        AsyncEvent::SCSI => {
            Event::Scsi { lun: pdu.lun, sense: pdu.sense.clone(), data: pdu.event_data.clone() }
        }
        AsyncEvent::LOGOUT_REQUEST => Event::LogoutRequested { within: seconds(pdu.parameter3) },
        AsyncEvent::CONNECTION_DROP => Event::ConnectionDrop { cid: pdu.parameter1, time2wait, time2retain },
        AsyncEvent::SESSION_DROP => Event::SessionDrop { time2wait, time2retain },
        AsyncEvent::NEGOTIATE => Event::Negotiation { within: seconds(pdu.parameter3) },
        event @ AsyncEvent(248..) => Event::Vendor {
            event,
            vendor_code: pdu.vendor_code,
            parameters: [pdu.parameter1, pdu.parameter2, pdu.parameter3],
            data: pdu.event_data.clone(),
        },
        event => Event::Unknown(event),
    }
}

const fn seconds(parameter: u16) -> Duration {
    Duration::from_secs(parameter as u64)
}

//! Listeners of a session's events.

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::session::{Event, SessionState};

/// The most events that wait for a slow listener.
const MOST_WAITING: usize = 64;

/// The side that sends events. Events from before the first listener wait for it in the session.
#[derive(Default)]
pub(super) struct Listeners(Option<Sender<Event>>);

impl Listeners {
    /// Adds a listener.
    pub(super) fn add(&mut self) -> Listener {
        let sender = self.0.get_or_insert_with(|| channel(MOST_WAITING).0);
        Listener(sender.subscribe())
    }

    /// Sends the events that the session has taken. Those without any listener are dropped.
    pub(super) fn send(&self, session: &mut SessionState) {
        let Some(sender) = &self.0 else { return };
        let missed = session.take_missed_events();
        let missed = (missed > 0).then_some(Event::Missed(missed));
        for event in missed.into_iter().chain(std::iter::from_fn(|| session.poll_event())) {
            // There may be no listener left.
            let _ = sender.send(event);
        }
    }

    /// No event follows.
    pub(super) fn close(&mut self) {
        self.0 = None;
    }
}

/// The side that receives events.
pub(crate) struct Listener(Receiver<Event>);

impl Listener {
    /// The next event; `None` after the end of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has taken no event.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(missed)) => Some(Event::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

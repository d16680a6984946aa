//! The recovery of a session, as its callers see it.

use super::session::Session;
use crate::nexus::{NexusEvent, SessionStatus};

impl Session {
    /// Returns whether the session works at present, or what is done about it.
    ///
    /// ```no_run
    /// # fn example(session: iscsi_initiator::Session) {
    /// use iscsi_initiator::SessionPhase;
    /// if session.state().phase != SessionPhase::Up {
    ///     session.reconnect_now();
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> SessionStatus {
        self.link().status()
    }

    /// Waits until the state is another one than this, and returns it; at once after the end of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn next_state(&self, known: SessionStatus) -> SessionStatus {
        self.link().next_status(known).await
    }

    /// Begins the next attempt to log in again now, if the session is lost and waits for it, or is suspended.
    pub fn reconnect_now(&self) {
        self.link().tell(NexusEvent::ReconnectNow);
    }

    /// Has the session log out, and log in again only when [`resume`](Self::resume) is called. Commands are kept until then, for
    /// [`RecoveryPolicy::replacement_timeout`](crate::RecoveryPolicy::replacement_timeout) at most.
    pub fn suspend(&self) {
        self.link().tell(NexusEvent::Suspend);
    }

    /// Logs in again after [`suspend`](Self::suspend).
    pub fn resume(&self) {
        self.link().tell(NexusEvent::Resume);
    }
}

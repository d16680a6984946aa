//! The recovery of a session, as its callers see it.

use iscsi_login::DiscoveredTargets;

use super::session::Session;
use crate::error::Error;
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

    /// Returns why the session was lost, or why the last attempt to log in again failed; `None` while a session works.
    #[must_use]
    pub fn last_failure(&self) -> Option<Error> {
        self.link().last_failure()
    }

    /// Asks the target for its portals (`SendTargets`), so that a lost session may be replaced at another one of them: as far as
    /// [`Config::redirect_to`](crate::Config::redirect_to) allows, at those of the same portal group first, and at others only
    /// when the commands of the lost session have failed, since only a login to the same group ends its tasks.
    ///
    /// Not for tgt, which resets the connection when it gets the request in a session that is not one for discovery: see
    /// [`remember_portals`](Self::remember_portals).
    ///
    /// # Errors
    /// As [`send_targets`](Self::send_targets).
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer.
    pub async fn learn_portals(&self) -> Result<(), Error> {
        let found = self.send_targets("").await?;
        self.remember_portals(&found);
        Ok(())
    }

    /// Remembers the portals of this session's target among those that a discovery found, as
    /// [`learn_portals`](Self::learn_portals) does, without asking in this session.
    ///
    /// ```no_run
    /// # use iscsi_initiator::{Error, Initiator, Session};
    /// # async fn example(initiator: Initiator, session: Session) -> Result<(), Error> {
    /// use iscsi_initiator::AuthenticationRequest;
    /// let portal = &session.details().portal;
    /// session.remember_portals(&initiator.discover(portal, &AuthenticationRequest::default()).await?);
    /// # Ok(()) }
    /// ```
    pub fn remember_portals(&self, found: &DiscoveredTargets) {
        let details = self.details();
        let targets = found.targets.iter().filter(|target| Some(&target.name) == details.target.as_ref());
        for address in targets.flat_map(|target| &target.addresses) {
            let portal = address.portal(&details.portal);
            let is_first = portal == details.portal && details.redirect_kind.is_none();
            if !is_first && self.permits(&portal) {
                self.link().add_portal(portal, address.portal_group_tag);
            }
        }
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

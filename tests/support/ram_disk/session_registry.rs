//! Registry of open sessions, by which a session can be ended from another connection (RFC 7143, 6.3.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iscsi_pdu::{IscsiName, Isid};
use tokio::sync::Notify;

/// The identity of a session: initiator port and target, or the portal for discovery sessions (7.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionName {
    pub(super) initiator: IscsiName,
    pub(super) isid: Isid,
    /// `None` in a discovery session.
    pub(super) target: Option<usize>,
}

/// The open sessions of a portal, each with the bell that ends it.
#[derive(Default)]
pub(super) struct SessionRegistry {
    open: Mutex<HashMap<SessionName, Arc<Notify>>>,
}

impl SessionRegistry {
    /// Enters a session. One of the same name that is still open is ended: the new one reinstates it. Says whether
    /// there was one.
    pub(super) fn enter(&self, name: SessionName, end: Arc<Notify>) -> bool {
        let earlier = self.open().insert(name, end);
        earlier.inspect(|earlier| earlier.notify_one()).is_some()
    }

    /// Takes a session out again, unless another has taken its place.
    pub(super) fn leave(&self, name: &SessionName, end: &Arc<Notify>) {
        let mut open = self.open();
        if open.get(name).is_some_and(|entered| Arc::ptr_eq(entered, end)) {
            open.remove(name);
        }
    }

    /// Ends all normal sessions and returns their number.
    pub(super) fn end_all(&self) -> usize {
        self.open().extract_if(|name, _| name.target.is_some()).map(|(_, end)| end.notify_one()).count()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionName, Arc<Notify>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

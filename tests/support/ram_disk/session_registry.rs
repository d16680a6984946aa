//! Which sessions are open, so that one can be ended from outside (RFC 7143, 6.3.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iscsi_pdu::{IscsiName, Isid};
use tokio::sync::Notify;

/// What makes two normal sessions the same: initiator port and target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionName {
    pub(super) initiator: IscsiName,
    pub(super) isid: Isid,
    pub(super) target: usize,
}

/// The open normal sessions of a portal, each with the bell that ends it.
#[derive(Default)]
pub(super) struct SessionRegistry {
    open: Mutex<HashMap<SessionName, Arc<Notify>>>,
}

impl SessionRegistry {
    /// Enters a session. One of the same name that is still open is ended: the new one reinstates it.
    pub(super) fn enter(&self, name: SessionName) -> Arc<Notify> {
        let end = Arc::new(Notify::new());
        if let Some(earlier) = self.open().insert(name, Arc::clone(&end)) {
            earlier.notify_one();
        }
        end
    }

    /// Takes a session out again, unless another has taken its place.
    pub(super) fn leave(&self, name: &SessionName, end: &Arc<Notify>) {
        let mut open = self.open();
        if open.get(name).is_some_and(|entered| Arc::ptr_eq(entered, end)) {
            open.remove(name);
        }
    }

    /// Ends all sessions and says how many they were.
    pub(super) fn end_all(&self) -> usize {
        let ended = std::mem::take(&mut *self.open());
        for end in ended.values() {
            end.notify_one();
        }
        ended.len()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionName, Arc<Notify>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Log of the events on the connections of a scripted target.

use std::sync::{Mutex, MutexGuard, PoisonError};

use iscsi_pdu::RawPdu;
use tokio::sync::watch;

use super::Received;

/// Most PDUs kept.
const MOST_RECEIVED: usize = 100_000;

/// The events so far.
#[derive(Default)]
pub(super) struct Log {
    received: Mutex<Vec<Received>>,
    faults: Mutex<Vec<String>>,
    /// The number of accepted connections, and the number of closed ones.
    pub(super) connections: watch::Sender<(usize, usize)>,
}

impl Log {
    pub(super) fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Vec<String>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, connection: usize, raw: &RawPdu) {
        let mut received = self.received();
        if received.len() < MOST_RECEIVED {
            received.push(Received { connection, raw: raw.clone() });
        }
    }
}

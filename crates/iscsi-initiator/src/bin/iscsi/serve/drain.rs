//! The signal to accept no new requests.

use std::sync::Arc;

use tokio::sync::watch;

/// Signals the end to all connections. Clones share the signal.
#[derive(Clone)]
pub(crate) struct Drain(Arc<watch::Sender<bool>>);

impl Drain {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Has connections answer what they have accepted, and end.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits for the signal.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn begun(&self) {
        // The sender lives as long as this.
        _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

//! Starting: the store is opened, and whoever calls meanwhile waits.

use std::sync::{Arc, OnceLock};
use std::thread;

use crate::error::StoreError;
use crate::store::SecretStore;
use crate::vds::error::VdsError;

/// A store, or why there is none: its own word, or nothing if the one who opened it never came back.
type Outcome = Result<Arc<dyn SecretStore>, Option<StoreError>>;

/// The store of a service, once it is open.
pub(super) struct Startup(Arc<OnceLock<Outcome>>);

/// Whoever opens the store. However that ends, those who wait are told.
struct Opener(Arc<OnceLock<Outcome>>);

impl Startup {
    /// A store that is open already.
    pub(super) fn done(store: Arc<dyn SecretStore>) -> Self {
        Self(Arc::new(OnceLock::from(Ok(store))))
    }

    /// Opens the store on a thread of its own.
    pub(super) fn begin(
        open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError> + Send + 'static,
    ) -> Self {
        let outcome = Arc::default();
        let opener = Opener(Arc::clone(&outcome));
        // A thread that cannot be had drops the opener, which tells.
        _ = thread::Builder::new().name("vds-start".to_owned()).spawn(move || opener.run(open));
        Self(outcome)
    }

    /// R14: waits until it is known whether the service started. R13: tells that it did not.
    pub(super) fn store(&self) -> Result<&dyn SecretStore, VdsError> {
        match self.0.wait() {
            Ok(store) => Ok(&**store),
            Err(reason) => Err(VdsError::InitializedFailed { reason: reason.clone() }),
        }
    }
}

impl Opener {
    fn run(self, open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError>) {
        // Set once, and by nobody else.
        _ = self.0.set(open().map_err(Some));
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        _ = self.0.set(Err(None));
    }
}

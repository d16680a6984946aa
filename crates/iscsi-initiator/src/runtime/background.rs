//! A runtime for callers that have none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use super::within;
use crate::error::Error;

/// The name of its threads: at most 15 bytes, or Linux cuts it off.
const THREAD_NAME: &str = "iscsi-runtime";

/// A runtime with one thread of its own, which serves sessions whether or not a call waits for them: a runtime that runs only on
/// the threads of its callers would answer no ping between two calls.
///
/// When it is dropped, its tasks end at their next wait. The drop itself waits for nothing, so it may take place anywhere.
pub(crate) struct Background {
    handle: Handle,
    /// Taken by the drop.
    runtime: Option<Runtime>,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system has no thread, or no means to wait for sockets.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name(THREAD_NAME).enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Runs a future on the thread of the caller, who waits for its end. Several threads may do so at a time.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] within an asynchronous runtime, otherwise that of the future.
    pub(crate) fn block_on<T, E: From<Error>>(
        &self,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        check_thread()?;
        self.handle.block_on(future)
    }

    /// Runs the last future of a caller who goes away, until its end or the limit. Waits for it where that is possible; within an
    /// asynchronous runtime it goes on in the background, and this runtime lasts as long.
    pub(crate) fn finish(
        self: &Arc<Self>,
        limit: Duration,
        future: impl Future<Output: Send> + Send + 'static,
    ) {
        let runtime = Arc::clone(self);
        let last = async move {
            within(limit, future).await;
            drop(runtime);
        };
        match check_thread() {
            Ok(()) => self.handle.block_on(last),
            Err(_) => drop(self.handle.spawn(last)),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether this thread may wait. Tokio panics where a thread of a runtime would do so.
fn check_thread() -> Result<(), Error> {
    match Handle::try_current() {
        Err(none) if none.is_missing_context() => Ok(()),
        // Also on a thread that is ending, whose variables are gone.
        _ => Err(Error::InvalidArgument(
            "blocking call within an asynchronous runtime: use the asynchronous API there, or a thread of its own".to_owned(),
        )),
    }
}

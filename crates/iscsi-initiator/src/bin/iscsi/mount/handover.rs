//! The handover of requests from the threads that take them to the runtime that carries them out.

use std::sync::Arc;

use fuser::{Errno, ReplyEmpty};
use tokio::runtime::Handle;

use super::limit::Limit;
use super::operations::Unit;

/// Hands requests to a runtime, as many as a limit permits.
pub(super) struct Handover {
    unit: Arc<Unit>,
    runtime: Handle,
    limit: Limit,
}

impl Handover {
    /// Hands requests for a unit to the current runtime.
    pub(super) fn new(unit: Unit, limit: Limit) -> Self {
        Self { unit: Arc::new(unit), runtime: Handle::current(), limit }
    }

    pub(super) fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Has the runtime carry out a request that moves so many bytes, and answer it. `begin` is called when there is a place.
    pub(super) fn carry_out<T, W: Future<Output = Result<T, Errno>> + Send + 'static>(
        &self,
        bytes: u64,
        begin: impl FnOnce(Arc<Unit>) -> W,
        answer: impl FnOnce(Result<T, Errno>) + Send + 'static,
    ) {
        // Programs get the same error when the file system is gone.
        let Some(place) = self.limit.enter(&self.runtime, bytes) else { return answer(Err(Errno::ENOTCONN)) };
        let work = begin(Arc::clone(&self.unit));
        self.runtime.spawn(async move {
            answer(work.await);
            drop(place);
        });
    }
}

/// An answer without data.
pub(super) fn empty(reply: ReplyEmpty) -> impl FnOnce(Result<(), Errno>) + Send + 'static {
    move |outcome| match outcome {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

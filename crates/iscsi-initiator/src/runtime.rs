//! Sockets, timers, tasks and the thread pool. The only module of the library that uses tokio.

mod blocking;
mod connection;
mod connection_task;
mod link;
mod login_attempt;
mod stream;

use std::time::Duration;

pub(crate) use blocking::blocking;
pub(crate) use connection::Connection;
pub(crate) use connection_task::start_session;
pub(crate) use link::{Link, Reply};
pub(crate) use login_attempt::{LoginAttempt, LoginOutcome, log_in};
pub use stream::Stream;

/// Waits for a future; `None` when it takes longer than the limit.
///
/// # Cancel safety
/// That of the future, which is dropped at the limit.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

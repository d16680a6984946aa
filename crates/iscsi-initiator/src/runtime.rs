//! Sockets, timers, tasks and the thread pool. The only module of the library that uses tokio.

#[cfg(feature = "blocking")]
mod background;
mod blocking;
mod buffer_pool;
mod connection;
mod connection_task;
mod link;
mod listeners;
mod login;
mod login_queue;
mod nexus_task;
mod own_challenge;
mod place;
mod shared;
mod stream;
mod timer;
mod waiting;

use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "blocking")]
pub(crate) use background::Background;
pub(crate) use blocking::blocking;
pub(crate) use buffer_pool::BufferPool;
pub(crate) use connection::Connection;
pub(crate) use link::{Exchange, Link, Reply};
pub(crate) use listeners::Listener;
pub(crate) use login::log_in;
pub(crate) use login_queue::{LoginQueue, Turn};
pub(crate) use nexus_task::{Attempt, Redial, Redialed, start_session};
pub(crate) use own_challenge::is_own_challenge;
pub use stream::Stream;
/// The traits of asynchronous streams, which devices implement.
pub(crate) use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

/// A lock that is held across awaits. Waiting is cancel-safe, and in order.
pub(crate) type Lock<T> = tokio::sync::Mutex<T>;

/// The stream of a TCP connection.
pub(crate) type Socket = tokio::net::TcpStream;

/// Time as pure values have it: the duration since this clock was started.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// The instant at which this clock has run for so long.
    pub(crate) fn at(self, duration: Duration) -> Instant {
        self.0 + duration
    }
}

/// Waits for so long.
///
/// # Cancel safety
/// A future that is dropped has changed nothing.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits for a future; `None` when it takes longer than the limit.
///
/// # Cancel safety
/// That of the future, which is dropped at the limit.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

//! The sockets between the kernel and this process: pairs, of which each side has one end.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use iscsi_initiator::nbd::ReplyForm;
use tokio::task::JoinSet;

use crate::serve::drain::Drain;
use crate::serve::export::Export;
use crate::serve::send_buffer;
use crate::serve::transmission::{self, Replies};

/// A socket that ends earlier was not taken by the kernel.
const LEAST_LIFE: Duration = Duration::from_secs(1);

/// The ends of this process, each served by a task.
pub(super) struct Sockets {
    export: Export,
    drain: Drain,
    tasks: JoinSet<Duration>,
}

impl Sockets {
    pub(super) fn new(export: Export) -> Self {
        Self { export, drain: Drain::new(), tasks: JoinSet::new() }
    }

    /// Makes pairs, serves one end of each, and returns the others, which are for the kernel.
    pub(super) fn add(&mut self, count: usize) -> io::Result<Vec<UnixStream>> {
        (0..count).map(|_| self.add_one()).collect()
    }

    fn add_one(&mut self) -> io::Result<UnixStream> {
        let (ours, kernels) = UnixStream::pair()?;
        for end in [&ours, &kernels] {
            send_buffer::enlarge(end);
        }
        ours.set_nonblocking(true)?;
        let stream = tokio::net::UnixStream::from_std(ours)?;
        let (export, drain) = (self.export.clone(), self.drain.clone());
        self.tasks.spawn(async move {
            let start = Instant::now();
            let replies = Replies { form: ReplyForm::Simple, allocation: false };
            let ended = transmission::serve(stream, export, replies, drain).await;
            tracing::debug!(?ended, "a socket to the kernel ended");
            start.elapsed()
        });
        Ok(kernels)
    }

    /// The number of sockets that are served.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until the kernel closes a socket; its requests are carried out by then. Returns whether the kernel had used it.
    /// Without sockets, waits for ever.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn one_ended(&mut self) -> bool {
        match self.tasks.join_next().await {
            Some(lived) => lived.is_ok_and(|lived| lived >= LEAST_LIFE),
            None => std::future::pending().await,
        }
    }

    /// Accepts no more requests, answers those that were accepted, and closes the sockets.
    ///
    /// # Cancel safety
    /// When the future is dropped, the sockets are served until `self` is dropped.
    pub(super) async fn drain(&mut self) {
        self.drain.begin();
        while self.tasks.join_next().await.is_some() {}
    }
}

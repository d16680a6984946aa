//! The state that the connection of a client and the workers of its requests share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use iscsi_initiator::nbd::Request;

use super::export::Export;
use super::operations::Replies;
use super::outbox::Reply;
use super::worker;

/// A request that was checked, and its buffer: as long as the data of a read, or with those of a write.
pub(super) struct Accepted {
    pub(super) request: Request,
    pub(super) buffer: BytesMut,
    pub(super) charge: usize,
}

/// The requests of a connection from their acceptance to their replies.
pub(super) struct Exchange {
    pub(super) export: Export,
    pub(super) replies: Replies,
    /// The losses of acknowledged writes that the client knows of.
    known_losses: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: VecDeque<Accepted>,
    /// Requests without a reply.
    unanswered: usize,
    replies: VecDeque<Reply>,
    /// The workers that wait for a request.
    idle: Vec<Waker>,
    /// The task of the connection, if it waits for replies.
    connection: Option<Waker>,
    is_over: bool,
}

impl Exchange {
    pub(super) fn new(export: Export, replies: Replies) -> Self {
        let known_losses = AtomicU64::new(export.losses());
        Self { export, replies, known_losses, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a request to a worker that waits, or to a new one.
    pub(super) fn submit(self: &Arc<Self>, accepted: Accepted) {
        let mut state = self.state();
        state.requests.push_back(accepted);
        state.unanswered += 1;
        let idle = state.idle.pop();
        drop(state);
        match idle {
            Some(worker) => worker.wake(),
            None => drop(tokio::spawn(worker::run(Arc::clone(self)))),
        }
    }

    /// The next request for a worker; `None` when there will be no more.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Accepted>> {
        let mut state = self.state();
        if let Some(accepted) = state.requests.pop_front() {
            return Poll::Ready(Some(accepted));
        }
        if state.is_over {
            return Poll::Ready(None);
        }
        state.idle.push(context.waker().clone());
        Poll::Pending
    }

    /// Hands over the reply to a request.
    pub(super) fn answer(&self, reply: Reply) {
        let mut state = self.state();
        state.replies.push_back(reply);
        state.unanswered -= 1;
        let connection = state.connection.take();
        drop(state);
        connection.into_iter().for_each(Waker::wake);
    }

    /// Moves the replies that are there to the end of `queue`, and has the task woken by the next one.
    pub(super) fn collect(&self, queue: &mut VecDeque<Reply>, context: &Context<'_>) {
        let mut state = self.state();
        queue.append(&mut state.replies);
        state.connection = Some(context.waker().clone());
    }

    /// Ready when every request has its reply.
    pub(super) fn poll_answered(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.unanswered == 0 {
            return Poll::Ready(());
        }
        state.connection = Some(context.waker().clone());
        Poll::Pending
    }

    /// Ends the workers. Requests that were accepted are carried out.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        idle.into_iter().for_each(Waker::wake);
    }

    /// Whether acknowledged writes may have been lost since this was asked before.
    pub(super) fn learns_of_loss(&self) -> bool {
        let losses = self.export.losses();
        self.known_losses.swap(losses, Ordering::Relaxed) != losses
    }
}

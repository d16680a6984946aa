//! The transmission phase of one client: requests in, replies out.
//!
//! One task owns the stream. It accepts requests as far as the bounds on their number and their memory permit, hands them to
//! [workers](super::worker), and sends the replies that are there in one write. A client that does not read its replies is
//! not read from either, once its bounds are reached.

mod receiving;
mod under_way;

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use iscsi_initiator::nbd::{ReplyForm, RequestError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::drain::Drain;
use super::exchange::Exchange;
use super::export::Export;
use super::inbox::Inbox;
use super::operations::Refusal;
pub(crate) use super::operations::Replies;
use super::outbox::{Body, Outbox, Reply};
use receiving::Receiving;
use under_way::UnderWay;

/// The longest data of a refused write that are read past. Longer ones end the connection.
const MOST_SKIPPED: u64 = 64 << 20;
/// The longest text of an error, in bytes.
const MOST_TEXT: usize = 1024;
/// The time that a client has to take the last replies.
const LAST_REPLIES: Duration = Duration::from_secs(10);

/// The end of a transmission phase without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client has said that it disconnects.
    Disconnected,
    /// The client has closed the connection.
    Closed,
    /// The server drains.
    Drained,
}

/// The end of a transmission phase with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransmissionError {
    #[error("connection lost")]
    Connection(#[from] io::Error),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("client closed the connection within a request")]
    Truncated,
    #[error(
        "client sends a request with {0} bytes of data, of which {MOST_SKIPPED} are the most that are read past"
    )]
    TooLong(u64),
    #[error("client did not take its last replies within {LAST_REPLIES:?}")]
    LastReplies,
}

/// Serves an export to a client, from the end of its negotiation until it disconnects or `drain` begins. Every request that was
/// accepted is carried out, even if its client is gone before the reply.
///
/// # Errors
/// [`TransmissionError`]: the connection cannot be used further. Other connections do not notice.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed; requests that were accepted are carried out without it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    export: Export,
    replies: Replies,
    drain: Drain,
) -> Result<End, TransmissionError> {
    let exchange = Arc::new(Exchange::new(export, replies));
    let _end = EndOnDrop(&exchange);
    let mut transmission = Transmission::new(stream, Arc::clone(&exchange));
    let outcome = tokio::select! {
        biased;
        outcome = poll_fn(|context| transmission.poll(context)) => outcome,
        () = drain.begun() => {
            transmission.stop(End::Drained);
            let last = timeout(LAST_REPLIES, poll_fn(|context| transmission.poll(context)));
            last.await.unwrap_or(Err(TransmissionError::LastReplies))
        }
    };
    poll_fn(|context| exchange.poll_answered(context)).await;
    match outcome {
        // A client that has said that it goes need not wait for its replies.
        Err(TransmissionError::Connection(_)) if transmission.end() == Some(End::Disconnected) => {
            Ok(End::Disconnected)
        }
        outcome => outcome,
    }
}

/// Ends the workers of an exchange, also when its future is dropped.
struct EndOnDrop<'a>(&'a Exchange);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The task of a connection.
struct Transmission<S> {
    stream: S,
    exchange: Arc<Exchange>,
    inbox: Inbox,
    outbox: Outbox,
    receiving: Receiving,
    under_way: UnderWay,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transmission<S> {
    fn new(stream: S, exchange: Arc<Exchange>) -> Self {
        let (inbox, outbox) = (Inbox::new(), Outbox::default());
        let (receiving, under_way) = (Receiving::Header, UnderWay::default());
        Self { stream, exchange, inbox, outbox, receiving, under_way }
    }

    /// Accepts no more requests. One of which only a part was received is forgotten.
    fn stop(&mut self, end: End) {
        if self.end().is_some() {
            return;
        }
        let charge = match std::mem::replace(&mut self.receiving, Receiving::Nothing(end)) {
            Receiving::Data { accepted, .. } => accepted.charge,
            Receiving::Skipped { reply, .. } => reply.charge,
            Receiving::Header | Receiving::Nothing(_) => return,
        };
        self.under_way.end(charge);
        self.exchange.export.memory().release(charge);
    }

    /// The end, if nothing more is received.
    fn end(&self) -> Option<End> {
        match self.receiving {
            Receiving::Nothing(end) => Some(end),
            _ => None,
        }
    }

    /// Sends and receives as much as possible. Ready when nothing more is received, and all replies are sent.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<End, TransmissionError>> {
        loop {
            self.exchange.collect(self.outbox.queue(), context);
            self.send(context)?;
            let is_full = self.receive(context)?;
            if let Receiving::Nothing(end) = self.receiving
                && self.under_way.is_empty()
            {
                return Poll::Ready(Ok(end));
            }
            // Refusals are answered at once, and make place for requests. Other replies wake this task.
            let has_sent_refusals = !self.outbox.is_empty() && self.send(context)?;
            if !(is_full && has_sent_refusals) {
                return Poll::Pending;
            }
        }
    }

    /// Sends replies. Returns whether any has been sent completely.
    fn send(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let mut has_sent = false;
        while !self.outbox.is_empty() {
            let (memory, under_way) = (self.exchange.export.memory(), &mut self.under_way);
            let sent = self.outbox.poll_write(&mut self.stream, context, |reply| {
                has_sent = true;
                under_way.end(reply.charge);
                memory.release(reply.charge);
                reply.body.into_buffer().into_iter().for_each(|buffer| memory.give_back(buffer));
            });
            match sent {
                Poll::Ready(outcome) => outcome?,
                Poll::Pending => break,
            }
        }
        Ok(has_sent)
    }
}

impl<S> Drop for Transmission<S> {
    /// Gives back what the requests without a sent reply are charged with.
    fn drop(&mut self) {
        self.exchange.export.memory().release(self.under_way.bytes());
    }
}

impl Reply {
    /// A reply with an error.
    pub(super) fn refusal(
        form: ReplyForm,
        cookie: u64,
        offset: u64,
        refusal: Refusal,
        charge: usize,
    ) -> Self {
        let Refusal { code, mut text } = refusal;
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        let head = form.error(cookie, offset, code, &text);
        let body = if form == ReplyForm::Simple { Body::empty() } else { Body::Text(text) };
        Self { head, body, charge }
    }
}

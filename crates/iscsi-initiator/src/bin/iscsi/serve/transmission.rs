//! The transmission phase of one client: requests in, replies out.
//!
//! One task owns the stream. It accepts requests as far as the bounds on their number and their memory permit, hands them to
//! [workers](super::worker), and sends the replies that are there in one write. A client that does not read its replies is
//! not read from either, once its bounds are reached.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use iscsi_initiator::nbd::{CommandType, HeaderForm, ReplyForm, Request, RequestError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::drain::Drain;
use super::exchange::{Accepted, Exchange, MOST_IN_FLIGHT};
use super::export::Export;
use super::inbox::{Inbox, poll_read};
pub(crate) use super::operations::Replies;
use super::operations::{Refusal, check};
use super::outbox::{Body, Outbox, Reply};

/// The most bytes of requests of one connection that are under way.
const MOST_BYTES: usize = 64 << 20;
/// The longest data of a refused write that are read past. Longer ones end the connection.
const MOST_SKIPPED: u64 = 64 << 20;
/// What a request without data is charged with: its entries in queues.
const LEAST_CHARGE: usize = 512;
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
    /// Requests whose replies are not sent yet.
    in_flight: usize,
    /// The bytes that they are charged with.
    charged: usize,
}

/// What is received next.
enum Receiving {
    Header,
    /// The rest of the data of a write.
    Data {
        accepted: Accepted,
        received: usize,
    },
    /// The rest of the data of a request that is refused.
    Skipped {
        left: u64,
        reply: Reply,
    },
    /// Nothing more.
    Nothing(End),
}

/// What became of an attempt to receive.
enum Received {
    Something,
    /// The stream has no more bytes now.
    Waiting,
    /// The bounds of requests under way are reached.
    Full,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transmission<S> {
    fn new(stream: S, exchange: Arc<Exchange>) -> Self {
        let (inbox, outbox) = (Inbox::new(), Outbox::default());
        Self { stream, exchange, inbox, outbox, receiving: Receiving::Header, in_flight: 0, charged: 0 }
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
        self.in_flight -= 1;
        self.charged -= charge;
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
            let has_sent = self.send(context)?;
            let is_full = self.receive(context)?;
            if let Receiving::Nothing(end) = self.receiving
                && self.in_flight == 0
            {
                return Poll::Ready(Ok(end));
            }
            // Refusals are answered at once, and sent replies make place for requests.
            let has_sent_refusals = !self.outbox.is_empty() && self.send(context)?;
            if !(is_full && (has_sent || has_sent_refusals)) {
                return Poll::Pending;
            }
        }
    }

    /// Sends replies. Returns whether any has been sent completely.
    fn send(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let before = self.in_flight;
        while !self.outbox.is_empty() {
            let (memory, in_flight, charged) =
                (self.exchange.export.memory(), &mut self.in_flight, &mut self.charged);
            let sent = self.outbox.poll_write(&mut self.stream, context, |reply| {
                *in_flight -= 1;
                *charged -= reply.charge;
                memory.release(reply.charge);
                reply.body.into_buffer().into_iter().for_each(|buffer| memory.give_back(buffer));
            });
            match sent {
                Poll::Ready(outcome) => outcome?,
                Poll::Pending => break,
            }
        }
        Ok(self.in_flight < before)
    }

    /// Receives requests. Returns whether it stopped because there are too many.
    fn receive(&mut self, context: &mut Context<'_>) -> Result<bool, TransmissionError> {
        loop {
            let received = match &mut self.receiving {
                Receiving::Nothing(_) => Received::Waiting,
                Receiving::Header => self.receive_header(context)?,
                Receiving::Data { .. } => self.receive_data(context)?,
                Receiving::Skipped { .. } => self.skip(context)?,
            };
            match received {
                Received::Something => {}
                Received::Waiting => return Ok(false),
                Received::Full => return Ok(true),
            }
        }
    }

    fn receive_header(&mut self, context: &mut Context<'_>) -> Result<Received, TransmissionError> {
        let form = self.exchange.replies.form.requests();
        if self.inbox.bytes().len() < form.length() {
            return match self.inbox.poll_fill(&mut self.stream, context)? {
                Poll::Pending => Ok(Received::Waiting),
                Poll::Ready(true) => Ok(Received::Something),
                Poll::Ready(false) if self.inbox.bytes().is_empty() => {
                    self.receiving = Receiving::Nothing(End::Closed);
                    Ok(Received::Something)
                }
                Poll::Ready(false) => Err(TransmissionError::Truncated),
            };
        }
        let request = Request::decode(form, self.inbox.bytes())?;
        if request.command == CommandType::DISCONNECT {
            self.receiving = Receiving::Nothing(End::Disconnected);
            return Ok(Received::Something);
        }
        self.begin(&request, form, context)
    }

    /// Accepts or refuses a request, whose header is still in the inbox.
    fn begin(
        &mut self,
        request: &Request,
        form: HeaderForm,
        context: &Context<'_>,
    ) -> Result<Received, TransmissionError> {
        let checked = check(request, &self.exchange.export, self.exchange.replies);
        let length = if checked.is_ok() { data_length(request) } else { 0 };
        let charge = length.max(LEAST_CHARGE);
        if !self.try_charge(charge, context) {
            return Ok(Received::Full);
        }
        self.inbox.consume(form.length());
        match checked {
            Ok(()) => self.accept(request, length, charge),
            Err(refusal) => self.refuse(request, refusal, form, charge)?,
        }
        Ok(Received::Something)
    }

    /// Counts a request that begins, if the bounds permit it.
    fn try_charge(&mut self, charge: usize, context: &Context<'_>) -> bool {
        let is_first = self.in_flight == 0;
        let is_within = is_first || self.in_flight < MOST_IN_FLIGHT && self.charged + charge <= MOST_BYTES;
        if !is_within {
            return false;
        }
        let memory = self.exchange.export.memory();
        if !memory.try_charge(charge, is_first) {
            memory.wait(context.waker());
            // It may have been given back meanwhile.
            if !memory.try_charge(charge, is_first) {
                return false;
            }
        }
        self.in_flight += 1;
        self.charged += charge;
        true
    }

    fn accept(&mut self, request: &Request, length: usize, charge: usize) {
        let buffer = if length == 0 { BytesMut::new() } else { self.exchange.export.memory().take(length) };
        let mut accepted = Accepted { request: *request, buffer, charge };
        if request.command == CommandType::WRITE {
            self.inbox.expect_like(length);
            let received = self.inbox.copy_to(&mut accepted.buffer);
            if received < length {
                self.receiving = Receiving::Data { accepted, received };
                return;
            }
        }
        self.exchange.submit(accepted);
    }

    fn refuse(
        &mut self,
        request: &Request,
        refusal: Refusal,
        form: HeaderForm,
        charge: usize,
    ) -> Result<(), TransmissionError> {
        let Refusal { code, text } = &refusal;
        tracing::debug!(command = %request.command, request.offset, request.length, %code, text, "refused");
        let left = request.payload_length(form);
        if left > MOST_SKIPPED {
            return Err(TransmissionError::TooLong(left));
        }
        let reply_form = self.exchange.replies.form;
        let reply = Reply::refusal(reply_form, request.cookie, request.offset, refusal, charge);
        self.receiving = Receiving::Skipped { left, reply };
        Ok(())
    }

    /// Receives data of a write straight into their buffer.
    fn receive_data(&mut self, context: &mut Context<'_>) -> Result<Received, TransmissionError> {
        let Receiving::Data { accepted, received } = &mut self.receiving else {
            return Ok(Received::Waiting);
        };
        let place = accepted.buffer.get_mut(*received..).unwrap_or_default();
        match poll_read(&mut self.stream, context, place)? {
            Poll::Pending => return Ok(Received::Waiting),
            Poll::Ready(0) => return Err(TransmissionError::Truncated),
            Poll::Ready(count) => *received += count,
        }
        if *received == accepted.buffer.len()
            && let Receiving::Data { accepted, .. } =
                std::mem::replace(&mut self.receiving, Receiving::Header)
        {
            self.exchange.submit(accepted);
        }
        Ok(Received::Something)
    }

    /// Reads past the data of a request that is refused, and then answers it.
    fn skip(&mut self, context: &mut Context<'_>) -> Result<Received, TransmissionError> {
        let Receiving::Skipped { left, .. } = &mut self.receiving else { return Ok(Received::Waiting) };
        let there = self.inbox.bytes().len();
        let count = usize::try_from(*left).unwrap_or(usize::MAX).min(there);
        self.inbox.consume(count);
        *left -= count as u64;
        if *left == 0 {
            if let Receiving::Skipped { reply, .. } =
                std::mem::replace(&mut self.receiving, Receiving::Header)
            {
                self.outbox.queue().push_back(reply);
            }
            return Ok(Received::Something);
        }
        match self.inbox.poll_fill(&mut self.stream, context)? {
            Poll::Pending => Ok(Received::Waiting),
            Poll::Ready(true) => Ok(Received::Something),
            Poll::Ready(false) => Err(TransmissionError::Truncated),
        }
    }
}

impl<S> Drop for Transmission<S> {
    /// Gives back what the requests without a sent reply are charged with.
    fn drop(&mut self) {
        self.exchange.export.memory().release(self.charged);
    }
}

/// The bytes of data of a request that was checked.
fn data_length(request: &Request) -> usize {
    match request.command {
        CommandType::READ | CommandType::WRITE => usize::try_from(request.length).unwrap_or(usize::MAX),
        _ => 0,
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

//! The receiving side of a connection: headers, data of writes, and data that are read past.

use std::task::{Context, Poll};

use bytes::BytesMut;
use iscsi_initiator::nbd::{CommandType, HeaderForm, Request};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{End, MOST_SKIPPED, Transmission, TransmissionError};
use crate::serve::exchange::Accepted;
use crate::serve::inbox::poll_read;
use crate::serve::operations::{Refusal, check};
use crate::serve::outbox::Reply;

/// The charge of a request without data, for its entries in queues.
const LEAST_CHARGE: usize = 512;

/// The next thing to receive.
pub(super) enum Receiving {
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

/// The outcome of an attempt to receive.
enum Received {
    Something,
    /// The stream has no more bytes now.
    Waiting,
    /// The bounds of requests under way are reached.
    Full,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transmission<S> {
    /// Receives requests. Returns whether it stopped because there are too many.
    pub(super) fn receive(&mut self, context: &mut Context<'_>) -> Result<bool, TransmissionError> {
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
        let (memory, is_first) = (self.exchange.export.memory(), self.under_way.is_empty());
        let begins =
            self.under_way.admits(charge) && memory.charge_or_wait(charge, is_first, context.waker());
        if begins {
            self.under_way.begin(charge);
        }
        begins
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

/// The bytes of data of a request that was checked.
fn data_length(request: &Request) -> usize {
    match request.command {
        CommandType::READ | CommandType::WRITE => usize::try_from(request.length).unwrap_or(usize::MAX),
        _ => 0,
    }
}

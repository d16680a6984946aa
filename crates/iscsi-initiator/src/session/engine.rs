//! A session with the bytes of its connection, without a socket.

use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::{Digests, EncodedPdu, TargetPdu};

use super::failure::Failure;
use super::state::SessionState;
use crate::wire::{Inbox, Outbox};

/// The number of bytes queued for the socket beyond which no further PDU is encoded.
const OUTBOX_LIMIT: usize = 1 << 20;

/// A session and the bytes of its connection, both ways. Whoever drives it moves bytes, and tells it the time.
#[derive(Clone)]
pub struct Engine {
    /// The session.
    pub session: SessionState,
    inbox: Inbox,
    outbox: Outbox,
    digests: Digests,
}

impl Engine {
    /// A session whose connection has received the bytes of `inbox`, with the digests that were negotiated.
    #[must_use]
    pub fn new(session: SessionState, inbox: Inbox, digests: Digests) -> Self {
        Self { session, inbox, outbox: Outbox::default(), digests }
    }

    /// The buffer for received bytes, with space for one read behind those that are in it.
    pub fn space(&mut self) -> &mut BytesMut {
        self.inbox.with_space()
    }

    /// Passes the PDUs received so far to the session.
    pub fn receive(&mut self, now: Duration) {
        while self.session.end().is_none() {
            let next = self.inbox.next_pdu().and_then(|raw| raw.map(TargetPdu::decode).transpose());
            match next {
                Ok(Some(pdu)) => self.session.receive(pdu, now),
                Ok(None) => return,
                Err(error) => self.session.fail(error.into()),
            }
        }
    }

    /// The target has closed the connection: whole PDUs count, then the session fails.
    pub fn closed(&mut self, now: Duration) {
        self.receive(now);
        self.session.fail(Failure::Lost(self.inbox.end_of_stream().to_owned()));
    }

    /// The connection failed.
    pub fn lost(&mut self, reason: &dyn std::fmt::Display) {
        self.session.fail(Failure::Lost(reason.to_string()));
    }

    /// The number of bytes that wait to be sent.
    #[must_use]
    pub const fn unsent(&self) -> usize {
        self.outbox.bytes()
    }

    /// Sends as much as the command window permits and the socket accepts. `write` is one vectored write, which returns
    /// the number of bytes taken.
    pub fn send(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) {
        loop {
            self.fill_outbox();
            if self.unsent() == 0 {
                return;
            }
            if let Err(error) = self.outbox.write_to(&mut write) {
                return self.lost(&error);
            }
            if self.unsent() > 0 {
                return;
            }
        }
    }

    fn fill_outbox(&mut self) {
        while self.unsent() < OUTBOX_LIMIT {
            let Some(raw) = self.session.poll_transmit() else { return };
            match EncodedPdu::new(raw, self.digests) {
                Ok(pdu) => self.outbox.push(pdu),
                Err(error) => return self.session.fail(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;

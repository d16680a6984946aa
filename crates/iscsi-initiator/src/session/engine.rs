//! A session with the bytes of its connection, without a socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{DataIn, Digests, Head, Opcode, RawPdu, ScsiResponse, TargetPdu};

use super::failure::Failure;
use super::state::SessionState;
use crate::wire::{Inbox, Outbox, Received};

/// The number of bytes queued for the socket beyond which no further PDU is encoded: what comes later does not wait behind
/// much data.
const OUTBOX_LIMIT: usize = 256 << 10;

/// A session and the bytes of its connection, both ways. Whoever drives it moves bytes, and tells it the time.
#[derive(Clone)]
pub struct Engine {
    /// The session.
    pub session: SessionState,
    wire: Wire,
}

/// The bytes of a session's connection, both ways.
#[derive(Clone)]
pub(crate) struct Wire {
    inbox: Inbox,
    outbox: Outbox,
    digests: Digests,
}

impl Engine {
    /// A session whose connection has received the bytes of `inbox`, with the digests that were negotiated.
    #[must_use]
    pub fn new(session: SessionState, inbox: Inbox, digests: Digests) -> Self {
        Self { session, wire: Wire::new(inbox, digests) }
    }

    /// Goes on over another connection, which has received the bytes of `inbox`.
    pub fn reconnect(&mut self, inbox: Inbox, digests: Digests) {
        self.wire = Wire::new(inbox, digests);
    }

    /// Takes received bytes, in as many reads as they need, and passes their PDUs to the session.
    pub fn receive(&mut self, mut bytes: &[u8], now: Duration) {
        self.wire.receive(&mut self.session, now);
        while !bytes.is_empty() && self.session.end().is_none() {
            let taken = self.wire.inbox.put(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            self.wire.receive(&mut self.session, now);
        }
    }

    /// The target has closed the connection: whole PDUs count, then the session fails.
    pub fn closed(&mut self, now: Duration) {
        self.wire.receive(&mut self.session, now);
        self.wire.fail(&mut self.session, self.wire.end_of_stream());
    }

    /// The connection failed.
    pub fn lost(&mut self, reason: &dyn std::fmt::Display) {
        self.wire.fail(&mut self.session, Failure::Lost(reason.to_string()));
    }

    /// The number of bytes that wait to be sent.
    #[must_use]
    pub const fn unsent(&self) -> usize {
        self.wire.unsent()
    }

    /// Sends as much as the command window permits and the socket accepts. `write` is one vectored write, which returns
    /// the number of bytes taken.
    pub fn send(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) {
        loop {
            self.wire.fill(&mut self.session);
            if self.unsent() == 0 {
                return;
            }
            let written = self.wire.write(&mut write);
            self.wire.tell_written(&mut self.session);
            if let Err(error) = written {
                return self.lost(&error);
            }
            if self.unsent() > 0 {
                return;
            }
        }
    }
}

impl Wire {
    /// A connection that has received the bytes of `inbox`, with the digests that were negotiated.
    pub(crate) fn new(inbox: Inbox, digests: Digests) -> Self {
        Self { inbox, outbox: Outbox::default(), digests }
    }

    /// The places for the bytes of the next read, in this order.
    pub(crate) fn space(&mut self) -> [IoSliceMut<'_>; 2] {
        self.inbox.space()
    }

    /// Takes note that a read has put so many bytes into [`space`](Self::space).
    pub(crate) fn filled(&mut self, count: usize) {
        self.inbox.filled(count);
    }

    /// Passes what was received so far to the session.
    pub(crate) fn receive(&mut self, session: &mut SessionState, now: Duration) {
        self.tell_written(session);
        while session.end().is_none() {
            let next = match self.inbox.next_received() {
                Ok(Some(next)) => next,
                Ok(None) => return,
                Err(error) => return session.fail(error.into()),
            };
            session.heard(now);
            let taken = match next {
                Received::Pdu(head, data) => receive_pdu(session, head, data, now),
                Received::LongData(head) => {
                    DataIn::decode_bhs(head.bhs()).map(|pdu| self.lend(session, &pdu, &head))
                }
                Received::Landed(head, buffer) => DataIn::decode_bhs(head.bhs())
                    .map(|pdu| session.data_landed(&pdu, head.data_length(), buffer)),
            };
            if let Err(error) = taken {
                session.fail(error.into());
            }
        }
    }

    /// Encodes what the session wants to send, up to a limit.
    pub(crate) fn fill(&mut self, session: &mut SessionState) {
        while !self.is_full() {
            session.set_position(self.outbox.position());
            let Some(outgoing) = session.poll_transmit() else { return };
            if let Err(error) = self.outbox.push(outgoing, self.digests) {
                return session.fail(error.into());
            }
        }
    }

    /// The number of bytes that wait to be sent.
    pub(crate) const fn unsent(&self) -> usize {
        self.outbox.bytes()
    }

    /// Whether so much waits to be sent that no further PDU is encoded.
    pub(crate) const fn is_full(&self) -> bool {
        self.unsent() >= OUTBOX_LIMIT
    }

    /// Writes until nothing is left or the socket accepts no more. `write` is one vectored write.
    ///
    /// # Errors
    /// The reason why the connection is lost.
    pub(crate) fn write(&mut self, write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<()> {
        self.outbox.write_to(write)
    }

    /// Tells the session how much of what it sends was written. Whatever may end the session has to come after this: what was
    /// written by then may have been carried out.
    pub(crate) const fn tell_written(&self, session: &mut SessionState) {
        session.set_written(self.outbox.written());
    }

    /// The connection has failed.
    pub(crate) fn fail(&self, session: &mut SessionState, failure: Failure) {
        self.tell_written(session);
        session.fail(failure);
    }

    /// The failure of a connection that the target has closed.
    pub(crate) fn end_of_stream(&self) -> Failure {
        if self.inbox.is_empty() {
            Failure::Closed
        } else {
            Failure::Lost(self.inbox.end_of_stream().to_owned())
        }
    }

    /// Gives back the memory of an idle connection.
    pub(crate) fn release(&mut self) {
        self.inbox.release();
        self.outbox.release();
    }

    /// Whether [`release`](Self::release) may give something back.
    pub(crate) fn has_buffers(&self) -> bool {
        self.inbox.has_buffer() || self.outbox.has_buffer()
    }

    /// Has long data come to the place that the session has for them.
    fn lend(&mut self, session: &mut SessionState, pdu: &DataIn, head: &Head) {
        match session.lend(pdu, head.data_length()) {
            Some((buffer, at)) => self.inbox.land(buffer, at),
            None => self.inbox.collect(),
        }
    }
}

/// Passes a whole PDU to the session. Data of a Data-In are copied once, to their destination.
fn receive_pdu(
    session: &mut SessionState,
    head: &Head,
    data: &[u8],
    now: Duration,
) -> Result<(), iscsi_pdu::Error> {
    match head.bhs().opcode() {
        Opcode::DATA_IN => {
            session.receive_data_in(&DataIn::decode_bhs(head.bhs())?, data);
            return Ok(());
        }
        Opcode::SCSI_RESPONSE if data.is_empty() => {
            session.receive_scsi_response(&ScsiResponse::decode_bhs(head.bhs())?);
            return Ok(());
        }
        _ => {}
    }
    let raw = RawPdu::with_data(*head.bhs(), Bytes::copy_from_slice(data));
    session.receive(TargetPdu::decode(raw)?, now);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;

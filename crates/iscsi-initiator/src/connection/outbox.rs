//! PDUs on their way into the socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use iscsi_pdu::EncodedPdu;
use tokio::net::TcpStream;

/// PDUs offered to one vectored write.
const BATCH: usize = 12;
/// Slices of one PDU.
const PARTS: usize = 5;
const MOST_SLICES: usize = BATCH * PARTS;

/// A queue of PDUs of which the first may be half sent. The driver keeps it short.
#[derive(Default)]
pub(super) struct Outbox {
    queue: VecDeque<EncodedPdu>,
    /// Bytes of the first PDU that are already gone.
    sent: usize,
    bytes: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, pdu: EncodedPdu) {
        self.bytes += pdu.length();
        self.queue.push_back(pdu);
    }

    /// Bytes still to be sent.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes until the queue is empty or the socket takes no more.
    pub(super) fn write_to(&mut self, stream: &TcpStream) -> io::Result<()> {
        while !self.queue.is_empty() {
            let written = match self.write_batch(stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            self.forget(written);
        }
        Ok(())
    }

    fn write_batch(&self, stream: &TcpStream) -> io::Result<usize> {
        if self.queue.len() == 1 {
            self.write_slices::<PARTS>(stream)
        } else {
            self.write_slices::<MOST_SLICES>(stream)
        }
    }

    /// Writes from as many slices, which are on the stack.
    fn write_slices<const SLICES: usize>(&self, stream: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let parts = self.queue.iter().take(BATCH).flat_map(EncodedPdu::parts).filter(|part| !part.is_empty());
        let mut count = 0;
        let mut skip = self.sent;
        for part in parts {
            let begin = skip.min(part.len());
            skip -= begin;
            let (Some(rest), Some(slice)) = (part.get(begin..), slices.get_mut(count)) else { break };
            if !rest.is_empty() {
                *slice = IoSlice::new(rest);
                count += 1;
            }
        }
        stream.try_write_vectored(slices.get(..count).unwrap_or_default())
    }

    fn forget(&mut self, written: usize) {
        self.bytes -= written;
        self.sent += written;
        while let Some(first) = self.queue.front() {
            let length = first.length();
            if self.sent < length {
                return;
            }
            self.sent -= length;
            self.queue.pop_front();
        }
    }
}

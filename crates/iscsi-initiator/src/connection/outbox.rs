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

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use iscsi_pdu::{Bhs, Digests, Opcode, RawPdu};
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::connection::both_ends;

    /// A PDU of five parts, with so many bytes of data.
    fn pdu(length: usize, fill: u8) -> EncodedPdu {
        let raw = RawPdu {
            ahs: Some(Bytes::from(vec![fill; 4])),
            ..RawPdu::with_data(Bhs::new(Opcode::DATA_OUT), Bytes::from(vec![fill; length]))
        };
        EncodedPdu::new(raw, Digests { header: true, data: true }).unwrap()
    }

    /// An outbox with these PDUs, and what has to leave.
    fn filled(pdus: impl IntoIterator<Item = EncodedPdu>) -> (Outbox, BytesMut) {
        let (mut outbox, mut bytes) = (Outbox::default(), BytesMut::new());
        for pdu in pdus {
            pdu.append_to(&mut bytes);
            outbox.push(pdu);
            assert_eq!(outbox.bytes(), bytes.len());
        }
        (outbox, bytes)
    }

    async fn send(outbox: &mut Outbox, stream: &TcpStream) {
        while outbox.bytes() > 0 {
            stream.writable().await.unwrap();
            outbox.write_to(stream).unwrap();
        }
    }

    /// More than the socket takes at once: PDUs leave whole and in order, wherever a write was cut.
    #[tokio::test]
    async fn pdus_leave_whole_and_in_order_through_partial_writes() {
        let (ours, mut theirs) = both_ends().await;
        let (mut outbox, bytes) = filled((0..100).map(|number| pdu(usize::from(number) * 3001, number)));
        let mut received = vec![0; bytes.len()];
        tokio::join!(send(&mut outbox, &ours), async { theirs.read_exact(&mut received).await.unwrap() });
        assert!(bytes == received);
        assert!(outbox.queue.is_empty() && outbox.sent == 0);
    }

    /// One PDU, then a second when the first is gone, and an empty data segment.
    #[tokio::test]
    async fn single_pdus_leave_by_themselves() {
        let (ours, mut theirs) = both_ends().await;
        for length in [0, 1, 5] {
            let (mut outbox, bytes) = filled([pdu(length, 7)]);
            send(&mut outbox, &ours).await;
            let mut received = vec![0; bytes.len()];
            theirs.read_exact(&mut received).await.unwrap();
            assert!(bytes == received);
        }
    }

    /// Twelve PDUs of five parts are one write, and a thirteenth is another.
    #[tokio::test]
    async fn one_write_takes_a_batch() {
        let (ours, _theirs) = both_ends().await;
        ours.writable().await.unwrap();
        let (batch, bytes) = filled((0..12).map(|number| pdu(3, number)));
        assert_eq!(batch.write_batch(&ours).unwrap(), bytes.len());
        let (more, _) = filled((0..13).map(|number| pdu(3, number)));
        assert_eq!(more.write_batch(&ours).unwrap(), bytes.len());
    }

    /// A full socket is no error, and a lost one is.
    #[tokio::test]
    async fn a_full_socket_and_a_lost_one() {
        let (ours, theirs) = both_ends().await;
        ours.writable().await.unwrap();
        let (mut outbox, bytes) = filled((0..20).map(|number| pdu(1 << 20, number)));
        outbox.write_to(&ours).unwrap();
        assert!(outbox.bytes() > 0 && outbox.bytes() < bytes.len());
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        ours.writable().await.unwrap();
        let error = outbox.write_to(&ours).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::WouldBlock);
    }
}

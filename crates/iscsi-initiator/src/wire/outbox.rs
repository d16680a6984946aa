//! PDUs to be written to the socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use iscsi_pdu::EncodedPdu;

/// PDUs offered to one vectored write.
const BATCH: usize = 12;
/// Slices of one PDU.
const PARTS: usize = 5;
const MOST_SLICES: usize = BATCH * PARTS;

/// A queue of PDUs, of which the first may be sent in part. The session's task keeps it short.
#[derive(Clone, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<EncodedPdu>,
    /// The number of bytes of the first PDU that are already sent.
    sent: usize,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn push(&mut self, pdu: EncodedPdu) {
        self.bytes += pdu.length();
        self.queue.push_back(pdu);
    }

    /// Bytes still to be sent.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes until the queue is empty or the socket accepts no more. `write` is one vectored write, which returns the
    /// number of bytes taken.
    pub(crate) fn write_to(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<()> {
        while !self.queue.is_empty() {
            let written = match self.write_batch(&mut write) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            self.remove_sent(written);
        }
        Ok(())
    }

    fn write_batch(&self, write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        if self.queue.len() == 1 {
            self.write_slices::<PARTS>(write)
        } else {
            self.write_slices::<MOST_SLICES>(write)
        }
    }

    /// Writes from as many slices, which are on the stack.
    fn write_slices<const SLICES: usize>(
        &self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
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
        write(slices.get(..count).unwrap_or_default())
    }

    /// Drops the PDUs that are sent completely.
    fn remove_sent(&mut self, written: usize) {
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

    use super::*;

    /// A PDU of five parts, with so many bytes of data.
    fn pdu(length: usize, fill: u8) -> EncodedPdu {
        let raw = RawPdu {
            ahs: Some(Bytes::from(vec![fill; 4])),
            ..RawPdu::with_data(Bhs::new(Opcode::DATA_OUT), Bytes::from(vec![fill; length]))
        };
        EncodedPdu::new(raw, Digests { header: true, data: true }).unwrap()
    }

    /// An outbox with these PDUs, and the bytes that have to leave.
    fn filled(pdus: impl IntoIterator<Item = EncodedPdu>) -> (Outbox, BytesMut) {
        let (mut outbox, mut bytes) = (Outbox::default(), BytesMut::new());
        for pdu in pdus {
            pdu.append_to(&mut bytes);
            outbox.push(pdu);
            assert_eq!(outbox.bytes(), bytes.len());
        }
        (outbox, bytes)
    }

    /// A socket that takes so many bytes of each write, and then no more.
    struct Socket {
        received: Vec<u8>,
        at_a_time: usize,
        space: usize,
    }

    impl Socket {
        fn new(at_a_time: usize, space: usize) -> Self {
            Self { received: Vec::new(), at_a_time, space }
        }

        fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if self.space == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            let taken = all.len().min(self.at_a_time).min(self.space);
            self.space -= taken;
            self.received.extend_from_slice(&all[..taken]);
            Ok(taken)
        }
    }

    /// PDUs leave whole and in order, wherever a write was cut and however often the socket was full.
    #[test]
    fn pdus_leave_whole_and_in_order_through_partial_writes() {
        for at_a_time in [1, 3, 47, 48, 52, 1000, usize::MAX] {
            let (mut outbox, bytes) = filled((0..30).map(|number| pdu(usize::from(number) * 7, number)));
            let mut socket = Socket::new(at_a_time, 0);
            while outbox.bytes() > 0 {
                socket.space = 101;
                outbox.write_to(|slices| socket.write(slices)).unwrap();
                assert_eq!(outbox.bytes(), bytes.len() - socket.received.len());
            }
            assert!(bytes == socket.received, "{at_a_time}");
            assert!(outbox.queue.is_empty() && outbox.sent == 0);
        }
    }

    /// One PDU, then a second when the first is gone, and an empty data segment.
    #[test]
    fn single_pdus_leave_by_themselves() {
        for length in [0, 1, 5] {
            let (mut outbox, bytes) = filled([pdu(length, 7)]);
            let mut writes = Vec::new();
            let write = |slices: &[IoSlice<'_>]| {
                assert!(slices.iter().all(|slice| !slice.is_empty()));
                writes.push(slices.iter().map(|slice| slice.len()).sum::<usize>());
                Ok(writes[writes.len() - 1])
            };
            outbox.write_to(write).unwrap();
            assert_eq!(writes, [bytes.len()]);
        }
    }

    /// Twelve PDUs of five parts are one write, and a thirteenth is another.
    #[test]
    fn one_write_takes_a_batch() {
        for (count, writes) in [(12, 1), (13, 2), (24, 2), (25, 3)] {
            let (mut outbox, _) = filled((0..count).map(|number| pdu(3, number)));
            let mut seen = 0;
            outbox
                .write_to(|slices| {
                    seen += 1;
                    Ok(slices.iter().map(|slice| slice.len()).sum())
                })
                .unwrap();
            assert_eq!(seen, writes, "{count}");
        }
    }

    /// A full socket is no error, and a lost one is, as is one that takes nothing.
    #[test]
    fn a_full_socket_and_a_lost_one() {
        let (mut outbox, bytes) = filled([pdu(3, 7)]);
        let mut full = Socket::new(usize::MAX, 5);
        outbox.write_to(|slices| full.write(slices)).unwrap();
        assert_eq!(outbox.bytes(), bytes.len() - 5);
        let lost = outbox.write_to(|_| Err(io::ErrorKind::ConnectionReset.into()));
        assert_eq!(lost.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(outbox.write_to(|_| Ok(0)).unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}

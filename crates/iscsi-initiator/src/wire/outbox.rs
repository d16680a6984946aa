//! PDUs to be written to the socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use iscsi_pdu::{AdditionalHeaders, Bhs, Crc32c, Digests, Error, RawPdu, encode_headers, encode_trailer};

/// The most slices of one vectored write, and the number that suffices for most.
const MOST_SLICES: usize = 64;
const FEW_SLICES: usize = 4;
/// The sent headers that may stay in front of those that are not.
const MOST_SENT_HEADERS: usize = 16 << 10;

/// A PDU to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The header, without the length of the data.
    pub bhs: Bhs,
    /// What follows it in front of the data. Few commands have some, so they are apart.
    pub additional_headers: Option<Box<AdditionalHeaders>>,
    /// The data, or the first piece of them.
    pub data: Bytes,
    /// The further pieces of the data, which few PDUs have.
    pub rest: Option<Box<[Bytes]>>,
}

/// PDUs in wire form. Headers, padding and digests are one behind the other in one reused buffer; data stay where they
/// are. The session keeps it short.
#[derive(Clone, Default)]
pub(crate) struct Outbox {
    /// Headers and what follows the data.
    headers: Vec<u8>,
    /// The bytes of `headers` in front of the first part.
    sent_headers: usize,
    parts: VecDeque<Part>,
    /// The number of bytes of the first part, if it is data, that are already sent.
    sent: usize,
    bytes: usize,
    /// The number of bytes that were written so far.
    written: u64,
}

/// Consecutive bytes of the stream.
#[derive(Clone)]
enum Part {
    /// The next bytes of the headers.
    Headers(usize),
    Data(Bytes),
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Self::Headers(length) => *length,
            Self::Data(data) => data.len(),
        }
    }
}

impl From<RawPdu> for Outgoing {
    fn from(RawPdu { bhs, ahs, data }: RawPdu) -> Self {
        debug_assert!(ahs.is_none(), "only commands have additional headers");
        Self { bhs, additional_headers: None, data, rest: None }
    }
}

impl Outgoing {
    /// The length of its data in bytes.
    pub(crate) fn data_length(&self) -> usize {
        self.data.len() + self.rest.iter().flatten().map(Bytes::len).sum::<usize>()
    }
}

impl Outbox {
    /// Appends a PDU.
    ///
    /// # Errors
    /// As [`encode_headers`].
    pub(crate) fn push(&mut self, outgoing: Outgoing, digests: Digests) -> Result<(), Error> {
        let (before, length) = (self.headers.len(), outgoing.data_length());
        let Outgoing { bhs, additional_headers, data, rest } = outgoing;
        let additional = additional_headers.as_deref().and_then(AdditionalHeaders::as_bytes);
        encode_headers(bhs, additional.map_or(&[], |bytes| bytes), length, digests, &mut self.headers)?;
        self.push_headers(before);
        if length == 0 {
            return Ok(());
        }
        let crc = digests.data.then(|| {
            let first = Crc32c::new().update(&data);
            rest.iter().flatten().fold(first, |crc, piece| crc.update(piece))
        });
        self.push_data(data);
        if let Some(rest) = rest {
            rest.into_iter().for_each(|piece| self.push_data(piece));
        }
        let before = self.headers.len();
        encode_trailer(length, crc, &mut self.headers);
        self.push_headers(before);
        Ok(())
    }

    /// Bytes still to be sent.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of bytes that were written so far.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// The place in the stream at which the next PDU begins.
    pub(crate) const fn position(&self) -> u64 {
        self.written + self.bytes as u64
    }

    /// Writes until the queue is empty or the socket accepts no more. `write` is one vectored write, which returns the
    /// number of bytes taken.
    pub(crate) fn write_to(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<()> {
        while !self.parts.is_empty() {
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

    /// Gives the memory back if nothing is left to be sent.
    pub(crate) fn release(&mut self) {
        if self.parts.is_empty() {
            *self = Self { written: self.written, ..Self::default() };
        }
    }

    /// Whether there is memory to give back. Every PDU has headers.
    pub(crate) const fn has_buffer(&self) -> bool {
        self.headers.capacity() > 0
    }

    /// Adds what was appended to the headers since they had this length. Consecutive headers are one part.
    fn push_headers(&mut self, before: usize) {
        let added = self.headers.len() - before;
        self.bytes += added;
        match self.parts.back_mut() {
            Some(Part::Headers(length)) => *length += added,
            _ if added > 0 => self.parts.push_back(Part::Headers(added)),
            _ => {}
        }
    }

    fn push_data(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.bytes += data.len();
            self.parts.push_back(Part::Data(data));
        }
    }

    fn write_batch(&self, write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        if self.parts.len() <= FEW_SLICES {
            self.write_slices::<FEW_SLICES>(write)
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
        let (mut skip, mut headers) = (self.sent, self.headers.get(self.sent_headers..).unwrap_or_default());
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            let bytes = match part {
                Part::Headers(length) => headers.split_off(..*length).unwrap_or_default(),
                Part::Data(data) => data,
            };
            *slice = IoSlice::new(bytes.get(skip..).unwrap_or_default());
            skip = 0;
        }
        write(slices.get(..self.parts.len()).unwrap_or(&slices))
    }

    /// Drops the parts that are sent completely, and of headers what is sent.
    fn remove_sent(&mut self, written: usize) {
        self.bytes -= written;
        self.written += written as u64;
        if self.bytes == 0 {
            self.parts.clear();
            self.headers.clear();
            (self.sent, self.sent_headers) = (0, 0);
            return;
        }
        self.sent += written;
        while let Some(first) = self.parts.front_mut() {
            let length = first.length();
            let sent = self.sent.min(length);
            match first {
                Part::Headers(left) => {
                    *left -= sent;
                    self.sent_headers += sent;
                    self.sent -= sent;
                }
                Part::Data(_) if sent == length => self.sent -= sent,
                Part::Data(_) => {}
            }
            if sent < length {
                break;
            }
            self.parts.pop_front();
        }
        self.forget_sent_headers();
    }

    /// Drops the headers that are sent when they are many.
    fn forget_sent_headers(&mut self) {
        if self.sent_headers > MOST_SENT_HEADERS {
            self.headers.drain(..self.sent_headers);
            self.sent_headers = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use iscsi_pdu::{Bhs, EncodedPdu, Opcode};

    use super::*;

    const BOTH: Digests = Digests { header: true, data: true };
    const NONE: Digests = Digests { header: false, data: false };

    /// A PDU with so many bytes of data.
    fn pdu(length: usize, fill: u8) -> RawPdu {
        RawPdu::with_data(Bhs::new(Opcode::DATA_OUT), Bytes::from(vec![fill; length]))
    }

    /// The PDU with its data in pieces of this length.
    fn in_pieces(mut pdu: RawPdu, length: usize) -> Outgoing {
        let mut data = std::mem::take(&mut pdu.data);
        let mut pieces = Vec::new();
        while !data.is_empty() {
            pieces.push(data.split_to(length.min(data.len())));
        }
        Outgoing { rest: Some(pieces.into()), ..pdu.into() }
    }

    /// An outbox with these PDUs, and the bytes that have to leave.
    fn filled(pdus: impl IntoIterator<Item = RawPdu>) -> (Outbox, BytesMut) {
        let (mut outbox, mut bytes) = (Outbox::default(), BytesMut::new());
        for pdu in pdus {
            EncodedPdu::new(pdu.clone(), BOTH).unwrap().append_to(&mut bytes);
            outbox.push(pdu.into(), BOTH).unwrap();
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
            assert!(outbox.parts.is_empty() && outbox.headers.is_empty());
            assert_eq!((outbox.sent, outbox.sent_headers), (0, 0));
        }
    }

    /// One PDU, with and without data, padding and digests, is one write without empty slices.
    #[test]
    fn single_pdus_leave_by_themselves() {
        for (length, digests) in [0, 1, 4, 5].into_iter().flat_map(|length| [(length, BOTH), (length, NONE)])
        {
            let (mut outbox, mut bytes) = (Outbox::default(), BytesMut::new());
            EncodedPdu::new(pdu(length, 7), digests).unwrap().append_to(&mut bytes);
            outbox.push(pdu(length, 7).into(), digests).unwrap();
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

    /// Data in pieces leave as the same bytes, under one digest.
    #[test]
    fn data_in_pieces_are_one_segment() {
        for (length, piece) in [(0, 1), (1, 1), (10, 3), (10, 10), (4096, 1000)] {
            let (_, bytes) = filled([pdu(length, 5)]);
            let (mut outbox, mut socket) = (Outbox::default(), Socket::new(usize::MAX, usize::MAX));
            outbox.push(in_pieces(pdu(length, 5), piece), BOTH).unwrap();
            outbox.write_to(|slices| socket.write(slices)).unwrap();
            assert!(bytes == socket.received, "{length} {piece}");
        }
    }

    /// 32 PDUs with data are 64 or 65 parts: 64 are one write.
    #[test]
    fn one_write_takes_a_batch() {
        let count = |pdus: Vec<RawPdu>, digests| {
            let (mut outbox, mut seen) = (Outbox::default(), 0);
            for pdu in pdus {
                outbox.push(pdu.into(), digests).unwrap();
            }
            outbox
                .write_to(|slices| {
                    seen += 1;
                    Ok(slices.iter().map(|slice| slice.len()).sum())
                })
                .unwrap();
            seen
        };
        // The digest of one PDU and the headers of the next are one part.
        let with_data = |number| vec![pdu(4, 7); number];
        assert_eq!([31, 32].map(|number| count(with_data(number), BOTH)), [1, 2]);
        assert_eq!([32, 33].map(|number| count(with_data(number), NONE)), [1, 2]);
        assert_eq!(count(vec![pdu(0, 7); 1000], BOTH), 1);
    }

    /// A socket that is never empty does not make the buffer of the headers grow.
    #[test]
    fn sent_headers_are_forgotten() {
        let (mut outbox, _) = filled([pdu(0, 7)]);
        let mut socket = Socket::new(usize::MAX, 0);
        for _ in 0..10_000 {
            outbox.push(pdu(0, 7).into(), BOTH).unwrap();
            socket.space = 52;
            outbox.write_to(|slices| socket.write(slices)).unwrap();
            assert_eq!(outbox.bytes(), 52);
            assert!(outbox.headers.len() <= MOST_SENT_HEADERS + 3 * 52);
        }
        outbox.release();
        assert!(outbox.has_buffer());
        outbox.write_to(|slices| Ok(slices.iter().map(|slice| slice.len()).sum())).unwrap();
        assert!(outbox.has_buffer());
        outbox.release();
        assert!(!outbox.has_buffer());
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

//! Received bytes, in memory that is reused, and the PDUs in them.

use std::io::{self, ErrorKind, Read as _};
use std::net::TcpStream;

use iscsi_pdu::{BHS_LENGTH, Bhs, Crc32c, Digests};

const SIZE: usize = 2 << 20;
const DIGEST: usize = 4;

/// The inbox of a connection.
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The digests of received PDUs.
    pub(super) digests: Digests,
}

/// The result of a read.
pub(super) enum Arrived {
    Bytes,
    /// No bytes within the time limit of the stream.
    Nothing,
    /// The initiator has closed the connection.
    End,
}

/// The place of a PDU in the inbox, without additional headers.
pub(super) struct Pdu {
    pub(super) bhs: Bhs,
    data: usize,
    data_length: usize,
    length: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; SIZE], start: 0, end: 0, digests: Digests::default() }
    }

    /// Reads once, behind the bytes that are there.
    pub(super) fn fill(&mut self, stream: &mut TcpStream) -> io::Result<Arrived> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        match stream.read(&mut self.bytes[self.end..]) {
            Ok(0) => Ok(Arrived::End),
            Ok(count) => {
                self.end += count;
                Ok(Arrived::Bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Arrived::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Takes the next PDU; `None` if it is incomplete. Its data stay in place until the next [`fill`](Self::fill).
    pub(super) fn next(&mut self) -> io::Result<Option<Pdu>> {
        let received = &self.bytes[self.start..self.end];
        let Some(header) = received.first_chunk::<BHS_LENGTH>() else { return Ok(None) };
        let pdu = self.measure(Bhs::from_bytes(*header))?;
        if received.len() < pdu.length {
            return Ok(None);
        }
        self.check_digests(&pdu)?;
        self.start += pdu.length;
        Ok(Some(pdu))
    }

    pub(super) fn data(&self, pdu: &Pdu) -> &[u8] {
        &self.bytes[pdu.data..pdu.data + pdu.data_length]
    }

    fn measure(&self, bhs: Bhs) -> io::Result<Pdu> {
        let data_length = usize::try_from(bhs.data_segment_length()).map_err(io::Error::other)?;
        let in_header = BHS_LENGTH + DIGEST * usize::from(self.digests.header);
        let digest = DIGEST * usize::from(self.digests.data && data_length > 0);
        let length = in_header + data_length.next_multiple_of(4) + digest;
        if bhs.ahs_length() > 0 || length > SIZE / 2 {
            return Err(io::Error::other("additional headers, or a data segment above 1 MiB"));
        }
        Ok(Pdu { bhs, data: self.start + in_header, data_length, length })
    }

    fn check_digests(&self, pdu: &Pdu) -> io::Result<()> {
        let is_right = |from: usize, length: usize| {
            let (covered, digest) = self.bytes[from..from + length + DIGEST].split_at(length);
            Crc32c::new().update(covered).to_field() == digest
        };
        let header = !self.digests.header || is_right(self.start, BHS_LENGTH);
        let padded = pdu.data_length.next_multiple_of(4);
        let data = !self.digests.data || padded == 0 || is_right(pdu.data, padded);
        if header && data { Ok(()) } else { Err(io::Error::other("a wrong digest")) }
    }
}

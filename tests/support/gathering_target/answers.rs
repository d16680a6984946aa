//! Answers that wait to be sent together: headers in memory that is reused, read data where they are on the medium.

use std::io::{self, IoSlice, Write as _};
use std::net::TcpStream;
use std::ops::Range;

use iscsi_pdu::{Crc32c, Digests, EncodedPdu, RawPdu};

/// The outbox of a connection.
pub(super) struct Answers {
    digests: Digests,
    /// Headers, digests and small data segments.
    staged: Vec<u8>,
    pieces: Vec<Piece>,
}

/// A piece of the outgoing stream.
enum Piece {
    /// The staged bytes up to this place, from where the piece before ended.
    Staged(usize),
    Medium(Range<usize>),
}

impl Answers {
    pub(super) const fn new(digests: Digests) -> Self {
        Self { digests, staged: Vec::new(), pieces: Vec::new() }
    }

    /// Adds a whole PDU.
    pub(super) fn push(&mut self, raw: RawPdu) {
        let pdu = EncodedPdu::new(raw, self.digests).expect("the target's PDUs are short enough");
        pdu.parts().iter().for_each(|part| self.staged.extend_from_slice(part));
        self.end_staged();
    }

    /// Adds a PDU whose data segment is this range of the medium, a multiple of four bytes.
    pub(super) fn push_from(&mut self, raw: &RawPdu, medium: &[u8], range: Range<usize>) {
        let mut header = *raw.bhs.as_bytes();
        let length = u32::try_from(range.len()).expect("a data segment is short");
        header[5..8].copy_from_slice(&length.to_be_bytes()[1..]);
        self.staged.extend_from_slice(&header);
        if self.digests.header {
            self.staged.extend_from_slice(&Crc32c::new().update(&header).to_field());
        }
        self.end_staged();
        self.pieces.push(Piece::Medium(range.clone()));
        if self.digests.data {
            self.staged.extend_from_slice(&Crc32c::new().update(&medium[range]).to_field());
            self.end_staged();
        }
    }

    /// Staged bytes behind each other are one piece.
    fn end_staged(&mut self) {
        let end = self.staged.len();
        match self.pieces.last_mut() {
            Some(Piece::Staged(last)) => *last = end,
            _ => self.pieces.push(Piece::Staged(end)),
        }
    }

    /// Sends everything by one vectored write, if the socket takes it and the system takes as many pieces.
    pub(super) fn send(&mut self, stream: &mut TcpStream, medium: &[u8]) -> io::Result<()> {
        let (mut slices, mut begin) = (Vec::with_capacity(self.pieces.len()), 0);
        for piece in &self.pieces {
            slices.push(IoSlice::new(match piece {
                Piece::Staged(end) => &self.staged[std::mem::replace(&mut begin, *end)..*end],
                Piece::Medium(range) => &medium[range.clone()],
            }));
        }
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let sent = stream.write_vectored(rest)?;
            IoSlice::advance_slices(&mut rest, sent);
        }
        self.staged.clear();
        self.pieces.clear();
        Ok(())
    }
}

//! Received bytes of full feature phase, and where they go.

use std::io::IoSliceMut;

use bytes::BytesMut;
use iscsi_pdu::{BHS_LENGTH, Crc32c, Decoder, Digests, Error, Head, Opcode};

/// The size of the buffer at first: thousands of sessions that send a command now and then need it at the same time.
const FIRST_READ: usize = 1 << 10;
/// The size of the buffer after a first read that filled it, and the length of a read between large transfers.
const SMALL_READ: usize = 8 << 10;
/// The size of the buffer after another read that filled it.
const LARGE_READ: usize = 64 << 10;
const DIGEST_LENGTH: usize = 4;
/// Read data of which so many bytes are missing are read to their destination.
const LANDING_LENGTH: usize = 8 << 10;

/// A reused buffer for received bytes, with their decoder. Long data of a Data-In PDU bypass the buffer: they are read to
/// the place where the caller wants them. An idle connection has no buffer.
#[derive(Clone)]
pub struct Inbox {
    decoder: Decoder,
    buffer: Vec<u8>,
    /// The received bytes in the buffer.
    begin: usize,
    end: usize,
    /// The headers at the front, once they are complete and checked.
    head: Option<Head>,
    /// Whether they are those of the PDU before.
    is_head_taken: bool,
    /// Whether the long data at the front come into the buffer.
    collects: bool,
    landing: Option<Landing>,
    /// The most bytes that one read puts into the buffer.
    read_length: usize,
    /// Whether the last read put as many bytes into the buffer.
    is_filled: bool,
    landing_length: usize,
}

/// Read data on their way to a destination.
#[derive(Clone, Debug)]
struct Landing {
    head: Head,
    buffer: BytesMut,
    /// The part of the destination that is still missing.
    at: usize,
    end: usize,
    /// The CRC of the data so far, if they have a digest.
    crc: Option<Crc32c>,
}

/// What the inbox has next.
pub enum Received<'a> {
    /// A whole PDU: its headers and data. No PDU of a target has additional headers.
    Pdu(&'a Head, &'a [u8]),
    /// The headers of a Data-In PDU of whose data many are missing. [`Inbox::land`] gives them a destination;
    /// [`Inbox::collect`] has them come into the buffer.
    LongData(Head),
    /// The headers of such a PDU, and its destination with all data.
    Landed(Head, BytesMut),
}

impl Inbox {
    /// An inbox that begins with the bytes that came behind the last Login Response. The digests and the segment length
    /// that the initiator declared are in force (DIG-02).
    #[must_use]
    pub fn new(received: &[u8], digests: Digests, max_data_segment_length: u32) -> Self {
        let mut decoder = Decoder::new(max_data_segment_length);
        decoder.set_full_feature(digests, max_data_segment_length);
        Self {
            decoder,
            buffer: received.to_vec(),
            begin: 0,
            end: received.len(),
            head: None,
            is_head_taken: false,
            collects: false,
            landing: None,
            read_length: FIRST_READ,
            is_filled: false,
            landing_length: LANDING_LENGTH,
        }
    }

    /// The same inbox, in which data bypass the buffer when this many bytes or more are missing. For simulation, in which
    /// PDUs are small.
    #[must_use]
    pub const fn landing_from(mut self, length: usize) -> Self {
        self.landing_length = length;
        self
    }

    /// The places for the bytes of the next read, in this order. Neither needs to be filled.
    pub fn space(&mut self) -> [IoSliceMut<'_>; 2] {
        self.make_space();
        let Self { buffer, end, landing, read_length, .. } = self;
        let free = buffer.get_mut(*end..).unwrap_or_default();
        let (missing, length) = match landing {
            // Bytes further behind would be copied, although they may be long data as well.
            Some(landing) => {
                let beside = landing.beside();
                (landing.missing(), beside)
            }
            None => (&mut [][..], *read_length),
        };
        let length = length.min(free.len());
        [missing, free.get_mut(..length).unwrap_or_default()].map(IoSliceMut::new)
    }

    /// Takes note that a read has put so many bytes into [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        let landed = self.landing.as_mut().map_or(0, |landing| landing.filled(count));
        let buffered = count - landed;
        let offered = (self.buffer.len() - self.end).min(self.read_length);
        self.is_filled = self.landing.is_none() && buffered >= offered;
        self.end = self.end.saturating_add(buffered).min(self.buffer.len());
    }

    /// Takes as many bytes as one read would, and returns their number. For simulation and tests.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        for mut place in self.space() {
            let (taken, later) = rest.split_at(place.len().min(rest.len()));
            if let Some(place) = place.get_mut(..taken.len()) {
                place.copy_from_slice(taken);
            }
            rest = later;
        }
        let taken = bytes.len() - rest.len();
        self.filled(taken);
        taken
    }

    /// What comes next; `None` while bytes are missing for it.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn next_received(&mut self) -> Result<Option<Received<'_>>, Error> {
        if let Some(landing) = self.landing.take() {
            return self.landed(landing);
        }
        if self.begin == self.end {
            return Ok(None);
        }
        let received = self.buffer.get(self.begin..self.end).unwrap_or_default();
        if self.is_head_taken || self.head.is_none() {
            self.head = self.decoder.head(received)?;
            self.is_head_taken = false;
        }
        let Some(head) = &self.head else { return Ok(None) };
        let Some(pdu) = received.get(..head.pdu_length()) else {
            let missing = (head.length() + head.data_length()).saturating_sub(received.len());
            let is_long = head.bhs().opcode() == Opcode::DATA_IN && missing >= self.landing_length;
            return Ok((is_long && !self.collects).then_some(Received::LongData(*head)));
        };
        (self.begin, self.collects, self.is_head_taken) = (self.begin + pdu.len(), false, true);
        let (data, trailer) = pdu.get(head.length()..).unwrap_or_default().split_at(head.data_length());
        if head.has_data_digest() {
            head.verify_data(Crc32c::new().update(data), trailer)?;
        }
        Ok(Some(Received::Pdu(head, data)))
    }

    /// Has the long data come into the buffer: the session has no place for them.
    pub const fn collect(&mut self) {
        self.collects = true;
    }

    /// Has the long data come to `buffer` from `at` on, which has space for them.
    pub fn land(&mut self, mut buffer: BytesMut, at: usize) {
        let Some(head) = self.head.take() else { return };
        let received = self.buffer.get(self.begin + head.length()..self.end).unwrap_or_default();
        let crc = head.has_data_digest().then(|| Crc32c::new().update(received));
        let end = at + head.data_length();
        if let Some(place) = buffer.get_mut(at..end).and_then(|place| place.get_mut(..received.len())) {
            place.copy_from_slice(received);
        }
        self.landing = Some(Landing { head, buffer, at: at + received.len(), end, crc });
        (self.begin, self.end, self.read_length, self.is_filled) = (0, 0, SMALL_READ, false);
    }

    /// A description of the end of the stream at this point.
    #[must_use]
    pub const fn end_of_stream(&self) -> &'static str {
        end_of_stream(self.is_empty())
    }

    /// Whether nothing was received that was not taken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.begin == self.end && self.landing.is_none()
    }

    /// Gives the buffer back if nothing is in it.
    pub fn release(&mut self) {
        if self.is_empty() {
            (self.begin, self.end, self.buffer, self.read_length) = (0, 0, Vec::new(), FIRST_READ);
        }
    }

    /// Whether there is a buffer.
    #[must_use]
    pub const fn has_buffer(&self) -> bool {
        self.buffer.capacity() > 0
    }

    /// Long data with their destination, once they and what follows them are complete.
    fn landed(&mut self, landing: Landing) -> Result<Option<Received<'_>>, Error> {
        let trailer = self.begin + landing.head.trailer_length();
        if landing.at < landing.end || self.end < trailer {
            self.landing = Some(landing);
            return Ok(None);
        }
        let Landing { head, buffer, crc, .. } = landing;
        let received = self.buffer.get(self.begin..trailer).unwrap_or_default();
        self.begin = trailer;
        head.verify_data(crc.unwrap_or_default(), received)?;
        Ok(Some(Received::Landed(head, buffer)))
    }

    /// Moves the received bytes to the front, and makes space for a read behind them.
    fn make_space(&mut self) {
        if self.begin > 0 {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        if self.is_filled {
            self.read_length = if self.read_length < SMALL_READ { SMALL_READ } else { LARGE_READ };
        }
        let head = self.head.as_ref().filter(|_| !self.is_head_taken);
        // Headers fit into any buffer.
        let size = head.map_or(0, Head::pdu_length).max(self.read_length);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }
}

impl Landing {
    /// The place of the data that are missing.
    fn missing(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.at..self.end).unwrap_or_default()
    }

    /// The number of bytes behind the data that are read together with them: what belongs to their PDU, and the headers
    /// of the next one.
    const fn beside(&self) -> usize {
        self.head.trailer_length() + BHS_LENGTH + DIGEST_LENGTH
    }

    /// Takes note of the first bytes of a read; returns how many of them belong to the data.
    fn filled(&mut self, count: usize) -> usize {
        let count = count.min(self.end - self.at);
        let end = self.at + count;
        // Each byte is added while it is in the processor's cache.
        self.crc = self.crc.map(|crc| crc.update(self.buffer.get(self.at..end).unwrap_or_default()));
        self.at = end;
        count
    }
}

/// A description of the end of the stream, between two PDUs or inside one.
pub(super) const fn end_of_stream(is_between: bool) -> &'static str {
    if is_between { "closed by the target" } else { "closed by the target inside a PDU" }
}

#[cfg(test)]
mod tests;

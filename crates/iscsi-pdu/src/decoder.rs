//! Cutting PDUs off a byte stream (RFC 7143, 11.1 and 11.2).

use bytes::{Buf, BytesMut};

use crate::digest::{Crc32c, Digests};
use crate::header::{BHS_LENGTH, Bhs, DigestPart, Error, RawPdu};

const DIGEST_LENGTH: usize = 4;

/// Cuts a byte stream into PDUs, whatever pieces it arrives in.
///
/// ```
/// use bytes::BytesMut;
/// use iscsi_pdu::{Decoder, Digests, NopIn, EncodedPdu};
///
/// let mut stream = BytesMut::from(&[0_u8; 48][..]);
/// stream[0] = 0x20; // NOP-In
/// let mut decoder = Decoder::new(8192);
/// let raw = decoder.decode(&mut stream)?.expect("a whole PDU is there");
/// assert!(NopIn::decode(raw)?.data.is_empty());
/// # Ok::<(), iscsi_pdu::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    digests: Digests,
    max_data_segment_length: u32,
    /// Is the header at the front of the stream known to be right?
    head_verified: bool,
    /// CRC of the first `covered` bytes of its data and padding, if they have a digest.
    crc: Crc32c,
    covered: usize,
}

impl Decoder {
    /// A decoder without digests that takes data segments up to `max_data_segment_length` bytes, the
    /// `MaxRecvDataSegmentLength` that was declared (8192 during login).
    #[must_use]
    pub const fn new(max_data_segment_length: u32) -> Self {
        let digests = Digests { header: false, data: false };
        Self { digests, max_data_segment_length, head_verified: false, crc: Crc32c::new(), covered: 0 }
    }

    /// Switches digests and limit, between two PDUs: full feature phase begins (DIG-02).
    pub const fn set_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.digests = digests;
        self.max_data_segment_length = max_data_segment_length;
    }

    /// Takes the next PDU off the front of `stream` once it is whole; `None` when more bytes are needed.
    ///
    /// The header is judged as soon as it is there; the data digest is computed over what has come of the segment at
    /// each call. The data segment is a slice of `stream`, not a copy.
    ///
    /// # Errors
    /// [`Error::TooLong`] before anything is reserved for it, [`Error::Digest`]. A PDU whose data digest is bad is
    /// taken off the stream, which can then go on; after any other error it cannot.
    pub fn decode(&mut self, stream: &mut BytesMut) -> Result<Option<RawPdu>, Error> {
        let Some(bhs) = stream.first_chunk() else { return Ok(None) };
        let extent = Extent::new(bhs, self.digests);
        if !self.head_verified && !self.verify_head(extent, stream)? {
            return Ok(None);
        }
        if self.digests.data {
            self.cover(stream.get(extent.head..).unwrap_or_default(), extent.padded);
        }
        let Some(bytes) = stream.get(..extent.whole) else { return Ok(None) };
        let verdict = self.verify_data(extent, bytes);
        (self.head_verified, self.crc, self.covered) = (false, Crc32c::new(), 0);
        if verdict.is_err() {
            stream.advance(extent.whole);
        }
        verdict.map(|()| extent.take(stream))
    }

    /// How many bytes are still missing before [`Self::decode`] can go a step further.
    #[must_use]
    pub fn bytes_needed(&self, stream: &BytesMut) -> usize {
        let wanted = match stream.first_chunk().map(|bhs| Extent::new(bhs, self.digests)) {
            Some(extent) if self.head_verified => extent.whole,
            Some(extent) => extent.head,
            None => BHS_LENGTH,
        };
        wanted.saturating_sub(stream.len())
    }

    /// Is the decoder between two PDUs, so that the stream may end here?
    #[must_use]
    pub fn is_idle(&self, stream: &BytesMut) -> bool {
        stream.is_empty()
    }

    /// Judges the header at the front of `stream`; false while it is not whole.
    fn verify_head(&mut self, extent: Extent, stream: &[u8]) -> Result<bool, Error> {
        if !self.digests.header {
            self.check_data_length(extent)?;
        }
        let Some(head) = stream.get(..extent.head) else { return Ok(false) };
        if let (true, Some((covered, digest))) = (self.digests.header, head.split_last_chunk()) {
            // Nothing in the header is believed before its digest is.
            verify(DigestPart::Header, Crc32c::new().update(covered), *digest)?;
            self.check_data_length(extent)?;
        }
        self.head_verified = true;
        Ok(true)
    }

    /// Takes into the CRC what has come of data and padding since the last time.
    fn cover(&mut self, data: &[u8], padded: usize) {
        let end = data.len().min(padded);
        if let Some(fresh) = data.get(self.covered..end) {
            self.crc = self.crc.update(fresh);
            self.covered = end;
        }
    }

    /// Judges the data of a whole PDU by what has been covered; an empty segment has no digest (DIG-04).
    fn verify_data(&self, extent: Extent, pdu: &[u8]) -> Result<(), Error> {
        match pdu.last_chunk() {
            Some(digest) if self.digests.data && extent.data > 0 => {
                verify(DigestPart::Data, self.crc, *digest)
            }
            _ => Ok(()),
        }
    }

    /// PDU-12: checked before the segment is waited for.
    fn check_data_length(&self, extent: Extent) -> Result<(), Error> {
        if extent.data <= self.max_data_segment_length {
            return Ok(());
        }
        let limit = self.max_data_segment_length;
        Err(Error::TooLong { field: "DataSegmentLength", length: extent.data, limit })
    }
}

/// How far the parts of the PDU at the front of a stream reach, in bytes.
#[derive(Clone, Copy)]
struct Extent {
    /// `TotalAHSLength`, in bytes.
    ahs: usize,
    /// Headers and their digest.
    head: usize,
    /// `DataSegmentLength`.
    data: u32,
    /// Data and padding.
    padded: usize,
    /// The PDU.
    whole: usize,
}

impl Extent {
    fn new(bhs: &[u8; BHS_LENGTH], digests: Digests) -> Self {
        let &[_, _, _, _, ahs_words, high, middle, low, ..] = bhs;
        let ahs = usize::from(ahs_words) * 4;
        let head = BHS_LENGTH + ahs + usize::from(digests.header) * DIGEST_LENGTH;
        let data = u32::from_be_bytes([0, high, middle, low]);
        let padded = (data as usize).next_multiple_of(4);
        let digest = usize::from(digests.data && data > 0) * DIGEST_LENGTH;
        Self { ahs, head, data, padded, whole: head + padded + digest }
    }

    /// Takes the PDU off the stream.
    fn take(self, stream: &mut BytesMut) -> Option<RawPdu> {
        if self.whole == BHS_LENGTH {
            return take_header(stream);
        }
        let mut data = stream.split_to(self.whole).freeze();
        let bhs = Bhs::from_bytes(*data.first_chunk()?);
        let ahs = (self.ahs > 0).then(|| data.slice(BHS_LENGTH..BHS_LENGTH + self.ahs));
        data.advance(self.head);
        data.truncate(self.data as usize);
        Some(RawPdu { bhs, ahs, data })
    }
}

/// Takes a header by itself, without an empty slice that would keep the whole buffer.
fn take_header(stream: &mut BytesMut) -> Option<RawPdu> {
    let bhs = Bhs::from_bytes(*stream.first_chunk()?);
    stream.advance(BHS_LENGTH);
    Some(RawPdu::header(bhs))
}

fn verify(part: DigestPart, computed: Crc32c, digest: [u8; DIGEST_LENGTH]) -> Result<(), Error> {
    let (computed, received) = (computed.value(), u32::from_le_bytes(digest));
    if computed == received { Ok(()) } else { Err(Error::Digest { part, computed, received }) }
}

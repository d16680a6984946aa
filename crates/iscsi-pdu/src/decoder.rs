//! Decoding of a byte stream into PDUs (RFC 7143, 11.1 and 11.2).

use bytes::{Buf, BytesMut};

use crate::digest::{Crc32c, Digests};
use crate::header::{BHS_LENGTH, Bhs, DigestPart, Error, Opcode, RawPdu, misplaced_additional_headers};

const DIGEST_LENGTH: usize = 4;

/// A decoder that splits a byte stream into PDUs, whatever the size of the pieces in which the stream arrives
/// ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
///
/// ```
/// use bytes::BytesMut;
/// use iscsi_pdu::{Decoder, Digests, NopIn, EncodedPdu};
///
/// let mut stream = BytesMut::from(&[0_u8; 48][..]);
/// stream[0] = 0x20; // NOP-In
/// let mut decoder = Decoder::new(8192);
/// let raw = decoder.decode(&mut stream)?.expect("a complete PDU");
/// assert!(NopIn::decode(raw)?.data.is_empty());
/// # Ok::<(), iscsi_pdu::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    digests: Digests,
    max_data_segment_length: u32,
    /// `true` once the header at the front of the stream has been checked.
    head_verified: bool,
    /// CRC of the first `covered` bytes of data and padding, if they have a digest.
    crc: Crc32c,
    covered: usize,
}

impl Decoder {
    /// Creates a decoder without digests that accepts data segments of up to `max_data_segment_length` bytes: the
    /// declared `MaxRecvDataSegmentLength` (8192 during login).
    #[must_use]
    pub const fn new(max_data_segment_length: u32) -> Self {
        let digests = Digests { header: false, data: false };
        Self { digests, max_data_segment_length, head_verified: false, crc: Crc32c::new(), covered: 0 }
    }

    /// Sets the digests and the limit of full feature phase. Call it between two PDUs (DIG-02).
    pub const fn set_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.digests = digests;
        self.max_data_segment_length = max_data_segment_length;
    }

    /// Removes the next PDU from the front of `stream` once it is complete; returns `None` if more bytes are needed.
    ///
    /// The header is checked as soon as it has arrived; each call adds the data that arrived since the last one to the
    /// data digest. The returned data segment is a slice of `stream`, not a copy.
    ///
    /// Additional headers that this kind of PDU cannot have are not waited for: a damaged `TotalAHSLength` could announce
    /// a kilobyte that never comes. The header digest is then expected after the 48 bytes.
    ///
    /// # Errors
    /// [`Error::TooLong`], before any memory is reserved for the segment, [`Error::Digest`], and [`Error::Field`] for
    /// additional headers that the PDU cannot have. A PDU with a wrong data digest is removed from the stream, and decoding
    /// can continue; after any other error it cannot.
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
        let digest = self.verify_data(extent, bytes);
        // A wrong data digest leaves the decoder in step: the header, which was checked, gave the length of the PDU.
        (self.head_verified, self.crc, self.covered) = (false, Crc32c::new(), 0);
        if digest.is_err() {
            stream.advance(extent.whole);
        }
        digest.map(|()| extent.take(stream))
    }

    /// Returns how many more bytes [`Self::decode`] needs for its next step.
    #[must_use]
    pub fn bytes_needed(&self, stream: &BytesMut) -> usize {
        let wanted = match stream.first_chunk().map(|bhs| Extent::new(bhs, self.digests)) {
            Some(extent) if self.head_verified => extent.whole,
            Some(extent) => extent.head,
            None => BHS_LENGTH,
        };
        wanted.saturating_sub(stream.len())
    }

    /// Returns `true` between two PDUs, where the stream may end.
    #[must_use]
    pub fn is_idle(&self, stream: &BytesMut) -> bool {
        stream.is_empty()
    }

    /// Checks the header at the front of `stream`; returns `false` while it is incomplete.
    fn verify_head(&mut self, extent: Extent, stream: &[u8]) -> Result<bool, Error> {
        // Without a header digest the lengths are known 48 bytes into the PDU, before additional headers are waited for.
        if !self.digests.header {
            self.check_lengths(extent, stream)?;
        }
        let Some(head) = stream.get(..extent.head) else { return Ok(false) };
        if let (true, Some((covered, digest))) = (self.digests.header, head.split_last_chunk()) {
            // No field of the header can be trusted before its digest has been checked.
            verify(DigestPart::Header, Crc32c::new().update(covered), *digest)?;
            self.check_lengths(extent, stream)?;
        }
        self.head_verified = true;
        Ok(true)
    }

    /// Adds the data and padding that arrived since the last call to the CRC.
    fn cover(&mut self, data: &[u8], padded: usize) {
        // Bytes are added when they arrive, not when the PDU is complete: they are still in the processor's cache, and the
        // digest of a long segment delays its end no more than that of a short one.
        let end = data.len().min(padded);
        if let Some(fresh) = data.get(self.covered..end) {
            self.crc = self.crc.update(fresh);
            self.covered = end;
        }
    }

    /// Checks the data digest of a complete PDU; an empty data segment has no digest (DIG-04).
    fn verify_data(&self, extent: Extent, pdu: &[u8]) -> Result<(), Error> {
        match pdu.last_chunk() {
            Some(digest) if self.digests.data && extent.data > 0 => {
                verify(DigestPart::Data, self.crc, *digest)
            }
            _ => Ok(()),
        }
    }

    /// Checks that the PDU may have its additional headers (PDU-06), and the length of the data segment before waiting for
    /// the segment (PDU-12).
    fn check_lengths(&self, extent: Extent, stream: &[u8]) -> Result<(), Error> {
        if let (true, Some(bhs)) = (extent.is_ahs_misplaced, stream.first_chunk()) {
            return Err(misplaced_additional_headers(&Bhs::from_bytes(*bhs)));
        }
        if extent.data <= self.max_data_segment_length {
            return Ok(());
        }
        let limit = self.max_data_segment_length;
        Err(Error::TooLong { field: "DataSegmentLength", length: extent.data, limit })
    }
}

/// The lengths of the parts of the PDU at the front of a stream, in bytes.
#[derive(Clone, Copy)]
struct Extent {
    /// `TotalAHSLength`, in bytes; 0 if the PDU cannot have additional headers.
    ahs: usize,
    /// Whether `TotalAHSLength` counts additional headers that the PDU cannot have.
    is_ahs_misplaced: bool,
    /// Length of the headers and their digest.
    head: usize,
    /// `DataSegmentLength`.
    data: u32,
    /// Length of data and padding.
    padded: usize,
    /// Length of the PDU.
    whole: usize,
}

impl Extent {
    fn new(bhs: &[u8; BHS_LENGTH], digests: Digests) -> Self {
        let &[opcode, _, _, _, ahs_words, high, middle, low, ..] = bhs;
        let is_ahs_misplaced = ahs_words > 0 && !Opcode(opcode & Opcode::MASK).may_have_additional_headers();
        let ahs = if is_ahs_misplaced { 0 } else { usize::from(ahs_words) * 4 };
        let head = BHS_LENGTH + ahs + usize::from(digests.header) * DIGEST_LENGTH;
        let data = u32::from_be_bytes([0, high, middle, low]);
        let padded = (data as usize).next_multiple_of(4);
        let digest = usize::from(digests.data && data > 0) * DIGEST_LENGTH;
        Self { ahs, is_ahs_misplaced, head, data, padded, whole: head + padded + digest }
    }

    /// Removes the PDU from the stream.
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

/// Removes a PDU that consists of a header only. An empty slice as data segment would keep the whole buffer alive.
fn take_header(stream: &mut BytesMut) -> Option<RawPdu> {
    let bhs = Bhs::from_bytes(*stream.first_chunk()?);
    stream.advance(BHS_LENGTH);
    Some(RawPdu::header(bhs))
}

fn verify(part: DigestPart, computed: Crc32c, digest: [u8; DIGEST_LENGTH]) -> Result<(), Error> {
    let (computed, received) = (computed.value(), u32::from_le_bytes(digest));
    if computed == received { Ok(()) } else { Err(Error::Digest { part, computed, received }) }
}

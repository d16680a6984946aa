//! Decoding of a byte stream into PDUs (RFC 7143, 11.1 and 11.2).

use bytes::{Buf, BytesMut};

use crate::digest::{Crc32c, Digests};
use crate::head::{Extent, Head, verify};
use crate::header::{BHS_LENGTH, Bhs, DigestPart, Error, RawPdu, misplaced_additional_headers};

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
        if !self.head_verified && !self.check_head(extent, stream)? {
            return Ok(None);
        }
        self.head_verified = true;
        if self.digests.data {
            self.cover(stream.get(extent.head()..).unwrap_or_default(), extent.padded());
        }
        let Some(bytes) = stream.get(..extent.whole()) else { return Ok(None) };
        let digest = self.verify_data(extent, bytes);
        // A wrong data digest leaves the decoder in step: the header, which was checked, gave the length of the PDU.
        (self.head_verified, self.crc, self.covered) = (false, Crc32c::new(), 0);
        if digest.is_err() {
            stream.advance(extent.whole());
        }
        digest.map(|()| take(extent, stream))
    }

    /// Returns how many more bytes [`Self::decode`] needs for its next step.
    #[must_use]
    pub fn bytes_needed(&self, stream: &BytesMut) -> usize {
        let wanted = match stream.first_chunk().map(|bhs| Extent::new(bhs, self.digests)) {
            Some(extent) if self.head_verified => extent.whole(),
            Some(extent) => extent.head(),
            None => BHS_LENGTH,
        };
        wanted.saturating_sub(stream.len())
    }

    /// Returns `true` between two PDUs, where the stream may end.
    #[must_use]
    pub fn is_idle(&self, stream: &BytesMut) -> bool {
        stream.is_empty()
    }

    /// Checks the headers at the front of `stream` and returns them with the lengths of what follows; `None` while they
    /// are incomplete. For a receiver that has a place of its own for the data, and so takes them off the stream itself
    /// ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
    ///
    /// ```
    /// use iscsi_pdu::{Crc32c, DataIn, Decoder, RawPdu};
    ///
    /// let mut stream = vec![0; 48];
    /// (stream[0], stream[7]) = (0x25, 5); // Data-In with five bytes of data and three of padding
    /// stream.extend(b"hello\0\0\0");
    /// let head = Decoder::new(8192).head(&stream)?.expect("complete headers");
    /// let (data, trailer) = stream[head.length()..head.pdu_length()].split_at(head.data_length());
    /// head.verify_data(Crc32c::new().update(data), trailer)?;
    /// let header = DataIn::decode(RawPdu::header(*head.bhs()))?;
    /// assert_eq!((header.data_sn, data), (0, &b"hello"[..]));
    /// # Ok::<(), iscsi_pdu::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Self::decode`] for a header; decoding cannot continue after them.
    pub fn head(&self, stream: &[u8]) -> Result<Option<Head>, Error> {
        let Some(bhs) = stream.first_chunk() else { return Ok(None) };
        let extent = Extent::new(bhs, self.digests);
        let is_complete = self.check_head(extent, stream)?;
        Ok(is_complete.then(|| Head::new(bhs, extent)))
    }

    /// Checks the header at the front of `stream`; returns `false` while it is incomplete.
    fn check_head(&self, extent: Extent, stream: &[u8]) -> Result<bool, Error> {
        // Without a header digest the lengths are known 48 bytes into the PDU, before additional headers are waited for.
        if !self.digests.header {
            self.check_lengths(extent, stream)?;
        }
        let Some(head) = stream.get(..extent.head()) else { return Ok(false) };
        if let (true, Some((covered, digest))) = (self.digests.header, head.split_last_chunk()) {
            // No field of the header can be trusted before its digest has been checked.
            verify(DigestPart::Header, Crc32c::new().update(covered), *digest)?;
            self.check_lengths(extent, stream)?;
        }
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

/// Removes the PDU of this extent from the stream.
fn take(extent: Extent, stream: &mut BytesMut) -> Option<RawPdu> {
    if extent.whole() == BHS_LENGTH {
        return take_header(stream);
    }
    let mut data = stream.split_to(extent.whole()).freeze();
    let bhs = Bhs::from_bytes(*data.first_chunk()?);
    let ahs = (extent.ahs() > 0).then(|| data.slice(BHS_LENGTH..BHS_LENGTH + extent.ahs()));
    data.advance(extent.head());
    data.truncate(extent.data as usize);
    Some(RawPdu { bhs, ahs, data })
}

/// Removes a PDU that consists of a header only. An empty slice as data segment would keep the whole buffer alive.
fn take_header(stream: &mut BytesMut) -> Option<RawPdu> {
    let bhs = Bhs::from_bytes(*stream.first_chunk()?);
    stream.advance(BHS_LENGTH);
    Some(RawPdu::header(bhs))
}

//! The headers of a PDU, and the lengths of its parts (RFC 7143, 11.2).

use crate::digest::{Crc32c, Digests};
use crate::header::{BHS_LENGTH, Bhs, DigestPart, Error, Opcode};

const DIGEST_LENGTH: usize = 4;

/// The headers at the front of a stream, which were checked, and the lengths of what follows
/// ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
#[derive(Clone, Copy, Debug)]
pub struct Head {
    bhs: Bhs,
    extent: Extent,
}

impl Head {
    pub(crate) const fn new(bhs: &[u8; BHS_LENGTH], extent: Extent) -> Self {
        Self { bhs: Bhs::from_bytes(*bhs), extent }
    }

    /// Returns the Basic Header Segment.
    #[must_use]
    pub const fn bhs(&self) -> &Bhs {
        &self.bhs
    }

    /// Returns the additional headers from the stream that begins with this PDU.
    #[must_use]
    pub fn additional_headers<'a>(&self, stream: &'a [u8]) -> &'a [u8] {
        stream.get(BHS_LENGTH..BHS_LENGTH + self.extent.ahs()).unwrap_or_default()
    }

    /// Returns the length of all headers and their digest in bytes.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.extent.head()
    }

    /// Returns the length of the data in bytes, without padding.
    #[must_use]
    pub const fn data_length(&self) -> usize {
        self.extent.data as usize
    }

    /// Returns the length of what follows the data in bytes: padding and data digest.
    #[must_use]
    pub const fn trailer_length(&self) -> usize {
        self.extent.whole() - self.extent.head() - self.extent.data as usize
    }

    /// Returns the length of the whole PDU in bytes.
    #[must_use]
    pub const fn pdu_length(&self) -> usize {
        self.extent.whole()
    }

    /// Returns `true` if the data have a digest, so that their CRC has to be computed.
    #[must_use]
    pub const fn has_data_digest(&self) -> bool {
        self.extent.has_data_digest
    }

    /// Checks the data digest, if there is one: `data` is the CRC of the data, `trailer` what follows them.
    ///
    /// # Errors
    /// [`Error::Digest`]; also for a trailer that is too short to hold the digest.
    pub fn verify_data(&self, data: Crc32c, trailer: &[u8]) -> Result<(), Error> {
        if !self.extent.has_data_digest {
            return Ok(());
        }
        let padding = self.extent.padded() - self.data_length();
        let (padding, digest) = trailer.split_at_checked(padding).unwrap_or_default();
        let computed = data.update(padding);
        // Whatever is computed, a digest that is missing does not match.
        let missing = (!computed.value()).to_le_bytes();
        verify(DigestPart::Data, computed, digest.first_chunk().copied().unwrap_or(missing))
    }
}

/// The lengths of the parts of a PDU, from its header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// `TotalAHSLength`, in bytes; 0 if the PDU cannot have additional headers.
    ahs: u16,
    /// Whether `TotalAHSLength` counts additional headers that the PDU cannot have.
    pub(crate) is_ahs_misplaced: bool,
    has_header_digest: bool,
    has_data_digest: bool,
    /// `DataSegmentLength`.
    pub(crate) data: u32,
}

impl Extent {
    #[inline]
    pub(crate) fn new(bhs: &[u8; BHS_LENGTH], digests: Digests) -> Self {
        let &[opcode, _, _, _, ahs_words, high, middle, low, ..] = bhs;
        let is_ahs_misplaced = ahs_words > 0 && !Opcode(opcode & Opcode::MASK).may_have_additional_headers();
        let ahs = if is_ahs_misplaced { 0 } else { u16::from(ahs_words) * 4 };
        let data = u32::from_be_bytes([0, high, middle, low]);
        let has_data_digest = digests.data && data > 0;
        Self { ahs, is_ahs_misplaced, has_header_digest: digests.header, has_data_digest, data }
    }

    /// Length of the additional headers.
    #[inline]
    pub(crate) const fn ahs(self) -> usize {
        self.ahs as usize
    }

    /// Length of the headers and their digest.
    #[inline]
    pub(crate) const fn head(self) -> usize {
        BHS_LENGTH + self.ahs as usize + self.has_header_digest as usize * DIGEST_LENGTH
    }

    /// Length of data and padding.
    #[inline]
    pub(crate) const fn padded(self) -> usize {
        (self.data as usize).next_multiple_of(4)
    }

    /// Length of the PDU.
    #[inline]
    pub(crate) const fn whole(self) -> usize {
        self.head() + self.padded() + self.has_data_digest as usize * DIGEST_LENGTH
    }
}

pub(crate) fn verify(part: DigestPart, computed: Crc32c, digest: [u8; DIGEST_LENGTH]) -> Result<(), Error> {
    let (computed, received) = (computed.value(), u32::from_le_bytes(digest));
    if computed == received { Ok(()) } else { Err(Error::Digest { part, computed, received }) }
}

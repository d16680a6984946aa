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
    has_data_digest: bool,
}

impl Head {
    pub(crate) const fn new(bhs: &[u8; BHS_LENGTH], extent: Extent, digests: Digests) -> Self {
        Self { bhs: Bhs::from_bytes(*bhs), extent, has_data_digest: digests.data && extent.data > 0 }
    }

    /// Returns the Basic Header Segment.
    #[must_use]
    pub const fn bhs(&self) -> &Bhs {
        &self.bhs
    }

    /// Returns the additional headers from the stream that begins with this PDU.
    #[must_use]
    pub fn additional_headers<'a>(&self, stream: &'a [u8]) -> &'a [u8] {
        stream.get(BHS_LENGTH..BHS_LENGTH + self.extent.ahs).unwrap_or_default()
    }

    /// Returns the length of all headers and their digest in bytes.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.extent.head
    }

    /// Returns the length of the data in bytes, without padding.
    #[must_use]
    pub const fn data_length(&self) -> usize {
        self.extent.data as usize
    }

    /// Returns the length of what follows the data in bytes: padding and data digest.
    #[must_use]
    pub const fn trailer_length(&self) -> usize {
        self.extent.whole - self.extent.head - self.extent.data as usize
    }

    /// Returns the length of the whole PDU in bytes.
    #[must_use]
    pub const fn pdu_length(&self) -> usize {
        self.extent.whole
    }

    /// Returns `true` if the data have a digest, so that their CRC has to be computed.
    #[must_use]
    pub const fn has_data_digest(&self) -> bool {
        self.has_data_digest
    }

    /// Checks the data digest, if there is one: `data` is the CRC of the data, `trailer` what follows them.
    ///
    /// # Errors
    /// [`Error::Digest`]; also for a trailer that is too short to hold the digest.
    pub fn verify_data(&self, data: Crc32c, trailer: &[u8]) -> Result<(), Error> {
        if !self.has_data_digest {
            return Ok(());
        }
        let padding = self.extent.padded - self.data_length();
        let (padding, digest) = trailer.split_at_checked(padding).unwrap_or_default();
        let computed = data.update(padding);
        // Whatever is computed, a digest that is missing does not match.
        let missing = (!computed.value()).to_le_bytes();
        verify(DigestPart::Data, computed, digest.first_chunk().copied().unwrap_or(missing))
    }
}

/// The lengths of the parts of the PDU at the front of a stream, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// `TotalAHSLength`, in bytes; 0 if the PDU cannot have additional headers.
    pub(crate) ahs: usize,
    /// Whether `TotalAHSLength` counts additional headers that the PDU cannot have.
    pub(crate) is_ahs_misplaced: bool,
    /// Length of the headers and their digest.
    pub(crate) head: usize,
    /// `DataSegmentLength`.
    pub(crate) data: u32,
    /// Length of data and padding.
    pub(crate) padded: usize,
    /// Length of the PDU.
    pub(crate) whole: usize,
}

impl Extent {
    pub(crate) fn new(bhs: &[u8; BHS_LENGTH], digests: Digests) -> Self {
        let &[opcode, _, _, _, ahs_words, high, middle, low, ..] = bhs;
        let is_ahs_misplaced = ahs_words > 0 && !Opcode(opcode & Opcode::MASK).may_have_additional_headers();
        let ahs = if is_ahs_misplaced { 0 } else { usize::from(ahs_words) * 4 };
        let head = BHS_LENGTH + ahs + usize::from(digests.header) * DIGEST_LENGTH;
        let data = u32::from_be_bytes([0, high, middle, low]);
        let padded = (data as usize).next_multiple_of(4);
        let digest = usize::from(digests.data && data > 0) * DIGEST_LENGTH;
        Self { ahs, is_ahs_misplaced, head, data, padded, whole: head + padded + digest }
    }
}

pub(crate) fn verify(part: DigestPart, computed: Crc32c, digest: [u8; DIGEST_LENGTH]) -> Result<(), Error> {
    let (computed, received) = (computed.value(), u32::from_le_bytes(digest));
    if computed == received { Ok(()) } else { Err(Error::Digest { part, computed, received }) }
}

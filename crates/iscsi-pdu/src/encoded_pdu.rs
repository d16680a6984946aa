//! PDUs in wire form: header, additional headers, header digest, data, padding, data digest (RFC 7143, 11.2).

use bytes::{Bytes, BytesMut};

use crate::digest::{Crc32c, Digests};
use crate::header::{Bhs, Error, RawPdu};

const DIGEST_LENGTH: usize = 4;
const MAX_PADDING: usize = 3;

/// A PDU ready for a vectored write: lengths and digests are filled in, data is not copied
/// ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
#[derive(Clone, Debug)]
pub struct EncodedPdu {
    bhs: Bhs,
    ahs: Option<Bytes>,
    header_digest: Option<[u8; DIGEST_LENGTH]>,
    data: Bytes,
    /// Padding and data digest.
    trailer: [u8; MAX_PADDING + DIGEST_LENGTH],
    trailer_length: usize,
}

impl EncodedPdu {
    /// Fills in both length fields and the digests in use.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the data is longer than 2^24 - 1 bytes or the additional headers longer than 1020 bytes;
    /// [`Error::Field`] if the additional headers are not padded to a multiple of 4 bytes. Both are mistakes of the
    /// caller, who bounds every PDU by the peer's `MaxRecvDataSegmentLength`.
    pub fn new(raw: RawPdu, digests: Digests) -> Result<Self, Error> {
        let RawPdu { mut bhs, ahs, data } = raw;
        bhs.set_lengths(ahs_words(&bhs, ahs.as_deref())?, data_bytes(&data)?);
        let header_digest = digests.header.then(|| header_digest(&bhs, ahs.as_deref()));
        let (trailer, trailer_length) = trailer(&data, digests.data);
        Ok(Self { bhs, ahs, header_digest, data, trailer, trailer_length })
    }

    /// Returns the parts in wire order; some may be empty.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 5] {
        let ahs = self.ahs.as_deref().unwrap_or_default();
        let header_digest = self.header_digest.as_ref().map_or(&[][..], <[u8; DIGEST_LENGTH]>::as_slice);
        let trailer = self.trailer.get(..self.trailer_length).unwrap_or_default();
        [self.bhs.as_bytes(), ahs, header_digest, &self.data, trailer]
    }

    /// Returns the length of the whole PDU in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }

    /// Appends a copy of the whole PDU to `stream`.
    pub fn append_to(&self, stream: &mut BytesMut) {
        stream.reserve(self.length());
        for part in self.parts() {
            stream.extend_from_slice(part);
        }
    }
}

fn ahs_words(bhs: &Bhs, ahs: Option<&[u8]>) -> Result<u8, Error> {
    let length = ahs.map_or(0, <[u8]>::len);
    let bytes = u32::try_from(length).unwrap_or(u32::MAX);
    if !length.is_multiple_of(4) {
        return Err(Error::Field {
            pdu: bhs.opcode(),
            field: "TotalAHSLength",
            value: bytes,
            rule: "additional headers have to be padded to a multiple of 4 bytes (11.2.2)",
        });
    }
    u8::try_from(length / 4).map_err(|_| Error::TooLong {
        field: "TotalAHSLength",
        length: bytes,
        limit: 1020,
    })
}

fn data_bytes(data: &Bytes) -> Result<u32, Error> {
    const LIMIT: u32 = (1 << 24) - 1;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    if length <= LIMIT {
        return Ok(length);
    }
    Err(Error::TooLong { field: "DataSegmentLength", length, limit: LIMIT })
}

fn header_digest(bhs: &Bhs, ahs: Option<&[u8]>) -> [u8; DIGEST_LENGTH] {
    Crc32c::new().update(bhs.as_bytes()).update(ahs.unwrap_or_default()).to_field()
}

/// Computes zero padding to a multiple of 4 bytes, then the digest over data and padding.
fn trailer(data: &[u8], with_digest: bool) -> ([u8; MAX_PADDING + DIGEST_LENGTH], usize) {
    let mut trailer = [0; MAX_PADDING + DIGEST_LENGTH];
    let padding = data.len().next_multiple_of(4) - data.len();
    // Without data there is no digest field at all, rather than the digest of no bytes (DIG-04).
    if !with_digest || data.is_empty() {
        return (trailer, padding);
    }
    let (pad, rest) = trailer.split_at_mut(padding);
    let digest = Crc32c::new().update(data).update(pad).to_field();
    for (byte, value) in rest.iter_mut().zip(digest) {
        *byte = value;
    }
    (trailer, padding + DIGEST_LENGTH)
}

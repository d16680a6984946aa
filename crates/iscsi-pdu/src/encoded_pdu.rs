//! PDUs in wire form: header, additional headers, header digest, data, padding, data digest (RFC 7143, 11.2).

use alloc::vec::Vec;

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
        bhs.set_lengths(ahs_words(&bhs, ahs.as_deref().unwrap_or_default())?, data_bytes(data.len())?);
        let header_digest = digests.header.then(|| header_digest(&bhs, ahs.as_deref().unwrap_or_default()));
        let crc = digests.data.then(|| Crc32c::new().update(&data));
        let (trailer, trailer_length) = trailer(data.len(), crc);
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

/// Appends the headers of a PDU with their digest to `stream`, for data of this length that are sent from elsewhere. So
/// the headers of many PDUs can share one buffer
/// ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
///
/// ```
/// use iscsi_pdu::{Bhs, Crc32c, Digests, EncodedPdu, Opcode, RawPdu, encode_headers, encode_trailer};
///
/// let mut raw = RawPdu::header(Bhs::new(Opcode::DATA_OUT));
/// let (mut stream, data) = (Vec::new(), b"hello");
/// let digests = Digests { header: true, data: true };
/// encode_headers(raw.bhs, &[], data.len(), digests, &mut stream)?;
/// stream.extend(data);
/// encode_trailer(data.len(), digests.data.then(|| Crc32c::new().update(data)), &mut stream);
///
/// raw.data = bytes::Bytes::from_static(data);
/// assert_eq!(stream, EncodedPdu::new(raw, digests)?.parts().concat());
/// # Ok::<(), iscsi_pdu::Error>(())
/// ```
///
/// # Errors
/// As [`EncodedPdu::new`]; nothing is appended then.
#[inline]
pub fn encode_headers(
    mut bhs: Bhs,
    ahs: &[u8],
    data_length: usize,
    digests: Digests,
    stream: &mut Vec<u8>,
) -> Result<(), Error> {
    bhs.set_lengths(ahs_words(&bhs, ahs)?, data_bytes(data_length)?);
    stream.extend_from_slice(bhs.as_bytes());
    if !ahs.is_empty() {
        stream.extend_from_slice(ahs);
    }
    if digests.header {
        stream.extend_from_slice(&header_digest(&bhs, ahs));
    }
    Ok(())
}

/// Appends what follows data of this length to `stream`: padding, and the digest if the CRC of the data is given.
#[inline]
pub fn encode_trailer(data_length: usize, crc: Option<Crc32c>, stream: &mut Vec<u8>) {
    // Most data have whole words and no digest.
    if crc.is_none() && data_length.is_multiple_of(4) {
        return;
    }
    let (trailer, length) = trailer(data_length, crc);
    stream.extend_from_slice(trailer.get(..length).unwrap_or_default());
}

fn ahs_words(bhs: &Bhs, ahs: &[u8]) -> Result<u8, Error> {
    let length = ahs.len();
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

fn data_bytes(length: usize) -> Result<u32, Error> {
    const LIMIT: u32 = (1 << 24) - 1;
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if length <= LIMIT {
        return Ok(length);
    }
    Err(Error::TooLong { field: "DataSegmentLength", length, limit: LIMIT })
}

fn header_digest(bhs: &Bhs, ahs: &[u8]) -> [u8; DIGEST_LENGTH] {
    Crc32c::new().update(bhs.as_bytes()).update(ahs).to_field()
}

/// Zero padding to a multiple of 4 bytes, then the digest over data and padding, for data with this CRC.
fn trailer(length: usize, crc: Option<Crc32c>) -> ([u8; MAX_PADDING + DIGEST_LENGTH], usize) {
    let mut trailer = [0; MAX_PADDING + DIGEST_LENGTH];
    let padding = length.next_multiple_of(4) - length;
    // Without data there is no digest field at all, rather than the digest of no bytes (DIG-04).
    let Some(crc) = crc.filter(|_| length > 0) else { return (trailer, padding) };
    let (pad, rest) = trailer.split_at_mut(padding);
    let digest = crc.update(pad).to_field();
    for (byte, value) in rest.iter_mut().zip(digest) {
        *byte = value;
    }
    (trailer, padding + DIGEST_LENGTH)
}

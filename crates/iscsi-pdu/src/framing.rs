//! PDUs on a byte stream (RFC 7143, 11.1 and 11.2): header, additional headers, digest, data, padding, digest.

use bytes::{Buf, Bytes, BytesMut};

use crate::{BHS_LENGTH, Bhs, Crc32c, DigestPart, Digests, Error, RawPdu};

const DIGEST_LENGTH: usize = 4;

/// Cuts a byte stream into PDUs, whatever pieces it arrives in.
///
/// ```
/// use bytes::BytesMut;
/// use iscsi_pdu::{Decoder, Digests, NopIn, WirePdu};
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
    header: Option<Head>,
}

/// A header whose digest is verified and whose data are still on their way.
#[derive(Clone, Debug)]
struct Head {
    bhs: Bhs,
    ahs: Bytes,
}

impl Decoder {
    /// A decoder without digests that takes data segments up to `max_data_segment_length` octets, the
    /// `MaxRecvDataSegmentLength` that was declared (8192 during login).
    #[must_use]
    pub const fn new(max_data_segment_length: u32) -> Self {
        Self { digests: Digests { header: false, data: false }, max_data_segment_length, header: None }
    }

    /// Switches digests and limit, between two PDUs: full feature phase begins (DIG-02).
    pub const fn set_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.digests = digests;
        self.max_data_segment_length = max_data_segment_length;
    }

    /// Takes the next whole PDU off the front of `stream`, or `None` when more octets are needed.
    ///
    /// The data segment is a slice of `stream`, not a copy. After an error the stream cannot be resumed.
    ///
    /// # Errors
    /// [`Error::TooLong`] before anything is reserved for it, [`Error::Digest`] (a bad data digest takes the PDU off
    /// the stream first).
    pub fn decode(&mut self, stream: &mut BytesMut) -> Result<Option<RawPdu>, Error> {
        let head = match self.header.take() {
            Some(head) => head,
            None => match self.decode_head(stream)? {
                Some(head) => head,
                None => return Ok(None),
            },
        };
        if stream.len() < self.data_part_length(&head.bhs) {
            self.header = Some(head);
            return Ok(None);
        }
        let data = self.take_data(&head.bhs, stream)?;
        Ok(Some(RawPdu { bhs: head.bhs, ahs: head.ahs, data }))
    }

    /// How many octets are still missing before [`Self::decode`] can go a step further.
    #[must_use]
    pub fn octets_wanted(&self, stream: &BytesMut) -> usize {
        let whole = match (&self.header, stream.first_chunk::<BHS_LENGTH>()) {
            (Some(head), _) => self.data_part_length(&head.bhs),
            (None, Some(octets)) => self.head_length(&Bhs::from_octets(*octets)),
            (None, None) => BHS_LENGTH,
        };
        whole.saturating_sub(stream.len())
    }

    /// Is the decoder between two PDUs, so that the stream may end here?
    #[must_use]
    pub fn is_idle(&self, stream: &BytesMut) -> bool {
        self.header.is_none() && stream.is_empty()
    }

    fn decode_head(&self, stream: &mut BytesMut) -> Result<Option<Head>, Error> {
        let Some(octets) = stream.first_chunk::<BHS_LENGTH>() else { return Ok(None) };
        let bhs = Bhs::from_octets(*octets);
        if !self.digests.header {
            // With a header digest nothing in the header is believed before the digest is.
            self.check_data_length(&bhs)?;
        }
        if stream.len() < self.head_length(&bhs) {
            return Ok(None);
        }
        let mut octets = stream.split_to(BHS_LENGTH + bhs.ahs_length());
        if self.digests.header {
            check_digest(DigestPart::Header, &octets, stream)?;
            self.check_data_length(&bhs)?;
        }
        octets.advance(BHS_LENGTH);
        Ok(Some(Head { bhs, ahs: octets.freeze() }))
    }

    fn take_data(&self, bhs: &Bhs, stream: &mut BytesMut) -> Result<Bytes, Error> {
        let length = bhs.data_segment_length() as usize;
        let mut data = stream.split_to(length.next_multiple_of(4));
        if self.digests.data && length > 0 {
            check_digest(DigestPart::Data, &data, stream)?;
        }
        data.truncate(length);
        Ok(data.freeze())
    }

    /// PDU-12: checked before the segment is waited for.
    const fn check_data_length(&self, bhs: &Bhs) -> Result<(), Error> {
        let length = bhs.data_segment_length();
        if length <= self.max_data_segment_length {
            return Ok(());
        }
        Err(Error::TooLong { field: "DataSegmentLength", length, limit: self.max_data_segment_length })
    }

    const fn head_length(&self, bhs: &Bhs) -> usize {
        BHS_LENGTH + bhs.ahs_length() + if self.digests.header { DIGEST_LENGTH } else { 0 }
    }

    const fn data_part_length(&self, bhs: &Bhs) -> usize {
        match bhs.data_segment_length() as usize {
            // An empty segment has no digest (DIG-04).
            0 => 0,
            length => length.next_multiple_of(4) + if self.digests.data { DIGEST_LENGTH } else { 0 },
        }
    }
}

/// Takes four octets off `stream` and compares them with the CRC32C of `covered`.
fn check_digest(part: DigestPart, covered: &[u8], stream: &mut BytesMut) -> Result<(), Error> {
    let computed = Crc32c::new().update(covered).value();
    let received = stream.get_u32_le();
    if computed == received { Ok(()) } else { Err(Error::Digest { part, computed, received }) }
}

/// A PDU ready for a vectored write: lengths and digests filled in, data not copied.
#[derive(Clone, Debug)]
pub struct WirePdu {
    bhs: Bhs,
    ahs: Bytes,
    header_digest: Option<[u8; DIGEST_LENGTH]>,
    data: Bytes,
    /// Padding and data digest.
    trailer: [u8; 3 + DIGEST_LENGTH],
    trailer_length: usize,
}

impl WirePdu {
    /// Lays `raw` out for the wire.
    ///
    /// # Errors
    /// [`Error::TooLong`] for data of 2^24 octets and more, or additional headers beyond 1020 octets: the caller's
    /// mistake, since every PDU is bounded by what the peer declared.
    pub fn new(raw: RawPdu, digests: Digests) -> Result<Self, Error> {
        let RawPdu { mut bhs, ahs, data } = raw;
        bhs.set_lengths(ahs_words(&ahs)?, data_octets(&data)?);
        let header_digest =
            digests.header.then(|| Crc32c::new().update(bhs.as_octets()).update(&ahs).to_field());
        let (trailer, trailer_length) = trailer(&data, digests.data);
        Ok(Self { bhs, ahs, header_digest, data, trailer, trailer_length })
    }

    /// The parts in the order of the wire; some may be empty.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 5] {
        let header_digest = self.header_digest.as_ref().map_or(&[][..], <[u8; DIGEST_LENGTH]>::as_slice);
        let trailer = self.trailer.get(..self.trailer_length).unwrap_or_default();
        [self.bhs.as_octets(), &self.ahs, header_digest, &self.data, trailer]
    }

    /// Octets in all.
    #[must_use]
    pub fn length(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }

    /// Appends the whole PDU to `stream`, data copied.
    pub fn append_to(&self, stream: &mut BytesMut) {
        stream.reserve(self.length());
        for part in self.parts() {
            stream.extend_from_slice(part);
        }
    }
}

fn ahs_words(ahs: &Bytes) -> Result<u8, Error> {
    u8::try_from(ahs.len().div_ceil(4)).map_err(|_| Error::TooLong {
        field: "TotalAHSLength",
        length: u32::try_from(ahs.len()).unwrap_or(u32::MAX),
        limit: 1020,
    })
}

fn data_octets(data: &Bytes) -> Result<u32, Error> {
    const LIMIT: u32 = (1 << 24) - 1;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    if length <= LIMIT {
        return Ok(length);
    }
    Err(Error::TooLong { field: "DataSegmentLength", length, limit: LIMIT })
}

/// Zero padding to four octets, then the digest over data and padding.
fn trailer(data: &[u8], with_digest: bool) -> ([u8; 7], usize) {
    let mut trailer = [0; 7];
    let padding = data.len().next_multiple_of(4) - data.len();
    if !with_digest || data.is_empty() {
        return (trailer, padding);
    }
    let (pad, rest) = trailer.split_at_mut(padding);
    let digest = Crc32c::new().update(data).update(pad).to_field();
    for (octet, value) in rest.iter_mut().zip(digest) {
        *octet = value;
    }
    (trailer, padding + DIGEST_LENGTH)
}

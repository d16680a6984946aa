//! Additional Header Segments (RFC 7143, 11.2.2).

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::error::Error;
use super::opcode::Opcode;

/// Type of an additional header
/// ([RFC 7143, section 11.2.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.2.1)). Unknown values are
/// preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AhsType(pub u8);

impl AhsType {
    /// Extended CDB: the bytes of a CDB after the first 16 (11.2.2.3).
    pub const EXTENDED_CDB: Self = Self(0x01);
    /// Expected read length of a bidirectional command (11.2.2.4).
    pub const BIDIRECTIONAL_READ_LENGTH: Self = Self(0x02);

    /// Clears the two reserved bits before the code (11.2.2.1).
    const fn code(self) -> Self {
        Self(self.0 & 0x3f)
    }
}

impl fmt::Debug for AhsType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AhsType(0x{:02x})", self.0)
    }
}

/// One additional header: its type and the bytes after the type, without padding
/// ([RFC 7143, section 11.2.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.2)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdditionalHeader {
    /// The type, byte 2 of the header.
    pub ahs_type: AhsType,
    /// The bytes from byte 3 on: one reserved or type-specific byte, then the content. At least 1 byte.
    pub body: Bytes,
}

/// The additional headers of one PDU in wire order, at most 1020 bytes
/// ([RFC 7143, section 11.2.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.2)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdditionalHeaders(Option<Bytes>);

impl AdditionalHeaders {
    /// No additional headers.
    pub const NONE: Self = Self(None);
    /// Longest additional headers that `TotalAHSLength` can express, in bytes.
    pub const MAX_LENGTH: usize = 255 * 4;

    /// Encodes headers one after the other, each padded to a multiple of 4 bytes.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the headers take more than [`Self::MAX_LENGTH`] bytes in total.
    pub fn from_headers(headers: &[AdditionalHeader]) -> Result<Self, Error> {
        let mut bytes = BytesMut::new();
        for AdditionalHeader { ahs_type, body } in headers {
            let end = (bytes.len() + 3 + body.len()).next_multiple_of(4);
            let too_long = Error::TooLong {
                field: "TotalAHSLength",
                length: u32::try_from(end).unwrap_or(u32::MAX),
                limit: 1020,
            };
            if end > Self::MAX_LENGTH {
                return Err(too_long);
            }
            bytes.put_u16(u16::try_from(body.len()).map_err(|_| too_long)?);
            bytes.put_u8(ahs_type.0);
            bytes.put_slice(body);
            bytes.resize(end, 0);
        }
        Ok(Self::from_encoded(bytes.freeze()))
    }

    /// Creates additional headers with an extended CDB only, for a CDB longer than 16 bytes (PDU-14).
    ///
    /// # Errors
    /// [`Error::TooLong`] if the rest of the CDB does not fit.
    pub fn extended_cdb(rest: &[u8]) -> Result<Self, Error> {
        let mut body = BytesMut::with_capacity(rest.len() + 1);
        body.put_u8(0);
        body.put_slice(rest);
        Self::from_headers(&[AdditionalHeader { ahs_type: AhsType::EXTENDED_CDB, body: body.freeze() }])
    }

    /// Checks that every header ends inside the received bytes and keeps them.
    ///
    /// # Errors
    /// [`Error::Field`] if an `AHSLength` is 0 or reaches past the end.
    pub fn decode(bytes: Bytes) -> Result<Self, Error> {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            (_, rest) = split_header(rest)?;
        }
        Ok(Self::from_encoded(bytes))
    }

    fn from_encoded(bytes: Bytes) -> Self {
        Self(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Returns the encoded headers, a multiple of 4 bytes; `None` if there are no headers.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        self.0.as_ref()
    }

    /// Iterates over the headers.
    pub fn iter(&self) -> impl Iterator<Item = AdditionalHeader> {
        let mut rest = self.0.as_deref().unwrap_or_default();
        core::iter::from_fn(move || {
            let (header, behind) = split_header(rest).ok()?;
            rest = behind;
            let body = self.0.as_ref()?.slice_ref(header.body);
            Some(AdditionalHeader { ahs_type: header.ahs_type, body })
        })
    }

    /// Returns the bytes that the first extended CDB header adds to the CDB.
    #[must_use]
    pub fn cdb_rest(&self) -> Option<Bytes> {
        self.iter()
            .find(|header| header.ahs_type.code() == AhsType::EXTENDED_CDB)
            .map(|header| header.body.slice(1..))
    }

    /// Returns the expected read length of a bidirectional command in bytes.
    #[must_use]
    pub fn bidirectional_read_length(&self) -> Option<u32> {
        let header =
            self.iter().find(|header| header.ahs_type.code() == AhsType::BIDIRECTIONAL_READ_LENGTH)?;
        let length: [u8; 4] = header.body.get(1..5)?.try_into().ok()?;
        Some(u32::from_be_bytes(length))
    }
}

/// A header whose body is still part of the encoded bytes.
struct Split<'a> {
    ahs_type: AhsType,
    body: &'a [u8],
}

/// Splits off the first header; the rest begins after its padding.
fn split_header(bytes: &[u8]) -> Result<(Split<'_>, &[u8]), Error> {
    let invalid = |value: u16, rule| Error::Field {
        pdu: Opcode::SCSI_COMMAND,
        field: "AHSLength",
        value: u32::from(value),
        rule,
    };
    let &[high, low, ahs_type, ..] = bytes else {
        return Err(invalid(0, "the header ends inside the fixed part (11.2.2)"));
    };
    let length = u16::from_be_bytes([high, low]);
    if length == 0 {
        return Err(invalid(length, "it has to count at least the byte after the type (11.2.2.1)"));
    }
    let end = 3 + usize::from(length);
    let reaches_past = || invalid(length, "it reaches past TotalAHSLength (11.2.2.1)");
    // With its padding, which AHSLength does not count and TotalAHSLength does.
    let (header, rest) = bytes.split_at_checked(end.next_multiple_of(4)).ok_or_else(reaches_past)?;
    let body = header.get(3..end).ok_or_else(reaches_past)?;
    Ok((Split { ahs_type: AhsType(ahs_type), body }, rest))
}

#[cfg(test)]
mod tests {
    use super::{AdditionalHeader, AdditionalHeaders, AhsType};
    use bytes::Bytes;

    /// PDU-14: a CDB of 32 bytes takes a header of `AHSLength` 17 and 20 bytes on the wire.
    #[test]
    fn pdu_14_extended_cdb_of_32_bytes() {
        let headers = AdditionalHeaders::extended_cdb(&[7; 16]).unwrap();
        assert_eq!(headers.as_bytes().unwrap().len(), 20);
        assert!(headers.as_bytes().unwrap().starts_with(&[0, 17, 1, 0]));
        assert_eq!(headers.cdb_rest().unwrap(), [7; 16][..]);
    }

    /// PDU-15: the bidirectional read length has `AHSLength` 5.
    #[test]
    fn pdu_15_bidirectional_read_length() {
        let body = Bytes::from_static(&[0, 0, 1, 2, 3]);
        let header = AdditionalHeader { ahs_type: AhsType::BIDIRECTIONAL_READ_LENGTH, body };
        let headers = AdditionalHeaders::from_headers(&[header]).unwrap();
        assert_eq!(headers.as_bytes().unwrap()[..], [0, 5, 2, 0, 0, 1, 2, 3]);
        assert_eq!(headers.bidirectional_read_length(), Some(0x0001_0203));
    }

    #[test]
    fn unknown_headers_are_kept_and_bad_lengths_refused() {
        let odd = Bytes::from_static(&[0, 2, 0x3f, 9, 8, 0, 0, 0, 0, 1, 0x02, 0]);
        let headers = AdditionalHeaders::decode(odd.clone()).unwrap();
        assert_eq!(headers.iter().count(), 2);
        assert_eq!(headers.as_bytes(), Some(&odd));
        for bad in [&[0, 0, 1, 0][..], &[0, 2, 1, 0], &[0xff, 0xff, 1, 0], &[0, 1]] {
            assert!(AdditionalHeaders::decode(Bytes::from_static(bad)).is_err(), "{bad:?}");
        }
    }
}

//! The header of a PDU, and the parts that PDUs have in common (RFC 7143, 11.2).

mod additional_headers;
mod bhs;
mod error;
mod fields;
mod lun;
mod opcode;

use bytes::Bytes;

pub use additional_headers::{AdditionalHeader, AdditionalHeaders, AhsType};
pub use bhs::{BHS_LENGTH, Bhs};
pub use error::{DigestPart, Error};
pub use fields::{InitiatorTaskTag, SequenceNumbers, SerialNumber, TargetTransferTag};
pub use lun::Lun;
pub use opcode::Opcode;

/// Header, additional headers and data of one PDU, without padding and digests.
///
/// `data` is a slice of the buffer it was read into. The two length fields of `bhs` are not read from here:
/// encoding derives them from `ahs` and `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPdu {
    /// The basic header segment.
    pub bhs: Bhs,
    /// All additional header segments, padded to four bytes each; `None` when there are none.
    pub ahs: Option<Bytes>,
    /// The data segment.
    pub data: Bytes,
}

impl RawPdu {
    /// A PDU of a header alone.
    #[must_use]
    pub const fn header(bhs: Bhs) -> Self {
        Self { bhs, ahs: None, data: Bytes::new() }
    }

    /// A PDU of a header and a data segment.
    #[must_use]
    pub const fn with_data(bhs: Bhs, data: Bytes) -> Self {
        Self { bhs, ahs: None, data }
    }

    /// Refuses a PDU of another opcode.
    #[inline]
    pub(crate) fn expect(&self, opcode: Opcode) -> Result<(), Error> {
        let received = self.bhs.opcode();
        if received == opcode {
            return Ok(());
        }
        Err(Error::Opcode { received, expected: opcode.name().unwrap_or("another PDU") })
    }

    /// Is it of this opcode, and without additional headers?
    #[inline]
    pub(crate) fn is_plain(&self, opcode: Opcode) -> bool {
        self.bhs.opcode() == opcode && self.ahs.is_none()
    }

    /// Refuses a PDU of another opcode, and additional headers, for which only a SCSI Command has a use.
    #[inline]
    pub(crate) fn expect_plain(&self, opcode: Opcode) -> Result<(), Error> {
        self.expect(opcode)?;
        if self.ahs.is_none() {
            return Ok(());
        }
        let value = u32::from(self.bhs.byte::<4>());
        let rule = "only a SCSI Command has additional headers (11.2)";
        Err(Error::Field { pdu: opcode, field: "TotalAHSLength", value, rule })
    }

    /// Refuses what [`Self::expect_plain`] refuses, and data, which by `rule` this PDU does not have.
    #[inline]
    pub(crate) fn expect_header_only(&self, opcode: Opcode, rule: &'static str) -> Result<(), Error> {
        self.expect_plain(opcode)?;
        if self.data.is_empty() {
            return Ok(());
        }
        let value = self.bhs.data_segment_length();
        Err(Error::Field { pdu: opcode, field: "DataSegmentLength", value, rule })
    }
}

//! The header of a PDU, and the parts that PDUs have in common (RFC 7143, 11.2).

mod additional_headers;
mod bhs;
mod error;
mod lun;
mod opcode;
mod sequence_numbers;
mod task_tags;

use bytes::Bytes;

pub use additional_headers::{AdditionalHeader, AdditionalHeaders, AhsType};
pub use bhs::{BHS_LENGTH, Bhs};
pub(crate) use error::ByteCount;
pub use error::{DigestPart, Error};
pub use lun::Lun;
pub use opcode::Opcode;
pub use sequence_numbers::{SequenceNumbers, SerialNumber};
pub use task_tags::{InitiatorTaskTag, TargetTransferTag};

/// A PDU split into its segments and not yet interpreted: header, additional headers and data, without padding and
/// digests ([RFC 7143, section 11.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.2)).
///
/// `data` is a slice of the buffer that was read. Encoding ignores the two length fields of `bhs` and computes them
/// from `ahs` and `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPdu {
    /// The Basic Header Segment.
    pub bhs: Bhs,
    /// All Additional Header Segments, each padded to a multiple of 4 bytes; `None` if there are none.
    pub ahs: Option<Bytes>,
    /// The data segment.
    pub data: Bytes,
}

impl RawPdu {
    /// Creates a PDU that consists of a header only.
    #[must_use]
    pub const fn header(bhs: Bhs) -> Self {
        Self { bhs, ahs: None, data: Bytes::new() }
    }

    /// Creates a PDU that consists of a header and a data segment.
    #[must_use]
    pub const fn with_data(bhs: Bhs, data: Bytes) -> Self {
        Self { bhs, ahs: None, data }
    }

    /// Returns an error if the PDU has another opcode.
    #[inline]
    pub(crate) fn expect(&self, opcode: Opcode) -> Result<(), Error> {
        self.bhs.expect(opcode)
    }

    /// Returns `true` if the PDU has this opcode and no additional headers.
    #[inline]
    pub(crate) fn is_plain(&self, opcode: Opcode) -> bool {
        self.bhs.opcode() == opcode && self.ahs.is_none()
    }

    /// Returns an error if the PDU has another opcode, or additional headers, which only a SCSI Command may have.
    #[inline]
    pub(crate) fn expect_plain(&self, opcode: Opcode) -> Result<(), Error> {
        self.expect(opcode)?;
        if self.ahs.is_none() { Ok(()) } else { Err(misplaced_additional_headers(&self.bhs)) }
    }

    /// Returns an error where [`Self::expect_plain`] does, or if the PDU has data, which `rule` forbids.
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

/// The error of additional headers in a PDU that cannot have them (PDU-06).
pub(crate) const fn misplaced_additional_headers(bhs: &Bhs) -> Error {
    let (pdu, value) = (bhs.opcode(), bhs.byte::<4>() as u32);
    Error::Field {
        pdu,
        field: "TotalAHSLength",
        value,
        rule: "only a SCSI Command has additional headers (11.2)",
    }
}

//! A PDU taken off the stream and not yet interpreted.

use bytes::Bytes;

use crate::{Bhs, Error, Opcode};

/// Header, additional headers and data of one PDU, without padding and digests.
///
/// `data` is a slice of the buffer it was read into. The two length fields of `bhs` are not read from here:
/// encoding derives them from `ahs` and `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPdu {
    /// The basic header segment.
    pub bhs: Bhs,
    /// All additional header segments, padded to four octets each.
    pub ahs: Bytes,
    /// The data segment.
    pub data: Bytes,
}

impl RawPdu {
    /// A PDU of a header alone.
    #[must_use]
    pub const fn header(bhs: Bhs) -> Self {
        Self { bhs, ahs: Bytes::new(), data: Bytes::new() }
    }

    /// A PDU of a header and a data segment.
    #[must_use]
    pub const fn with_data(bhs: Bhs, data: Bytes) -> Self {
        Self { bhs, ahs: Bytes::new(), data }
    }

    /// Refuses a PDU of another opcode.
    pub(crate) fn expect(&self, opcode: Opcode, expected: &'static str) -> Result<(), Error> {
        let received = self.bhs.opcode();
        if received == opcode { Ok(()) } else { Err(Error::Opcode { received, expected }) }
    }

    /// Refuses additional headers where the RFC has no use for them (11.2).
    pub(crate) fn expect_no_ahs(&self) -> Result<(), Error> {
        if self.ahs.is_empty() {
            return Ok(());
        }
        Err(Error::Field {
            pdu: self.bhs.opcode(),
            field: "TotalAHSLength",
            value: u32::from(self.bhs.octet::<4>()),
            rule: "only a SCSI Command has additional headers (11.2)",
        })
    }
}

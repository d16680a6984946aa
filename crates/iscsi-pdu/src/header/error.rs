//! Errors in received PDUs.

use core::fmt;

use super::opcode::Opcode;

/// The part of a PDU that a digest covers
/// ([RFC 7143, section 11.2.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestPart {
    /// Basic Header Segment and Additional Header Segments.
    Header,
    /// Data segment with its padding.
    Data,
}

impl fmt::Display for DigestPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Data => "data",
        })
    }
}

/// An error in a received PDU: the peer sent it malformed, or it was damaged on the way
/// ([RFC 7143, section 7.7](https://www.rfc-editor.org/rfc/rfc7143#section-7.7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The opcode is unassigned, belongs to PDUs of the other direction, or is not the expected one (11.2.1.2).
    Opcode {
        /// The opcode received.
        received: Opcode,
        /// The expected PDU.
        expected: &'static str,
    },
    /// A length exceeds the limit that the receiver declared. Nothing was allocated.
    TooLong {
        /// The length field.
        field: &'static str,
        /// Its value in bytes.
        length: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// A digest does not match (7.8).
    Digest {
        /// The part that the digest covers.
        part: DigestPart,
        /// The CRC32C of the bytes received.
        computed: u32,
        /// The CRC32C in the digest field.
        received: u32,
    },
    /// A field holds a value that contradicts another field or the bytes that follow (7.7).
    Field {
        /// The kind of PDU.
        pdu: Opcode,
        /// The name of the field in the RFC.
        field: &'static str,
        /// Its value.
        value: u32,
        /// The rule that the value breaks.
        rule: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opcode { received, expected } => {
                write!(formatter, "{received} (opcode 0x{:02x}) received, {expected} expected", received.0)
            }
            Self::TooLong { field, length, limit } => {
                write!(formatter, "{field} is {}, the limit is {limit}", ByteCount(*length as usize))
            }
            Self::Digest { part, computed, received } => {
                write!(
                    formatter,
                    "{part} digest does not match: received 0x{received:08x}, computed 0x{computed:08x}"
                )
            }
            Self::Field { pdu, field, value, rule } => {
                write!(formatter, "{field} of {pdu} is 0x{value:x}: {rule}")
            }
        }
    }
}

impl core::error::Error for Error {}

/// A number of bytes, displayed with its unit: "1 byte", "2 bytes".
pub(crate) struct ByteCount(pub(crate) usize);

impl fmt::Display for ByteCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} byte{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

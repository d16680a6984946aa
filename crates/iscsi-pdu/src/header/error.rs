//! Errors in received PDUs.

use core::fmt;

use super::opcode::Opcode;

/// Which part of a PDU a digest covers (RFC 7143, 11.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestPart {
    /// Basic header and additional header segments.
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

/// A received PDU that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The opcode is unassigned, belongs to the other side, or is not the one asked for (11.2.1.2).
    Opcode {
        /// The opcode received.
        received: Opcode,
        /// What would have been in place.
        expected: &'static str,
    },
    /// A length field goes beyond what the receiver declared. Nothing was allocated.
    TooLong {
        /// The field that carries the length.
        field: &'static str,
        /// Its value in bytes.
        length: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// A digest does not match (7.8).
    Digest {
        /// What it covers.
        part: DigestPart,
        /// The CRC32C of the bytes received.
        computed: u32,
        /// The CRC32C the peer sent.
        received: u32,
    },
    /// A field holds a value that contradicts another field or the bytes that follow (7.7).
    Field {
        /// The PDU.
        pdu: Opcode,
        /// The field, in the RFC's word.
        field: &'static str,
        /// Its value.
        value: u32,
        /// The rule it breaks.
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
                write!(formatter, "{field} is {length} bytes, the limit is {limit}")
            }
            Self::Digest { part, computed, received } => {
                write!(formatter, "{part} digest is 0x{received:08x}, the bytes give 0x{computed:08x}")
            }
            Self::Field { pdu, field, value, rule } => {
                write!(formatter, "{field} of {pdu} is 0x{value:x}: {rule}")
            }
        }
    }
}

impl core::error::Error for Error {}

//! Why a text is refused.

use core::fmt;

/// Text that is not made of pairs. Values are never part of the error: they may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// The last pair does not end in a NUL.
    Unterminated,
    /// A pair is not UTF-8.
    NotUtf8,
    /// A pair has no `=`.
    NoEqualsSign,
    /// A key is empty, too long or outside its alphabet.
    BadKey {
        /// Its length in bytes.
        length: usize,
    },
    /// A value holds a control character.
    ControlCharacter,
    /// The sequence has more bytes than the receiver takes.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The sequence has more PDUs than the receiver takes.
    TooManyPdus {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unterminated => formatter.write_str("text does not end in NUL"),
            Self::NotUtf8 => formatter.write_str("text is not UTF-8"),
            Self::NoEqualsSign => formatter.write_str("text pair without '='"),
            Self::BadKey { length } => write!(formatter, "malformed text key of {length} bytes"),
            Self::ControlCharacter => formatter.write_str("control character in a text value"),
            Self::TooLong { limit } => write!(formatter, "text sequence exceeds {limit} bytes"),
            Self::TooManyPdus { limit } => write!(formatter, "text sequence exceeds {limit} PDUs"),
        }
    }
}

impl core::error::Error for TextError {}

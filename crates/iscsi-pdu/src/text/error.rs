//! Errors in texts and in values of text keys.

use core::fmt;

use crate::header::ByteCount;

/// An error in text that should consist of `key=value` pairs
/// ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// Values are never part of the error, because they may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// The last pair does not end in a NUL.
    Unterminated,
    /// A pair is not UTF-8.
    NotUtf8,
    /// A pair has no `=`.
    NoEqualsSign,
    /// A key is empty, longer than 63 bytes, or has a character that keys may not have.
    BadKey {
        /// The length of the key in bytes.
        length: usize,
    },
    /// A value contains a control character.
    ControlCharacter,
    /// The sequence has more bytes than the receiver accepts.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The sequence has more PDUs than the receiver accepts.
    TooManyPdus {
        /// The limit in PDUs.
        limit: usize,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unterminated => formatter.write_str("text does not end in NUL"),
            Self::NotUtf8 => formatter.write_str("text is not UTF-8"),
            Self::NoEqualsSign => formatter.write_str("text pair has no '='"),
            Self::BadKey { length } => write!(formatter, "malformed text key of {}", ByteCount(*length)),
            Self::ControlCharacter => formatter.write_str("text value contains a control character"),
            Self::TooLong { limit } => write!(formatter, "text sequence exceeds {}", ByteCount(*limit)),
            Self::TooManyPdus { limit } => write!(formatter, "text sequence exceeds {limit} PDUs"),
        }
    }
}

impl core::error::Error for TextError {}

/// An error in the value of a text key ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// The value is never part of the error, because it may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// The value is neither a decimal nor a hexadecimal number.
    NotANumber,
    /// The number is 2^64 or greater.
    TooLarge,
    /// The value is neither hex nor base64, or is empty.
    NotBinary,
    /// The value is longer than its key allows.
    TooLong {
        /// The length of the value in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The value is neither `Yes` nor `No`.
    NotABoolean,
    /// The value is not a range `low~high`.
    NotARange,
    /// The list has an empty item.
    EmptyItem,
    /// The value has a character that values of its type may not have.
    Character,
}

impl fmt::Display for ValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => formatter.write_str("not a number"),
            Self::TooLarge => formatter.write_str("number is 2^64 or greater"),
            Self::NotBinary => formatter.write_str("not a hex or base64 value"),
            Self::TooLong { length, limit } => {
                write!(formatter, "{}, the limit is {limit}", ByteCount(*length))
            }
            Self::NotABoolean => formatter.write_str("neither Yes nor No"),
            Self::NotARange => formatter.write_str("not a range"),
            Self::EmptyItem => formatter.write_str("list has an empty item"),
            Self::Character => formatter.write_str("value has a character that is not allowed"),
        }
    }
}

impl core::error::Error for ValueError {}

//! Errors in texts and in values of text keys.

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

/// A value that does not have the form its key demands. The value itself is not part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// Neither decimal nor hexadecimal digits.
    NotANumber,
    /// A number of 2^64 or more.
    TooLarge,
    /// Neither hex nor base64, or empty.
    NotBinary,
    /// A binary value longer than its key allows.
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Neither `Yes` nor `No`.
    NotABoolean,
    /// Not `low~high`.
    NotARange,
    /// A list with an empty item.
    EmptyItem,
    /// A character that values of this type do not have.
    Character,
}

impl fmt::Display for ValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => formatter.write_str("not a number"),
            Self::TooLarge => formatter.write_str("a number of 2^64 or more"),
            Self::NotBinary => formatter.write_str("not a hex or base64 value"),
            Self::TooLong { length, limit } => write!(formatter, "{length} bytes, the limit is {limit}"),
            Self::NotABoolean => formatter.write_str("neither Yes nor No"),
            Self::NotARange => formatter.write_str("not a range"),
            Self::EmptyItem => formatter.write_str("an empty item in a list"),
            Self::Character => formatter.write_str("a character that such values do not have"),
        }
    }
}

impl core::error::Error for ValueError {}

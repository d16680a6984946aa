//! Booleans, lists and plain text as values of text keys (RFC 7143, 6.1).

use alloc::string::String;
use core::fmt;

/// Longest simple value in bytes, unless its key says otherwise.
const MAX_LENGTH: usize = 255;

/// Exactly `Yes` or `No` (TXT-10).
pub fn parse_boolean(text: &str) -> Result<bool, ValueError> {
    match text {
        "Yes" => Ok(true),
        "No" => Ok(false),
        _ => Err(ValueError::NotABoolean),
    }
}

/// `Yes` or `No`.
#[must_use]
pub const fn encode_boolean(value: bool) -> &'static str {
    if value { "Yes" } else { "No" }
}

/// The items of a comma-separated list, in order of preference; empty items stay visible (TXT-12).
pub fn parse_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
}

/// Items in order of preference, between commas; the list as a whole may be of any length (TXT-05, TXT-12).
///
/// # Errors
/// [`ValueError`] for an item that is empty or no [text value](check_text_value).
pub fn encode_list<Item: AsRef<str>>(items: impl IntoIterator<Item = Item>) -> Result<String, ValueError> {
    let mut list = String::new();
    for (index, item) in items.into_iter().enumerate() {
        let item = item.as_ref();
        if item.is_empty() {
            return Err(ValueError::EmptyItem);
        }
        check_text_value(item)?;
        list.push_str(if index == 0 { "" } else { "," });
        list.push_str(item);
    }
    Ok(list)
}

/// Is it a `text-value`: letters, digits and `. - + @ _ / [ ] :`, at most 255 bytes, perhaps none (TXT-21, TXT-22)?
pub fn check_text_value(value: &str) -> Result<(), ValueError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-+@_/[]:".contains(&byte);
    check(value, value.bytes().all(allowed))
}

/// Is it an `iSCSI-local-name-value`, such as an alias: UTF-8 without control characters, at most 255 bytes
/// (TXT-21)?
pub fn check_local_name(value: &str) -> Result<(), ValueError> {
    check(value, !value.chars().any(char::is_control))
}

fn check(value: &str, allowed: bool) -> Result<(), ValueError> {
    if value.len() > MAX_LENGTH {
        return Err(ValueError::TooLong { length: value.len(), limit: MAX_LENGTH });
    }
    if allowed { Ok(()) } else { Err(ValueError::Character) }
}

/// Strips `0x` or `0b` in either case.
pub(crate) fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

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

#[cfg(test)]
mod tests {
    use super::{
        ValueError, check_local_name, check_text_value, encode_boolean, encode_list, parse_boolean,
        parse_list,
    };
    use std::vec::Vec;

    /// TXT-10: exactly `Yes` and `No`.
    #[test]
    fn txt_10_booleans() {
        for value in [true, false] {
            assert_eq!(parse_boolean(encode_boolean(value)), Ok(value));
        }
        for text in ["yes", "NO", "", "Yes ", "1"] {
            assert_eq!(parse_boolean(text), Err(ValueError::NotABoolean), "{text:?}");
        }
    }

    /// TXT-12: commas without spaces, in order.
    #[test]
    fn txt_12_lists() {
        let list = encode_list(["CRC32C", "None"]).unwrap();
        assert_eq!(list, "CRC32C,None");
        assert_eq!(parse_list(&list).collect::<Vec<_>>(), ["CRC32C", "None"]);
        assert_eq!(encode_list(["7"]).as_deref(), Ok("7"));
        assert_eq!(encode_list(["A", ""]), Err(ValueError::EmptyItem));
        assert_eq!(encode_list(["A,B"]), Err(ValueError::Character));
        assert_eq!(encode_list(["A", " B"]), Err(ValueError::Character));
        assert_eq!(encode_list(["x"; 200]).map(|list| list.len()), Ok(399));
    }

    /// TXT-05: 255 bytes fit a simple value, 256 do not.
    #[test]
    fn txt_05_longest_simple_value() {
        assert_eq!(check_text_value(&"a".repeat(255)), Ok(()));
        let too_long = Err(ValueError::TooLong { length: 256, limit: 255 });
        assert_eq!(check_text_value(&"a".repeat(256)), too_long);
        assert_eq!(check_local_name(&"ä".repeat(128)), too_long);
    }

    /// TXT-21, TXT-22: the alphabet of each type; a text value may be empty.
    #[test]
    fn txt_21_alphabets() {
        for text in ["", "All", "iqn.2001-04.com.example:a", "[::1]:3260", "x@y_z/+"] {
            assert_eq!(check_text_value(text), Ok(()), "{text:?}");
        }
        for text in ["a b", "a,b", "a~b", "a=b", "ä", "a\0b"] {
            assert_eq!(check_text_value(text), Err(ValueError::Character), "{text:?}");
        }
        for alias in ["", "my host, über ~ alles=1"] {
            assert_eq!(check_local_name(alias), Ok(()), "{alias:?}");
        }
        for alias in ["a\0TargetName=b", "a\nb", "a\u{85}b"] {
            assert_eq!(check_local_name(alias), Err(ValueError::Character), "{alias:?}");
        }
    }
}

//! Numbers, ranges, booleans, lists and plain text as values of text keys (RFC 7143, 6.1).

use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;

use bytes::BytesMut;

use super::error::ValueError;

/// Parses a decimal or hexadecimal number below 2^64
/// ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// Leading zeros are tolerated (TXT-07). To encode a number, use its `Display`: decimal, without leading zeros.
///
/// ```
/// assert_eq!(iscsi_pdu::parse_number("0x40000"), Ok(262_144));
/// assert!(iscsi_pdu::parse_number("-1").is_err());
/// ```
pub fn parse_number(text: &str) -> Result<u64, ValueError> {
    match text.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => parse_digits::<16>(digits),
        digits => parse_digits::<10>(digits),
    }
}

/// So many digits of either kind fit into 64 bits.
const SAFE_DIGITS: usize = 16;

fn parse_digits<const RADIX: u8>(digits: &[u8]) -> Result<u64, ValueError> {
    let value = |digit: u8| char::from(digit).to_digit(RADIX.into()).ok_or(ValueError::NotANumber);
    let (first, rest) = digits.split_at(digits.len().min(SAFE_DIGITS));
    let mut number = 0_u64;
    for digit in first {
        number = number.wrapping_mul(RADIX.into()).wrapping_add(value(*digit)?.into());
    }
    let mut number = Some(number);
    for digit in rest {
        let value = value(*digit)?;
        number = number.and_then(|number| number.checked_mul(RADIX.into())?.checked_add(value.into()));
    }
    if digits.is_empty() { Err(ValueError::NotANumber) } else { number.ok_or(ValueError::TooLarge) }
}

/// Appends a number in decimal, without leading zeros.
pub(crate) fn append_number(mut number: u64, text: &mut BytesMut) {
    let (mut digits, mut first) = ([b'0'; 20], 0);
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit += (number % 10).to_le_bytes()[0];
        (number, first) = (number / 10, at);
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Parses a range `low~high` of numbers whose low end is not above its high end (TXT-11).
pub fn parse_range(text: &str) -> Result<RangeInclusive<u64>, ValueError> {
    let (low, high) = text.split_once('~').ok_or(ValueError::NotARange)?;
    let range = parse_number(low)?..=parse_number(high)?;
    if range.is_empty() { Err(ValueError::NotARange) } else { Ok(range) }
}

/// Encodes a range as `low~high`. The caller makes sure that the low end is not above the high end.
#[must_use]
pub fn encode_range(range: &RangeInclusive<u64>) -> String {
    format!("{}~{}", range.start(), range.end())
}

/// Length of the longest simple value in bytes, unless the key allows more.
const MAX_LENGTH: usize = 255;

/// Parses a boolean: exactly `Yes` or `No` (TXT-10).
pub fn parse_boolean(text: &str) -> Result<bool, ValueError> {
    match text {
        "Yes" => Ok(true),
        "No" => Ok(false),
        _ => Err(ValueError::NotABoolean),
    }
}

/// Encodes a boolean as `Yes` or `No`.
#[must_use]
pub const fn encode_boolean(value: bool) -> &'static str {
    if value { "Yes" } else { "No" }
}

/// Splits a comma-separated list into its items, in order of preference and including empty ones (TXT-12).
pub fn parse_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
}

/// Encodes items in order of preference as a comma-separated list of any length (TXT-05, TXT-12).
///
/// # Errors
/// [`ValueError`] if an item is empty or not a [text value](check_text_value).
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

/// Checks a `text-value`: letters, digits and `. - + @ _ / [ ] :`, at most 255 bytes, may be empty (TXT-21, TXT-22).
pub fn check_text_value(value: &str) -> Result<(), ValueError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-+@_/[]:".contains(&byte);
    check(value, value.bytes().all(allowed))
}

/// Checks an `iSCSI-local-name-value`, such as an alias: UTF-8 without control characters, at most 255 bytes (TXT-21).
pub fn check_local_name(value: &str) -> Result<(), ValueError> {
    check(value, !value.chars().any(char::is_control))
}

fn check(value: &str, allowed: bool) -> Result<(), ValueError> {
    if value.len() > MAX_LENGTH {
        return Err(ValueError::TooLong { length: value.len(), limit: MAX_LENGTH });
    }
    if allowed { Ok(()) } else { Err(ValueError::Character) }
}

/// Removes a prefix such as `0x` or `0b`, in either case.
pub(crate) fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{
        check_local_name, check_text_value, encode_boolean, encode_list, encode_range, parse_boolean,
        parse_list, parse_number, parse_range,
    };
    use crate::ValueError;
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

    /// TXT-06, TXT-07: numbers.
    #[test]
    fn txt_06_numbers() {
        let good = [
            ("0", 0),
            ("0x0", 0),
            ("0x0000", 0),
            ("10", 10),
            ("0xA", 10),
            ("0X0a", 10),
            ("0x000a", 10),
            ("262144", 262_144),
            ("0X00040000", 262_144),
            ("007", 7),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, number) in good {
            assert_eq!(parse_number(text), Ok(number), "{text}");
        }
        for text in ["18446744073709551616", "-1", "+1", "1.0", "1e3", " 1", "0x", "", "0b1", "0x+1"] {
            assert!(parse_number(text).is_err(), "{text:?}");
        }
    }

    /// TXT-11: `low~high`, with bounds in decimal or hexadecimal.
    #[test]
    fn txt_11_ranges() {
        assert_eq!(parse_range("512~0xffffff"), Ok(512..=16_777_215));
        assert_eq!(parse_range("7~7"), Ok(7..=7));
        assert_eq!(parse_range(&encode_range(&(512..=16_777_215))), Ok(512..=16_777_215));
        assert_eq!(parse_range("2~1"), Err(ValueError::NotARange));
        assert_eq!(parse_range("512"), Err(ValueError::NotARange));
        assert_eq!(parse_range("512~"), Err(ValueError::NotANumber));
        assert_eq!(parse_range("1~2~3"), Err(ValueError::NotANumber));
    }
}

//! Numbers and ranges of numbers as values of text keys (RFC 7143, 6.1).
//!
//! A number is written by its `Display`: decimal, without leading zeros (TXT-07).

use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;

use crate::ValueError;
use crate::text_value::strip_prefix;

/// A decimal or hexadecimal number below 2^64. Leading zeros are tolerated (TXT-07).
///
/// ```
/// assert_eq!(iscsi_pdu::parse_number("0x40000"), Ok(262_144));
/// assert!(iscsi_pdu::parse_number("-1").is_err());
/// ```
pub fn parse_number(text: &str) -> Result<u64, ValueError> {
    let (digits, radix) = match strip_prefix(text, "0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ValueError::NotANumber);
    }
    u64::from_str_radix(digits, radix).map_err(|_| ValueError::TooLarge)
}

/// `low~high`, both numbers, low not above high (TXT-11).
pub fn parse_range(text: &str) -> Result<RangeInclusive<u64>, ValueError> {
    let (low, high) = text.split_once('~').ok_or(ValueError::NotARange)?;
    let range = parse_number(low)?..=parse_number(high)?;
    if range.is_empty() { Err(ValueError::NotARange) } else { Ok(range) }
}

/// `low~high`, to be read by [`parse_range`]; the caller answers for low not being above high.
#[must_use]
pub fn encode_range(range: &RangeInclusive<u64>) -> String {
    format!("{}~{}", range.start(), range.end())
}

#[cfg(test)]
mod tests {
    use super::{encode_range, parse_number, parse_range};
    use crate::ValueError;

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

    /// TXT-11: `low~high`, the bounds as numbers are.
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

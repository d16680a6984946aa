//! Binary and large binary values of text keys: hex and base64 (RFC 7143, 6.1).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::error::ValueError;
use super::values::strip_prefix;

/// Decodes a binary value in hex (`0x`) or base64 (`0b`), never decimal (TXT-08, TXT-09;
/// [RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// A leading zero is added to an odd number of hex digits. No more than `max_length` bytes are allocated.
///
/// # Errors
/// [`ValueError::TooLong`] above `max_length` bytes, [`ValueError::NotBinary`] for anything malformed.
pub fn decode_binary(text: &str, max_length: usize) -> Result<Vec<u8>, ValueError> {
    if let Some(digits) = strip_prefix(text, "0x") {
        let mut bytes = vec![0; digits.len().div_ceil(2).min(max_length)];
        decode_hex(digits.as_bytes(), &mut bytes)?;
        Ok(bytes)
    } else if let Some(digits) = strip_prefix(text, "0b") {
        decode_base64(digits.as_bytes(), max_length)
    } else {
        Err(ValueError::NotBinary)
    }
}

/// Decodes a binary value like [`decode_binary`], to the front of `place`, and returns it there. It allocates nothing for hex.
///
/// ```
/// let mut place = [0; 16];
/// assert_eq!(iscsi_pdu::decode_binary_into("0x0aff", &mut place), Ok(&[10, 255][..]));
/// assert!(iscsi_pdu::decode_binary_into("0x0aff", &mut [0; 1]).is_err());
/// ```
///
/// # Errors
/// As [`decode_binary`], with the length of `place` as the limit.
pub fn decode_binary_into<'p>(text: &str, place: &'p mut [u8]) -> Result<&'p [u8], ValueError> {
    if let Some(digits) = strip_prefix(text, "0x") {
        return decode_hex(digits.as_bytes(), place);
    }
    let bytes = decode_binary(text, place.len())?;
    let place = place.get_mut(..bytes.len()).unwrap_or_default();
    place.copy_from_slice(&bytes);
    Ok(place)
}

/// Decodes a binary value in base64 (`0b`) without the padding that RFC 4648, section 3.2 requires, and no other form.
///
/// [`decode_binary`] refuses such a value. A caller that tolerates it calls this function second and thereby knows that
/// the value deviates from the RFC.
///
/// # Errors
/// [`ValueError::TooLong`] above `max_length` bytes, [`ValueError::NotBinary`] for anything malformed or padded.
pub fn decode_unpadded_base64(text: &str, max_length: usize) -> Result<Vec<u8>, ValueError> {
    let digits = strip_prefix(text, "0b").ok_or(ValueError::NotBinary)?.as_bytes();
    // Complete groups need no padding, and a single digit does not hold a byte.
    if matches!(digits.len() % 4, 0 | 1) {
        return Err(ValueError::NotBinary);
    }
    decode_base64_groups(digits, digits.len() * 3 / 4, max_length)
}

/// Encodes bytes in hex: `0x` and two lower-case digits per byte.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    let mut text = vec![0; hex_length(bytes.len())];
    write_hex(bytes, &mut text);
    // The digits are ASCII, so this does not fail.
    String::from_utf8(text).unwrap_or_default()
}

/// The length of so many bytes in hex.
pub(crate) const fn hex_length(bytes: usize) -> usize {
    2 + 2 * bytes
}

/// Writes bytes in hex, as [`encode_hex`] returns them, to a place of their [`hex_length`].
pub(crate) fn write_hex(bytes: &[u8], place: &mut [u8]) {
    if let Some((prefix, digits)) = place.split_first_chunk_mut() {
        *prefix = *b"0x";
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(bytes) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0f)];
        }
    }
}

/// Encodes bytes in base64: `0b` and digits with padding (RFC 4648, section 4).
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len().div_ceil(3) * 4);
    text.push_str("0b");
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let sextet = group >> (18 - 6 * index) & 0x3f;
            text.push(if index <= chunk.len() { base64_digit(sextet) } else { '=' });
        }
    }
    text
}

/// Decodes digits to the front of `place`, and returns the bytes there.
fn decode_hex<'p>(digits: &[u8], place: &'p mut [u8]) -> Result<&'p [u8], ValueError> {
    let length = digits.len().div_ceil(2);
    check_length(length, place.len())?;
    let place = place.get_mut(..length).unwrap_or_default();
    let (first, pairs) = digits.split_at(digits.len() % 2);
    // Digits are decoded without looking whether they are digits; the union of their values is looked at once, at the
    // end. A branch for each digit would cost more than the decoding.
    let mut all_bits = 0;
    let mut value = |digit: u8| {
        let value = hex_value(digit);
        all_bits |= value;
        value
    };
    let (odd, even) = place.split_at_mut(first.len());
    for (byte, digit) in odd.iter_mut().zip(first) {
        *byte = value(*digit);
    }
    for (byte, [high, low]) in even.iter_mut().zip(pairs.as_chunks().0) {
        *byte = value(*high) << 4 | value(*low);
    }
    if all_bits & NO_DIGIT == 0 { Ok(place) } else { Err(ValueError::NotBinary) }
}

fn decode_base64(digits: &[u8], max_length: usize) -> Result<Vec<u8>, ValueError> {
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return Err(ValueError::NotBinary);
    }
    let length = digits.len() / 4 * 3 - padding;
    decode_base64_groups(digits.get(..digits.len() - padding).unwrap_or_default(), length, max_length)
}

/// Decodes digits without padding, which encode `length` bytes.
fn decode_base64_groups(digits: &[u8], length: usize, max_length: usize) -> Result<Vec<u8>, ValueError> {
    check_length(length, max_length)?;
    let mut bytes = Vec::with_capacity(length);
    for group in digits.chunks(4) {
        push_base64_group(group, &mut bytes)?;
    }
    Ok(bytes)
}

/// Decodes two to four digits to one to three bytes; spare bits must be zero (RFC 4648, section 3.5).
fn push_base64_group(group: &[u8], bytes: &mut Vec<u8>) -> Result<(), ValueError> {
    let spare = 8 * (4 - group.len());
    let bits = group.iter().try_fold(0_u32, |bits, digit| Some(bits << 6 | base64_value(*digit)?));
    let bits = bits.ok_or(ValueError::NotBinary)? << (6 * (4 - group.len()));
    // Otherwise several texts would stand for one value.
    if bits & ((1 << spare) - 1) != 0 {
        return Err(ValueError::NotBinary);
    }
    bytes.extend(bits.to_be_bytes().into_iter().skip(1).take(group.len() - 1));
    Ok(())
}

const fn check_length(length: usize, max_length: usize) -> Result<(), ValueError> {
    match length {
        0 => Err(ValueError::NotBinary),
        _ if length > max_length => Err(ValueError::TooLong { length, limit: max_length }),
        _ => Ok(()),
    }
}

/// The value of a byte that is not a hex digit: a bit that is clear in the value of every hex digit.
const NO_DIGIT: u8 = 0x80;

/// The values of hex digits. A table, because digits of a challenge are random: a branch on "letter or digit" would be
/// mispredicted half of the time.
#[allow(
    clippy::indexing_slicing,
    reason = "a byte is always in range, and the table is built at compile time"
)]
const HEX_VALUES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = hex_digit(value);
        table[digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    table
};

fn hex_value(digit: u8) -> u8 {
    HEX_VALUES.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT)
}

/// Returns the digit of a value below 16. Without a branch, for the same reason as [`HEX_VALUES`].
const fn hex_digit(value: u8) -> u8 {
    b'0' + value + (value > 9) as u8 * (b'a' - b'0' - 10)
}

fn base64_value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn base64_digit(sextet: u32) -> char {
    let index = u8::try_from(sextet).unwrap_or_default();
    char::from(match index {
        0..=25 => b'A' + index,
        26..=51 => b'a' + (index - 26),
        52..=61 => b'0' + (index - 52),
        62 => b'+',
        _ => b'/',
    })
}

#[cfg(test)]
mod tests {
    use super::{decode_binary, decode_binary_into, decode_unpadded_base64, encode_base64, encode_hex};
    use crate::ValueError;
    use std::{format, vec::Vec};

    /// Unpadded base64 decodes to the bytes of padded base64, and only by the tolerant decoder.
    #[test]
    fn txt_08_base64_without_padding() {
        for length in [1, 2, 4, 5, 16, 17, 1022, 1024] {
            let bytes: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let padded = encode_base64(&bytes);
            let unpadded = padded.trim_end_matches('=');
            assert_ne!(padded, unpadded);
            assert_eq!(decode_unpadded_base64(unpadded, 1024).as_ref(), Ok(&bytes));
            assert_eq!(decode_binary(unpadded, 1024), Err(ValueError::NotBinary));
            assert_eq!(decode_unpadded_base64(&padded, 1024), Err(ValueError::NotBinary));
        }
        let long = encode_base64(&[0; 1025]);
        let too_long = Err(ValueError::TooLong { length: 1025, limit: 1024 });
        assert_eq!(decode_unpadded_base64(long.trim_end_matches('='), 1024), too_long);
    }

    /// Values that are not unpadded base64: padding, complete groups, one digit too many, spare bits, other notations.
    #[test]
    fn txt_08_malformed_base64_without_padding() {
        for text in ["0bIQ=", "0bIQ==", "0bAAAA", "0bA", "0bAAAAA", "0bIR", "0bI!", "0b", "IQ", "0x21", ""] {
            assert_eq!(decode_unpadded_base64(text, 1024), Err(ValueError::NotBinary), "{text}");
        }
        assert_eq!(decode_unpadded_base64("0BIQ", 1024), Ok(Vec::from([0x21])));
    }

    /// CHP-06: 1024 bytes fit, 1025 do not, in either notation.
    #[test]
    fn chp_06_length_limit() {
        for length in [1, 2, 3, 16, 17, 1023, 1024] {
            let bytes: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            assert_eq!(decode_binary(&encode_hex(&bytes), 1024).as_ref(), Ok(&bytes));
            assert_eq!(decode_binary(&encode_base64(&bytes), 1024).as_ref(), Ok(&bytes));
        }
        let mut place = [0; 3];
        for text in ["0x010aff", "0bAQr/"] {
            assert_eq!(decode_binary_into(text, &mut place), Ok(&[1, 10, 255][..]));
            let error = ValueError::TooLong { length: 3, limit: 2 };
            assert_eq!(decode_binary_into(text, &mut place[..2]), Err(error));
        }
        assert_eq!(decode_binary_into("0xf00", &mut place), Ok(&[15, 0][..]));
        let error = Err(ValueError::TooLong { length: 1025, limit: 1024 });
        assert_eq!(decode_binary(&encode_hex(&[0; 1025]), 1024), error);
        assert_eq!(decode_binary(&encode_base64(&[0; 1025]), 1024), error);
        assert_eq!(decode_binary(&format!("0x{}", "0".repeat(2050)), 1024), error);
    }
}

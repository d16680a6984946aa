//! Text keys: `key=value` pairs, each ended by a NUL (RFC 7143, 6.1).

use alloc::vec::Vec;

use super::error::TextError;

/// Length of the longest key in bytes.
const MAX_KEY_LENGTH: usize = 63;
/// Length of a typical pair in bytes, used to estimate the number of pairs in a text.
const TYPICAL_PAIR: usize = 16;

/// The `key=value` pairs of one text sequence, in order and with duplicates
/// ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// ```
/// use iscsi_pdu::TextKeys;
/// let keys = TextKeys::parse(b"AuthMethod=CHAP\0TargetPortalGroupTag=1\0")?;
/// assert_eq!(keys.get("AuthMethod"), Some("CHAP"));
/// # Ok::<(), iscsi_pdu::TextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextKeys<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> TextKeys<'a> {
    /// Parses the joined data of a sequence, which [`TextAssembler`](crate::TextAssembler) collects.
    ///
    /// Additional NULs after the last pair are tolerated.
    ///
    /// # Errors
    /// [`TextError`] if a pair has no `=`, a key is malformed, the text is not UTF-8, a value contains control
    /// characters, or the final NUL is missing.
    pub fn parse(text: &'a [u8]) -> Result<Self, TextError> {
        let Some(body) = text.strip_suffix(&[0]) else {
            return if text.is_empty() {
                Ok(Self { pairs: Vec::new() })
            } else {
                Err(TextError::Unterminated)
            };
        };
        let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let body = body.get(..end).unwrap_or_default();
        if body.is_empty() {
            return Ok(Self { pairs: Vec::new() });
        }
        let mut rest = Some(core::str::from_utf8(body).map_err(|_| TextError::NotUtf8)?);
        let mut pairs = Vec::with_capacity(1 + body.len() / TYPICAL_PAIR);
        while let Some(text) = rest {
            let (pair, behind) = split_first_pair(text)?;
            pairs.push(pair);
            rest = behind;
        }
        Ok(Self { pairs })
    }

    /// Parses each pair by itself, so that a malformed pair does not prevent reading the others as in [`Self::parse`].
    ///
    /// ```
    /// use iscsi_pdu::{TextError, TextKeys};
    /// let mut pairs = TextKeys::parse_each(b"TargetName\0TargetAddress=10.0.0.5,1\0");
    /// assert_eq!(pairs.next().unwrap().unwrap_err().error, TextError::NoEqualsSign);
    /// assert_eq!(pairs.next().unwrap(), Ok(("TargetAddress", "10.0.0.5,1")));
    /// ```
    pub fn parse_each(text: &'a [u8]) -> impl Iterator<Item = Result<(&'a str, &'a str), MalformedPair<'a>>> {
        let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let (body, terminators) = text.split_at_checked(end).unwrap_or_default();
        let pieces = if body.is_empty() { None } else { Some(body.split(|byte| *byte == 0)) };
        let mut pieces = pieces.into_iter().flatten().peekable();
        core::iter::from_fn(move || {
            let piece = pieces.next()?;
            let is_whole = !terminators.is_empty() || pieces.peek().is_some();
            let pair = if is_whole { parse_pair(piece) } else { Err(TextError::Unterminated) };
            Some(pair.map_err(|error| MalformedPair { text: piece, error }))
        })
    }

    /// Iterates over the pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs.iter().copied()
    }

    /// Returns the pairs in order.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(&'a str, &'a str)> {
        self.pairs
    }

    /// Returns the value of the first pair with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter().find(|pair| pair.0 == key).map(|pair| pair.1)
    }

    /// Returns the number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns `true` if there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// A pair that [`TextKeys::parse_each`] cannot parse
/// ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedPair<'a> {
    /// The bytes of the pair, without the final NUL.
    pub text: &'a [u8],
    /// The error in the pair.
    pub error: TextError,
}

/// Parses one pair without its final NUL.
fn parse_pair(pair: &[u8]) -> Result<(&str, &str), TextError> {
    let text = core::str::from_utf8(pair).map_err(|_| TextError::NotUtf8)?;
    split_first_pair(text).map(|(pair, _)| pair)
}

/// Splits off the first pair and returns it with the text after its NUL.
///
/// In well-formed ASCII every byte is examined once: the first byte that cannot be part of a key is the equals sign,
/// and the first byte after it that is not printable is the NUL.
fn split_first_pair(text: &str) -> Result<((&str, &str), Option<&str>), TextError> {
    let (key, behind) = split_before(text, |byte| !is_of_key(byte));
    let Some(behind) = behind.strip_prefix('=') else { return Err(malformed_key(text)) };
    check_key_frame(key)?;
    let (value, behind) = split_before(behind, |byte| !is_printable(byte));
    if behind.is_empty() {
        return Ok(((key, value), None));
    }
    if let Some(behind) = behind.strip_prefix('\0') {
        return Ok(((key, value), Some(behind)));
    }
    // The value has a byte outside printable ASCII, which is legal in UTF-8. It is read again from its beginning, to the
    // NUL, and checked character by character.
    let (value, behind) = split_before(text.get(key.len() + 1..).unwrap_or_default(), |byte| byte == 0);
    check_value(value)?;
    Ok(((key, value), behind.strip_prefix('\0')))
}

fn split_before(text: &str, is_end: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(is_end).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Returns the error in a pair whose key is not followed by an equals sign.
fn malformed_key(text: &str) -> TextError {
    let (pair, _) = split_before(text, |byte| byte == 0);
    pair.split_once('=').map_or(TextError::NoEqualsSign, |(key, _)| TextError::BadKey { length: key.len() })
}

/// The only key of the RFC that begins with a small letter, against its own rule (13.24).
const SMALL_KEY: &str = "iSCSIProtocolLevel";

/// The bytes that keys may contain. TXT-04 does not include `#`, but the X# keys of RFC 3720 contain it.
#[allow(
    clippy::indexing_slicing,
    reason = "a byte is always in range, and the table is built at compile time"
)]
const IN_KEYS: [bool; 256] = {
    let mut table = [false; 256];
    let mut alphabet: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+@_#";
    while let [byte, rest @ ..] = alphabet {
        table[*byte as usize] = true;
        alphabet = rest;
    }
    table
};

fn is_of_key(byte: u8) -> bool {
    IN_KEYS.get(usize::from(byte)) == Some(&true)
}

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

/// Checks all bytes. It does not stop at the first mismatch, so that the compiler can vectorize the loop.
fn all_are(text: &str, is_allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_allowed(byte))
}

/// Checks that a key is a capital letter followed by letters, digits and `. - + @ _ #`.
pub(crate) fn check_key(key: &str) -> Result<(), TextError> {
    if all_are(key, is_of_key) { check_key_frame(key) } else { Err(TextError::BadKey { length: key.len() }) }
}

/// Checks the first character and the length of a key whose alphabet has been checked.
fn check_key_frame(key: &str) -> Result<(), TextError> {
    let begins = key.starts_with(|first: char| first.is_ascii_uppercase()) || key == SMALL_KEY;
    if begins && key.len() <= MAX_KEY_LENGTH { Ok(()) } else { Err(TextError::BadKey { length: key.len() }) }
}

/// Checks that a value has no control characters, neither of ASCII nor of Latin-1.
pub(crate) fn check_value(value: &str) -> Result<(), TextError> {
    if all_are(value, is_printable) || !value.chars().any(char::is_control) {
        return Ok(());
    }
    Err(TextError::ControlCharacter)
}

#[cfg(test)]
mod tests {
    use super::{MalformedPair, TextKeys};
    use crate::TextError;
    use std::{format, vec::Vec};

    fn pairs(text: &[u8]) -> Vec<(&str, &str)> {
        TextKeys::parse(text).unwrap().iter().collect()
    }

    /// TXT-02: the key ends at the first equals sign.
    #[test]
    fn txt_02_first_equals_sign_splits() {
        assert_eq!(pairs(b"CHAP_C=0bAA==\0"), [("CHAP_C", "0bAA==")]);
    }

    /// TXT-01, TXT-19: every pair ends in one NUL; more at the end are tolerated.
    #[test]
    fn txt_19_malformed_text() {
        assert_eq!(pairs(b""), []);
        assert_eq!(pairs(b"\0\0"), []);
        assert_eq!(pairs(b"A=1\0B=\0\0\0"), [("A", "1"), ("B", "")]);
        let cases: [(&[u8], TextError); 7] = [
            (b"A=1", TextError::Unterminated),
            (b"A\0", TextError::NoEqualsSign),
            (b"A=1\0\0B=2\0", TextError::NoEqualsSign),
            (b"=1\0", TextError::BadKey { length: 0 }),
            (b"a=1\0", TextError::BadKey { length: 1 }),
            (b"A=\x01\0", TextError::ControlCharacter),
            (b"A=\xff\0", TextError::NotUtf8),
        ];
        for (text, error) in cases {
            assert_eq!(TextKeys::parse(text), Err(error), "{text:?}");
        }
    }

    /// TXT-19: parsing each pair returns the pairs and errors of parsing the whole text, and the other pairs as well.
    #[test]
    fn txt_19_one_malformed_pair_does_not_hide_the_others() {
        fn each(text: &[u8]) -> Vec<Result<(&str, &str), MalformedPair<'_>>> {
            TextKeys::parse_each(text).collect()
        }
        fn bad(text: &[u8], error: TextError) -> Result<(&str, &str), MalformedPair<'_>> {
            Err(MalformedPair { text, error })
        }
        assert_eq!(each(b""), []);
        assert_eq!(each(b"\0\0"), []);
        assert_eq!(each(b"A=1\0B=\0\0\0"), [Ok(("A", "1")), Ok(("B", ""))]);
        assert_eq!(each(b"A=1\0B=2"), [Ok(("A", "1")), bad(b"B=2", TextError::Unterminated)]);
        assert_eq!(each(b"A=1"), [bad(b"A=1", TextError::Unterminated)]);
        let cases: [(&[u8], TextError); 6] = [
            (b"A", TextError::NoEqualsSign),
            (b"", TextError::NoEqualsSign),
            (b"=1", TextError::BadKey { length: 0 }),
            (b"a=1", TextError::BadKey { length: 1 }),
            (b"A=\x01", TextError::ControlCharacter),
            (b"A=\xff", TextError::NotUtf8),
        ];
        for (pair, error) in cases {
            let text = [b"B=1\0", pair, b"\0C=2\0"].concat();
            assert_eq!(each(&text), [Ok(("B", "1")), bad(pair, error), Ok(("C", "2"))], "{pair:?}");
        }
    }

    /// TXT-04: at most 63 characters, a capital letter first.
    #[test]
    fn txt_04_key_names() {
        let longest = format!("X{}=\0", "a".repeat(62));
        assert!(TextKeys::parse(longest.as_bytes()).is_ok());
        let longer = format!("X{}=\0", "a".repeat(63));
        assert_eq!(TextKeys::parse(longer.as_bytes()), Err(TextError::BadKey { length: 64 }));
        assert!(TextKeys::parse(b"_x=1\0").is_err());
    }
}

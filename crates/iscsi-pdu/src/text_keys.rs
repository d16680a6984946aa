//! Text keys: `key=value` pairs, each ended by a NUL (RFC 7143, 6.1).

use alloc::vec::Vec;
use core::fmt;

/// Longest key name in octets.
const MAX_KEY_LENGTH: usize = 63;

/// The pairs of one text sequence, in order, duplicates and all.
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
    /// Splits the joined data of a sequence, all its PDUs with the C bit up to the one without.
    ///
    /// NULs beyond the one that ends the last pair are tolerated.
    ///
    /// # Errors
    /// [`TextError`] for a pair without `=`, a malformed key, octets that are not UTF-8, control characters in a
    /// value, or a missing final NUL.
    pub fn parse(text: &'a [u8]) -> Result<Self, TextError> {
        let Some(body) = text.strip_suffix(&[0]) else {
            return if text.is_empty() {
                Ok(Self { pairs: Vec::new() })
            } else {
                Err(TextError::Unterminated)
            };
        };
        let end = body.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        let body = body.get(..end).unwrap_or_default();
        if body.is_empty() {
            return Ok(Self { pairs: Vec::new() });
        }
        let pairs = body.split(|octet| *octet == 0).map(parse_pair).collect::<Result<_, _>>()?;
        Ok(Self { pairs })
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs.iter().copied()
    }

    /// The value of the first pair of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter().find(|pair| pair.0 == key).map(|pair| pair.1)
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Is there no pair at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

fn parse_pair(pair: &[u8]) -> Result<(&str, &str), TextError> {
    let pair = core::str::from_utf8(pair).map_err(|_| TextError::NotUtf8)?;
    let (key, value) = pair.split_once('=').ok_or(TextError::NoEqualsSign)?;
    check_key(key)?;
    if value.chars().any(char::is_control) {
        return Err(TextError::ControlCharacter);
    }
    Ok((key, value))
}

/// The one key of the RFC that breaks its own rule on key names (13.24).
const SMALL_KEY: &str = "iSCSIProtocolLevel";

/// A capital letter, then letters, digits and `. - + @ _`; X# keys of RFC 3720 also had `#` (TXT-04).
pub(crate) fn check_key(key: &str) -> Result<(), TextError> {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b".-+@_#".contains(&octet);
    let begins = key.starts_with(|first: char| first.is_ascii_uppercase()) || key == SMALL_KEY;
    if begins && key.len() <= MAX_KEY_LENGTH && key.bytes().all(allowed) {
        return Ok(());
    }
    Err(TextError::BadKey { length: key.len() })
}

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
        /// Its length in octets.
        length: usize,
    },
    /// A value holds a control character.
    ControlCharacter,
    /// The sequence has more octets than the receiver takes.
    TooLong {
        /// The limit in octets.
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
            Self::BadKey { length } => write!(formatter, "malformed text key of {length} octets"),
            Self::ControlCharacter => formatter.write_str("control character in a text value"),
            Self::TooLong { limit } => write!(formatter, "text sequence exceeds {limit} octets"),
            Self::TooManyPdus { limit } => write!(formatter, "text sequence exceeds {limit} PDUs"),
        }
    }
}

impl core::error::Error for TextError {}

#[cfg(test)]
mod tests {
    use super::{TextError, TextKeys};
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

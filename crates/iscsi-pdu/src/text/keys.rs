//! Text keys: `key=value` pairs, each ended by a NUL (RFC 7143, 6.1).

use alloc::vec::Vec;

use super::error::TextError;
use super::key::{check_key_frame, is_of_key};
use super::search::{end_of_printable, is_printable, position};

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
        let mut keys = Self { pairs: Vec::with_capacity(1 + text.len() / TYPICAL_PAIR) };
        for pair in pairs(text, |text| {
            let (key, behind) = split_key(text)?;
            Ok((None::<()>, key, behind))
        })? {
            let TextPair { key, value, .. } = pair?;
            keys.pairs.push((key, value));
        }
        Ok(keys)
    }

    /// Parses like [`Self::parse`], pair by pair. A key that `identify` finds in a list of keys is not looked at any further. The
    /// pairs end behind the first error.
    ///
    /// ```
    /// use iscsi_pdu::TextKeys;
    /// let places = |key: &str| ["SendTargets", "TargetName"].iter().position(|known| *known == key);
    /// let mut pairs = TextKeys::pairs_of(b"TargetName=iqn.2001-04.com.example:disk\0", places)?;
    /// let first = pairs.next().unwrap()?;
    /// assert_eq!((first.known, first.key, first.value), (Some(1), "TargetName", "iqn.2001-04.com.example:disk"));
    /// # Ok::<(), iscsi_pdu::TextError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::parse`], first those of the whole text.
    pub fn pairs_of<Known>(
        text: &'a [u8],
        identify: impl Fn(&str) -> Option<Known>,
    ) -> Result<impl Iterator<Item = Result<TextPair<'a, Known>, TextError>>, TextError> {
        pairs(text, move |text| {
            let (key, behind) = split_at_byte(text, b'=').ok_or(TextError::NoEqualsSign)?;
            match identify(key) {
                Some(known) => Ok((Some(known), key, behind)),
                None => split_key(text).map(|(key, behind)| (None, key, behind)),
            }
        })
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

/// A pair of a text ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPair<'a, Known> {
    /// The key in a list of keys, if it is there.
    pub known: Option<Known>,
    /// The key as text.
    pub key: &'a str,
    /// The value.
    pub value: &'a str,
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
    let (key, value) = split_key(text)?;
    check_value(value)?;
    Ok((key, value))
}

/// The pairs of a text. `split_key` splits a key and its equals sign off.
fn pairs<'a, Known>(
    text: &'a [u8],
    split_key: impl Fn(&'a str) -> Result<(Option<Known>, &'a str, &'a str), TextError>,
) -> Result<impl Iterator<Item = Result<TextPair<'a, Known>, TextError>>, TextError> {
    let body = match text.split_last() {
        None => text,
        Some((0, body)) => body,
        Some(_) => return Err(TextError::Unterminated),
    };
    let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let body = body.get(..end).unwrap_or_default();
    let body = core::str::from_utf8(body).map_err(|_| TextError::NotUtf8)?;
    Ok(Pairs { rest: Some(body).filter(|body| !body.is_empty()), split_key })
}

/// The pairs of a text that were not taken yet.
struct Pairs<'a, SplitKey> {
    rest: Option<&'a str>,
    split_key: SplitKey,
}

impl<'a, Known, SplitKey> Iterator for Pairs<'a, SplitKey>
where
    SplitKey: Fn(&'a str) -> Result<(Option<Known>, &'a str, &'a str), TextError>,
{
    type Item = Result<TextPair<'a, Known>, TextError>;

    #[allow(
        clippy::inline_always,
        reason = "moving a pair out of a function takes a third of what finding it does"
    )]
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let first = (self.split_key)(self.rest.take()?).and_then(|(known, key, behind)| {
            let value;
            (value, self.rest) = split_value(behind)?;
            Ok(TextPair { known, key, value })
        });
        Some(first)
    }
}

/// The value at the front of a text, checked, and the text behind its NUL, if there is one. In a value of printable characters
/// every byte is examined once: the first other byte is the NUL.
#[inline]
fn split_value(text: &str) -> Result<(&str, Option<&str>), TextError> {
    let Some((value, behind)) = end_of_printable(text.as_bytes()).and_then(|end| text.split_at_checked(end))
    else {
        return Ok((text, None));
    };
    if let Some(behind) = behind.strip_prefix('\0') {
        return Ok((value, Some(behind)));
    }
    // A byte outside printable ASCII is legal in UTF-8: the value is read again, and checked character by character.
    let (value, behind) = split_before(text, |byte| byte == 0);
    check_value(value)?;
    Ok((value, behind.strip_prefix('\0')))
}

fn split_before(text: &str, is_end: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(is_end).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The key at the front of a text, checked, and the text behind its equals sign. The first byte that cannot be part of a key is
/// the equals sign.
fn split_key(text: &str) -> Result<(&str, &str), TextError> {
    let (key, behind) = split_before(text, |byte| !is_of_key(byte));
    let behind = behind.strip_prefix('=').ok_or_else(|| malformed_key(text))?;
    check_key_frame(key)?;
    Ok((key, behind))
}

/// The error in a pair whose key is not followed by an equals sign.
fn malformed_key(text: &str) -> TextError {
    let (pair, _) = split_before(text, |byte| byte == 0);
    pair.split_once('=').map_or(TextError::NoEqualsSign, |(key, _)| TextError::BadKey { length: key.len() })
}

/// The text in front of the first such byte, which is ASCII, and the text behind it.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let (before, behind) = text.split_at_checked(position(text.as_bytes(), byte)?)?;
    Some((before, behind.get(1..)?))
}

/// Checks all bytes. It does not stop at the first mismatch, so that the compiler can vectorize the loop.
fn all_are(text: &[u8], is_allowed: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(true, |all, byte| all & is_allowed(*byte))
}

/// Checks that a value has no control characters, neither of ASCII nor of Latin-1.
pub(crate) fn check_value(value: &str) -> Result<(), TextError> {
    if all_are(value.as_bytes(), is_printable) || !value.chars().any(char::is_control) {
        return Ok(());
    }
    Err(TextError::ControlCharacter)
}

#[cfg(test)]
mod tests {
    use super::{MalformedPair, TextKeys, TextPair};
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

    /// A known key is not looked at, and another one is. The first equals sign ends a key of any length.
    #[test]
    fn known_keys_are_not_checked_again() {
        for length in 0..40 {
            let (key, other) = ("a".repeat(length), "b".repeat(length));
            let text = format!("{key}=1=2\0{other}=1\0C=1\0");
            let identify = |found: &str| (found == key).then_some(7);
            let pairs: Vec<_> = TextKeys::pairs_of(text.as_bytes(), identify).unwrap().take(2).collect();
            let first = TextPair { known: Some(7), key: &key, value: "1=2" };
            assert_eq!(pairs[0], Ok(first));
            let bad = Err(TextError::BadKey { length });
            assert_eq!(pairs[1], if length == 0 { Ok(TextPair { value: "1", ..first }) } else { bad });
        }
        assert_eq!(
            TextKeys::pairs_of(b"C\0", |_| Some(7)).unwrap().next(),
            Some(Err(TextError::NoEqualsSign))
        );
    }

    /// Wherever a pair ends in words of eight bytes, and whatever is behind it.
    #[test]
    fn txt_01_pairs_of_any_length() {
        for length in 0..40 {
            let text = format!("A={}\0B==\u{1}\0", "x".repeat(length)).replace('\u{1}', "~");
            assert_eq!(pairs(text.as_bytes()), [("A", &*"x".repeat(length)), ("B", "=~")]);
            let key = format!("K{}", "y".repeat(length));
            assert_eq!(pairs(format!("{key}=\0").as_bytes()), [(&*key, "")]);
        }
        assert_eq!(TextKeys::parse("A=\u{e9}\0B=\u{85}\0".as_bytes()), Err(TextError::ControlCharacter));
        assert_eq!(pairs("A=\u{e9}\0B=1\0".as_bytes()), [("A", "\u{e9}"), ("B", "1")]);
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

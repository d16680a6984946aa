//! Encoding of `key=value` pairs (RFC 7143, 6.1).

use core::fmt;

use bytes::{Bytes, BytesMut};

use super::binary::{hex_length, write_hex};
use super::error::TextError;
use super::key::{TextKey, check_key};
use super::keys::check_value;
use super::values::append_number;

/// Initial capacity in bytes. Most texts of a login fit, so that they are not reallocated.
const INITIAL_CAPACITY: usize = 320;

/// A writer of `key=value` pairs ([RFC 7143, section 6.1](https://www.rfc-editor.org/rfc/rfc7143#section-6.1)).
///
/// A pair that would not be read back as it was given makes the whole text invalid: [`Self::finish`] returns an error.
///
/// ```
/// let text = iscsi_pdu::TextWriter::new().pair("SendTargets", "All").finish()?;
/// assert_eq!(&text[..], b"SendTargets=All\0");
/// assert!(iscsi_pdu::TextWriter::new().pair("InitiatorAlias", "a\0TargetName=b").finish().is_err());
/// # Ok::<(), iscsi_pdu::TextError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextWriter {
    text: BytesMut,
    /// The first error.
    error: Option<TextError>,
}

impl TextWriter {
    /// Creates a writer without pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a writer without pairs that has memory for texts of so many bytes together.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: BytesMut::with_capacity(bytes), error: None }
    }

    /// Appends a pair and returns the writer.
    ///
    /// The caller encodes the value in the type of its key, with functions such as
    /// [`encode_list`](crate::encode_list) and [`encode_boolean`](crate::encode_boolean).
    #[must_use]
    pub fn pair(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.push(key, value);
        self
    }

    /// Appends a pair.
    pub fn push(&mut self, key: &str, value: impl fmt::Display) {
        use fmt::Write as _;
        self.note(check_key(key));
        self.begin(key);
        let begin = self.text.len();
        // Writing to the buffer cannot fail; if the value's `Display` fails, what it has written is kept.
        let _ = write!(self.text, "{value}");
        // Text was written, so this does not fail.
        let value = core::str::from_utf8(self.text.get(begin..).unwrap_or_default());
        let checked = value.map_err(|_| TextError::NotUtf8).and_then(check_value);
        self.note(checked);
        self.end();
    }

    /// Appends a pair with a text value.
    pub fn push_text(&mut self, key: TextKey, value: &str) {
        self.note(check_value(value));
        self.begin(key.as_str());
        self.text.extend_from_slice(value.as_bytes());
        self.end();
    }

    /// Appends a pair with a decimal number.
    pub fn push_number(&mut self, key: TextKey, value: u64) {
        self.push_numbers(key, [value]);
    }

    /// Appends a pair with a list of decimal numbers, in order of preference.
    pub fn push_numbers(&mut self, key: TextKey, values: impl IntoIterator<Item = u64>) {
        self.begin(key.as_str());
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.text.extend_from_slice(b",");
            }
            append_number(value, &mut self.text);
        }
        self.end();
    }

    /// Appends a pair with a binary value in hex, as [`encode_hex`](crate::encode_hex) encodes it.
    pub fn push_hex(&mut self, key: TextKey, value: &[u8]) {
        self.begin(key.as_str());
        let begin = self.text.len();
        self.text.resize(begin + hex_length(value.len()), 0);
        write_hex(value, self.text.get_mut(begin..).unwrap_or_default());
        self.end();
    }

    fn begin(&mut self, key: &str) {
        if self.text.capacity() == 0 {
            self.text.reserve(INITIAL_CAPACITY);
        }
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"=");
    }

    fn end(&mut self) {
        self.text.extend_from_slice(&[0]);
    }

    /// Appends the pairs of `other`.
    pub fn append(&mut self, other: &Self) {
        self.note(other.error.map_or(Ok(()), Err));
        self.text.extend_from_slice(&other.text);
    }

    /// Returns `true` if there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the text as a data segment.
    ///
    /// # Errors
    /// [`TextError::BadKey`] or [`TextError::ControlCharacter`] for the first pair with such an error.
    pub fn finish(mut self) -> Result<Bytes, TextError> {
        self.take()
    }

    /// Returns the text as a data segment, like [`Self::finish`]; the writer goes on with the next text, in the memory that is
    /// left.
    ///
    /// # Errors
    /// As [`Self::finish`], from then on for every text.
    pub fn take(&mut self) -> Result<Bytes, TextError> {
        self.error.map_or_else(|| Ok(self.text.split().freeze()), Err)
    }

    fn note(&mut self, result: Result<(), TextError>) {
        self.error = self.error.or(result.err());
    }
}

#[cfg(test)]
mod tests {
    use super::TextWriter;
    use crate::{TextError, TextKey, TextKeys};

    const A: TextKey = TextKey::new("A");
    const B: TextKey = TextKey::new("B");

    /// TXT-01: each pair, including the last, ends in one NUL and is parsed back.
    #[test]
    fn txt_01_pairs_end_in_nul() {
        let mut text = TextWriter::new().pair("HeaderDigest", "None");
        text.append(&TextWriter::new().pair("MaxBurstLength", 262_144_u32).pair("SendTargets", ""));
        let text = text.finish().unwrap();
        assert_eq!(text, b"HeaderDigest=None\0MaxBurstLength=262144\0SendTargets=\0"[..]);
        assert_eq!(TextKeys::parse(&text).unwrap().len(), 3);
        assert!(TextWriter::new().is_empty());
    }

    /// TXT-21: neither a value nor a key can inject another pair.
    #[test]
    fn txt_21_the_writer_refuses() {
        let good = || TextWriter::new().pair("A", "1");
        assert_eq!(good().pair("B", "x\0C=2").finish(), Err(TextError::ControlCharacter));
        assert_eq!(good().pair("B=x\0C", 2).finish(), Err(TextError::BadKey { length: 5 }));
        assert_eq!(good().pair("", 2).pair("B", "\0").finish(), Err(TextError::BadKey { length: 0 }));
        let mut text = good();
        text.append(&good().pair("B", "\u{7f}"));
        assert_eq!(text.pair("C", "fine").finish(), Err(TextError::ControlCharacter));
        let mut text = good();
        text.push_text(B, "x\0C=2");
        assert_eq!(text.take(), Err(TextError::ControlCharacter));
        assert_eq!(text.take(), Err(TextError::ControlCharacter));
    }

    /// Numbers and bytes are written as their values are encoded elsewhere.
    #[test]
    fn numbers_and_bytes() {
        for number in [0, 1, 9, 10, 99, 100, 262_144, u64::MAX] {
            let mut text = TextWriter::new();
            text.push_number(A, number);
            assert_eq!(text.finish(), TextWriter::new().pair("A", number).finish());
        }
        let mut text = TextWriter::new();
        text.push_numbers(A, [8, 7, 5]);
        assert_eq!(text.finish(), TextWriter::new().pair("A", "8,7,5").finish());
        for bytes in [&[][..], &[0], &[0x9a, 0xbf, 0x10]] {
            let mut text = TextWriter::new();
            text.push_hex(A, bytes);
            assert_eq!(text.finish(), TextWriter::new().pair("A", crate::encode_hex(bytes)).finish());
        }
    }

    /// Texts that are taken one after the other do not share bytes, and need no memory of their own.
    #[test]
    fn texts_in_one_memory() {
        let mut text = TextWriter::with_capacity(1000);
        text.push_text(A, &"1".repeat(400));
        let first = text.take().unwrap();
        assert!(text.is_empty());
        text.push_text(B, &"2".repeat(400));
        let second = text.take().unwrap();
        assert_eq!((first.len(), &second[..3]), (403, &b"B=2"[..]));
        assert_eq!(second.as_ptr() as usize, first.as_ptr() as usize + first.len());
        // No memory is left for this one.
        text.push_text(A, &"3".repeat(400));
        assert_eq!((&text.take().unwrap()[..3], &first[..3]), (&b"A=3"[..], &b"A=1"[..]));
    }
}

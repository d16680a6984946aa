//! Encoding of `key=value` pairs (RFC 7143, 6.1).

use core::fmt;

use alloc::string::String;
use bytes::Bytes;

use super::error::TextError;
use super::keys::{check_key, check_value};

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
    text: String,
    /// The first error.
    error: Option<TextError>,
}

impl TextWriter {
    /// Creates a writer without pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
        self.begin(key);
        let begin = self.text.len();
        // Writing to a `String` cannot fail; if the value's `Display` fails, what it has written is kept.
        let _ = write!(self.text, "{value}");
        self.note(check_value(self.text.get(begin..).unwrap_or_default()));
        self.text.push('\0');
    }

    /// Appends a pair with a text value. Faster than [`Self::push`].
    pub fn push_text(&mut self, key: &str, value: &str) {
        self.begin(key);
        self.note(check_value(value));
        self.text.push_str(value);
        self.text.push('\0');
    }

    fn begin(&mut self, key: &str) {
        self.note(check_key(key));
        if self.text.is_empty() {
            self.text.reserve(INITIAL_CAPACITY);
        }
        self.text.push_str(key);
        self.text.push('=');
    }

    /// Appends the pairs of `other`.
    pub fn append(&mut self, other: &Self) {
        self.note(other.error.map_or(Ok(()), Err));
        self.text.push_str(&other.text);
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
    pub fn finish(self) -> Result<Bytes, TextError> {
        self.error.map_or(Ok(self.text.into()), Err)
    }

    fn note(&mut self, result: Result<(), TextError>) {
        self.error = self.error.or(result.err());
    }
}

#[cfg(test)]
mod tests {
    use super::TextWriter;
    use crate::{TextError, TextKeys};

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
        text.push_text("B", "x\0C=2");
        assert_eq!(text.finish(), Err(TextError::ControlCharacter));
    }
}

//! Writing `key=value` pairs (RFC 7143, 6.1).

use core::fmt;

use alloc::string::String;
use bytes::Bytes;

use super::error::TextError;
use super::keys::{check_key, check_value};

/// Room at the beginning: most texts of a login fit, so that they never move.
const ROOM: usize = 320;

/// Writes pairs one after the other.
///
/// What would not come back as the pair it was given as spoils the whole text: [`Self::finish`] tells.
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
    /// The first mistake.
    error: Option<TextError>,
}

impl TextWriter {
    /// No pairs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a pair. The caller answers for the value's type; the functions beside `parse_number`,
    /// `parse_list`, … write each.
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
        // Writing to a growing text cannot fail; a `Display` that fails writes nothing more.
        let _ = write!(self.text, "{value}");
        self.note(check_value(self.text.get(begin..).unwrap_or_default()));
        self.text.push('\0');
    }

    /// Appends a pair whose value is text already: the same in less time.
    pub fn push_text(&mut self, key: &str, value: &str) {
        self.begin(key);
        self.note(check_value(value));
        self.text.push_str(value);
        self.text.push('\0');
    }

    fn begin(&mut self, key: &str) {
        self.note(check_key(key));
        if self.text.is_empty() {
            self.text.reserve(ROOM);
        }
        self.text.push_str(key);
        self.text.push('=');
    }

    /// Appends all pairs of `other`.
    pub fn append(&mut self, other: &Self) {
        self.note(other.error.map_or(Ok(()), Err));
        self.text.push_str(&other.text);
    }

    /// Is there no pair yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text segment.
    ///
    /// # Errors
    /// [`TextError::BadKey`] or [`TextError::ControlCharacter`] for the first pair that had such a thing.
    pub fn finish(self) -> Result<Bytes, TextError> {
        self.error.map_or(Ok(self.text.into()), Err)
    }

    fn note(&mut self, verdict: Result<(), TextError>) {
        self.error = self.error.or(verdict.err());
    }
}

#[cfg(test)]
mod tests {
    use super::TextWriter;
    use crate::{TextError, TextKeys};

    /// TXT-01: each pair ends in one NUL, the last one too, and comes back as it was.
    #[test]
    fn txt_01_pairs_end_in_nul() {
        let mut text = TextWriter::new().pair("HeaderDigest", "None");
        text.append(&TextWriter::new().pair("MaxBurstLength", 262_144_u32).pair("SendTargets", ""));
        let text = text.finish().unwrap();
        assert_eq!(text, b"HeaderDigest=None\0MaxBurstLength=262144\0SendTargets=\0"[..]);
        assert_eq!(TextKeys::parse(&text).unwrap().len(), 3);
        assert!(TextWriter::new().is_empty());
    }

    /// TXT-21: nothing can be smuggled in by a value or a key.
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

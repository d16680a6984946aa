//! Text keys and their values in login and text PDUs (RFC 7143, 6.1 and 6.2).

mod binary;
mod error;
mod key;
mod keys;
mod search;
mod values;
mod writer;

use bytes::{Bytes, BytesMut};

pub use binary::{decode_binary, decode_binary_into, decode_unpadded_base64, encode_base64, encode_hex};
pub use error::{TextError, ValueError};
pub use key::TextKey;
pub use keys::{MalformedPair, TextKeys, TextPair};
pub use values::{
    check_local_name, check_text_value, encode_boolean, encode_list, encode_range, parse_boolean, parse_list,
    parse_number, parse_range,
};
pub use writer::TextWriter;

/// Limits of the text that a receiver accepts in one sequence
/// ([RFC 7143, section 6.2](https://www.rfc-editor.org/rfc/rfc7143#section-6.2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimits {
    /// Total number of bytes; the RFC requires at least 8192.
    pub bytes: usize,
    /// Total number of PDUs.
    pub pdus: usize,
}

impl Default for TextLimits {
    /// Returns limits of 64 KiB and 64 PDUs.
    fn default() -> Self {
        Self { bytes: 65_536, pdus: 64 }
    }
}

/// An assembler of text that is split over several PDUs with the C bit, possibly inside a key
/// ([RFC 7143, section 6.2](https://www.rfc-editor.org/rfc/rfc7143#section-6.2)).
#[derive(Clone, Debug, Default)]
pub struct TextAssembler {
    limits: TextLimits,
    collected: BytesMut,
    pdus: usize,
}

impl TextAssembler {
    /// Creates an assembler with these limits and an empty sequence.
    #[must_use]
    pub fn new(limits: TextLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds the data of one PDU. Returns the whole text after a PDU without the C bit, and begins a new sequence.
    ///
    /// # Errors
    /// [`TextError::TooLong`] or [`TextError::TooManyPdus`] if the sequence exceeds a limit (TXT-17).
    pub fn push(&mut self, data: Bytes, continues: bool) -> Result<Option<Bytes>, TextError> {
        // Checked before the data are kept: a target must not make the initiator collect without bound.
        if self.collected.len() + data.len() > self.limits.bytes {
            return Err(TextError::TooLong { limit: self.limits.bytes });
        }
        self.pdus += 1;
        if self.pdus > self.limits.pdus {
            return Err(TextError::TooManyPdus { limit: self.limits.pdus });
        }
        if continues {
            self.collected.extend_from_slice(&data);
            return Ok(None);
        }
        self.pdus = 0;
        if self.collected.is_empty() {
            return Ok(Some(data));
        }
        self.collected.extend_from_slice(&data);
        Ok(Some(self.collected.split().freeze()))
    }

    /// Returns `true` if a sequence has begun and not ended.
    #[must_use]
    pub const fn is_continuing(&self) -> bool {
        self.pdus > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{TextAssembler, TextLimits};
    use crate::TextError;
    use bytes::Bytes;

    /// TXT-13: one byte per PDU gives the same text as one PDU.
    #[test]
    fn txt_13_split_anywhere() {
        let text = b"InitialR2T=Yes\0";
        let mut assembler = TextAssembler::default();
        for byte in text {
            assert_eq!(assembler.push(Bytes::copy_from_slice(&[*byte]), true), Ok(None));
        }
        assert_eq!(assembler.push(Bytes::new(), false).unwrap().unwrap(), text[..]);
        assert!(!assembler.is_continuing());
    }

    /// TXT-17: the number of bytes and the number of PDUs are limited.
    #[test]
    fn txt_17_bounds() {
        let mut assembler = TextAssembler::new(TextLimits { bytes: 8192, pdus: 2 });
        assert_eq!(assembler.push(Bytes::from_static(&[b'A'; 8192]), true), Ok(None));
        assert_eq!(assembler.push(Bytes::from_static(b"A"), false), Err(TextError::TooLong { limit: 8192 }));
        let mut assembler = TextAssembler::new(TextLimits { bytes: 8192, pdus: 2 });
        assembler.push(Bytes::new(), true).unwrap();
        assembler.push(Bytes::new(), true).unwrap();
        assert_eq!(assembler.push(Bytes::new(), true), Err(TextError::TooManyPdus { limit: 2 }));
    }
}

//! Text of Login PDUs: the keys of a received text, and the part of an own text that is still to be sent.

use bytes::Bytes;
use iscsi_pdu::TextKeys;

use crate::error::ProtocolViolation;

/// The longest text of one Login PDU in bytes, whatever is declared (RFC 7143, 6.3 and 13.12).
const MAX_TEXT: usize = 8192;

/// The part of an own text that earlier PDUs had no room for.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnsentText(Bytes);

impl UnsentText {
    pub(crate) const fn new(text: Bytes) -> Self {
        Self(text)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the next PDU: as much as fits (TXT-14, TXT-16).
    pub(crate) fn next_piece(&mut self) -> Bytes {
        self.0.split_to(self.0.len().min(MAX_TEXT))
    }
}

/// Checks that a PDU only asks for the next piece of an own text: before the end of that text the peer must send none (TXT-16).
pub(crate) fn check_request_for_more(text: &Bytes, continues: bool) -> Result<(), ProtocolViolation> {
    if continues || !text.is_empty() {
        return Err(ProtocolViolation::AnswerToIncompleteText { length: text.len() });
    }
    Ok(())
}

/// Pairs of a received text that no step has taken yet. A step takes the keys it knows, then checks the rest.
pub(crate) struct ReceivedKeys<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> ReceivedKeys<'a> {
    pub(crate) fn new(keys: TextKeys<'a>) -> Self {
        Self { pairs: keys.into_pairs() }
    }

    /// Takes the value of `key`, which must not be repeated (NEG-07).
    pub(crate) fn take(&mut self, key: &str) -> Result<Option<&'a str>, ProtocolViolation> {
        let Some(value) = self.take_next(key) else { return Ok(None) };
        if self.pairs.iter().any(|pair| pair.0 == key) {
            return Err(ProtocolViolation::DuplicateKey { key: key.to_owned() });
        }
        Ok(Some(value))
    }

    /// Takes the next value of a key that may be repeated.
    pub(crate) fn take_next(&mut self, key: &str) -> Option<&'a str> {
        let at = self.pairs.iter().position(|pair| pair.0 == key)?;
        Some(self.pairs.remove(at).1)
    }

    /// Takes the value of a key that the step requires.
    pub(crate) fn take_required(&mut self, key: &'static str) -> Result<&'a str, ProtocolViolation> {
        self.take(key)?.ok_or(ProtocolViolation::MissingKey { key })
    }

    /// Takes every value of a key that may be repeated.
    pub(crate) fn take_all(&mut self, key: &str) -> Vec<&'a str> {
        let values = self.pairs.iter().filter(|pair| pair.0 == key).map(|pair| pair.1).collect();
        self.pairs.retain(|pair| pair.0 != key);
        values
    }

    /// The remaining pairs, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs.into_iter()
    }

    /// Refuses the remaining keys, if there are any (LOG-17, CHP-22).
    pub(crate) fn expect_none_left(self, step: &'static str) -> Result<(), ProtocolViolation> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, _)) => Err(ProtocolViolation::UnexpectedKey { key: (*key).to_owned(), step }),
        }
    }
}

//! Text of Login PDUs: the keys of a received text, and the part of an own text that is still to be sent.

use bytes::Bytes;
use iscsi_pdu::{TextError, TextKeys};

use crate::error::ProtocolViolation;
use crate::login_key::{LoginKey, Pair};

/// The longest text of one Login PDU in bytes, whatever is declared (RFC 7143, 6.3 and 13.12).
const MAX_TEXT: usize = 8192;

/// The length of a typical pair in bytes, to estimate the number of pairs.
const TYPICAL_PAIR: usize = 16;

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

/// The pairs of a received text, in order.
///
/// # Errors
/// As [`TextKeys::parse`].
pub(crate) fn received_pairs(
    text: &[u8],
) -> Result<impl Iterator<Item = Result<Pair<'_>, TextError>>, TextError> {
    TextKeys::pairs_of(text, LoginKey::of)
}

/// Pairs of a received text that no step has taken yet. A step takes the keys it knows, then checks the rest.
#[derive(Default)]
pub(crate) struct ReceivedKeys<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> ReceivedKeys<'a> {
    /// Parses a text.
    ///
    /// # Errors
    /// As [`TextKeys::parse`].
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, TextError> {
        let mut keys = Self { pairs: Vec::with_capacity(1 + text.len() / TYPICAL_PAIR) };
        for pair in received_pairs(text)? {
            keys.push(pair?);
        }
        Ok(keys)
    }

    /// Adds a pair.
    pub(crate) fn push(&mut self, pair: Pair<'a>) {
        self.pairs.push(pair);
    }

    /// Takes the value of `key`, which must not be repeated (NEG-07).
    pub(crate) fn take(&mut self, key: LoginKey) -> Result<Option<&'a str>, ProtocolViolation> {
        let is_wanted = |pair: &Pair<'_>| pair.known == Some(key);
        let Some(at) = self.pairs.iter().position(is_wanted) else { return Ok(None) };
        let value = self.pairs.remove(at).value;
        if self.pairs.iter().any(is_wanted) {
            return Err(ProtocolViolation::DuplicateKey { key: key.name().to_owned() });
        }
        Ok(Some(value))
    }

    /// Takes the value of a key that the step requires.
    pub(crate) fn take_required(&mut self, key: LoginKey) -> Result<&'a str, ProtocolViolation> {
        self.take(key)?.ok_or_else(|| missing(key))
    }

    /// Takes two keys that belong together; `None` if both are missing.
    pub(crate) fn take_both(
        &mut self,
        one: LoginKey,
        other: LoginKey,
    ) -> Result<Option<(&'a str, &'a str)>, ProtocolViolation> {
        match (self.take(one)?, self.take(other)?) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(missing(other)),
            (None, Some(_)) => Err(missing(one)),
            (Some(one), Some(other)) => Ok(Some((one, other))),
        }
    }

    /// The remaining pairs, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = Pair<'a>> {
        self.pairs.into_iter()
    }

    /// Refuses the remaining keys, if there are any (LOG-17, CHP-22).
    pub(crate) fn expect_none_left(self, step: &'static str) -> Result<(), ProtocolViolation> {
        match self.pairs.first() {
            None => Ok(()),
            Some(pair) => Err(ProtocolViolation::UnexpectedKey { key: pair.key.to_owned(), step }),
        }
    }
}

/// The violation of a text without a key that belongs to it.
pub(crate) const fn missing(key: LoginKey) -> ProtocolViolation {
    ProtocolViolation::MissingKey { key: key.name() }
}

//! The keys of one response, each to be used exactly once.

use iscsi_pdu::TextKeys;

use crate::error::ProtocolViolation;

/// Keys not yet looked at. A step takes the ones it knows; what is left is judged at its end.
pub(crate) struct ReceivedKeys<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> ReceivedKeys<'a> {
    pub(crate) fn new(keys: TextKeys<'a>) -> Self {
        Self { pairs: keys.into_pairs() }
    }

    /// The value of `key`, which must not come twice (NEG-07).
    pub(crate) fn take(&mut self, key: &str) -> Result<Option<&'a str>, ProtocolViolation> {
        let Some(value) = self.take_next(key) else { return Ok(None) };
        if self.pairs.iter().any(|pair| pair.0 == key) {
            return Err(ProtocolViolation::DuplicateKey { key: key.to_owned() });
        }
        Ok(Some(value))
    }

    /// The next value of a key, which may come again.
    pub(crate) fn take_next(&mut self, key: &str) -> Option<&'a str> {
        let at = self.pairs.iter().position(|pair| pair.0 == key)?;
        Some(self.pairs.remove(at).1)
    }

    /// The value of a key the step cannot do without.
    pub(crate) fn take_required(&mut self, key: &'static str) -> Result<&'a str, ProtocolViolation> {
        self.take(key)?.ok_or(ProtocolViolation::MissingKey { key })
    }

    /// Every value of a key that may repeat.
    pub(crate) fn take_all(&mut self, key: &str) -> Vec<&'a str> {
        let values = self.pairs.iter().filter(|pair| pair.0 == key).map(|pair| pair.1).collect();
        self.pairs.retain(|pair| pair.0 != key);
        values
    }

    /// What nobody took, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs.into_iter()
    }

    /// Refuses whatever nobody took (LOG-17, CHP-22).
    pub(crate) fn expect_none_left(self, step: &'static str) -> Result<(), ProtocolViolation> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, _)) => Err(ProtocolViolation::UnexpectedKey { key: (*key).to_owned(), step }),
        }
    }
}

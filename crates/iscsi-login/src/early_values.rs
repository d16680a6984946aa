//! Operational keys that a target sends before their stage (RFC 7143, 12).

use crate::error::ProtocolViolation;
use crate::key::{KEYS, Key};
use crate::negotiation::is_reserved;
use crate::value::Value;

/// Values of the security stage, by place in [`KEYS`].
///
/// They settle nothing, since every key is negotiated in the operational stage. But a target that says nothing there may
/// count on what it said before, so that the result must not allow more.
#[derive(Clone, Debug, Default)]
pub(crate) struct EarlyValues {
    /// Boxed, since hardly any target has one and every step of a login carries them along.
    values: Option<Box<[Option<Value>; KEYS.len()]>>,
}

impl EarlyValues {
    /// Takes a pair. Unknown keys and answers to no offer have no value.
    ///
    /// # Errors
    /// [`ProtocolViolation`] for a value outside the range of its key, or one that contradicts an earlier one.
    pub(crate) fn take(&mut self, name: &str, text: &str) -> Result<(), ProtocolViolation> {
        let Some(at) = KEYS.iter().position(|key| key.name == name) else { return Ok(()) };
        let early = self.values.get_or_insert_default().get_mut(at);
        if let (Some(key), Some(early), false) = (KEYS.get(at), early, is_reserved(text)) {
            *early = match *early {
                Some(early) => Some(key.repeated(early, text)?),
                None => key.read(text)?,
            };
        }
        Ok(())
    }

    /// The result of a key that the operational stage did not settle.
    ///
    /// # Errors
    /// [`ProtocolViolation::Rule`] for a digest other than the early one.
    pub(crate) fn limit(&self, key: &Key, result: Value) -> Result<Value, ProtocolViolation> {
        let values = self.values.as_deref().into_iter().flatten();
        let early = KEYS.iter().zip(values).find(|(known, _)| known.name == key.name);
        match early.and_then(|(_, early)| *early) {
            None => Ok(result),
            Some(early) => key
                .safer(result, early)
                .ok_or_else(|| key.breaks("the value that was sent in the security stage")),
        }
    }
}

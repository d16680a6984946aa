//! Operational keys that a target sends before their stage (RFC 7143, 12).

use crate::error::Violation;
use crate::key::{KEYS, Key};
use crate::negotiation::is_reserved;
use crate::value::Value;

/// Values of the security stage, at most one for each key.
///
/// They settle nothing, since every key is negotiated in the operational stage. But a target that says nothing there may
/// count on what it said before, so that the result must not allow more.
#[derive(Clone, Debug, Default)]
pub(crate) struct EarlyValues {
    values: Vec<(&'static str, Value)>,
}

impl EarlyValues {
    /// Takes a pair. Unknown keys and answers to no offer have no value.
    ///
    /// # Errors
    /// [`Violation`] for a value outside the range of its key, or one that contradicts an earlier one.
    pub(crate) fn take(&mut self, name: &str, text: &str) -> Result<(), Violation> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else { return Ok(()) };
        if is_reserved(text) {
            return Ok(());
        }
        match self.values.iter_mut().find(|early| early.0 == key.name) {
            Some((_, early)) => *early = key.repeated(*early, text)?,
            None => self.values.extend(key.read(text)?.map(|value| (key.name, value))),
        }
        Ok(())
    }

    /// The result of a key that the operational stage did not settle.
    ///
    /// # Errors
    /// [`Violation::Rule`] for a digest other than the early one.
    pub(crate) fn limit(&self, key: &Key, result: Value) -> Result<Value, Violation> {
        let Some((_, early)) = self.values.iter().find(|early| early.0 == key.name) else {
            return Ok(result);
        };
        key.safer(result, *early).ok_or_else(|| key.breaks("the value that was sent in the security stage"))
    }
}

//! Keys that have no place in the step in which a target sends them (RFC 7143, 6.3 and 12).

use super::SessionType;
use super::exchange::Exchange;
use crate::Deviation;
use crate::error::ProtocolViolation;
use crate::key::KEYS;
use crate::received_keys::ReceivedKeys;

impl Exchange<'_> {
    /// Deals with the keys that a step of the security stage leaves over. Those of an authentication method are never
    /// tolerated (CHP-22); operational ones come too early (LOG-17, LOG-28).
    pub(super) fn set_aside(
        &mut self,
        keys: ReceivedKeys<'_>,
        step: &'static str,
    ) -> Result<(), ProtocolViolation> {
        for (key, value) in keys.rest() {
            if !self.ignores((key, value), step)? {
                let is_known = KEYS.iter().any(|known| known.name == key);
                // The value of a key that nobody knows may be anything.
                let detail = if is_known { format!("{key}={value}") } else { key.to_owned() };
                let row = &Deviation::KEY_IN_SECURITY_STAGE;
                self.tolerance.tolerate(row, detail, unexpected(key, step))?;
                self.early.take(key, value)?;
            }
        }
        Ok(())
    }

    /// Whether the key is one that no stage negotiates with a target, and that says nothing new.
    ///
    /// # Errors
    /// [`ProtocolViolation::UnexpectedKey`] when it does say something new, or if it belongs to an authentication method.
    pub(super) fn ignores(
        &mut self,
        (key, value): (&str, &str),
        step: &'static str,
    ) -> Result<bool, ProtocolViolation> {
        if is_of_authentication(key) {
            return Err(unexpected(key, step));
        }
        let (row, says_nothing_new) = if key == "AuthMethod" {
            (&Deviation::AUTH_METHOD_REPEATED, value == self.method())
        } else if let Some(is_echo) = self.is_echo(key, value) {
            (&Deviation::DECLARATION_ECHOED, is_echo)
        } else {
            return Ok(false);
        };
        if !says_nothing_new {
            return Err(unexpected(key, step));
        }
        self.tolerance.tolerate(row, format!("{key}={value}"), unexpected(key, step))?;
        Ok(true)
    }

    /// The authentication method in use.
    const fn method(&self) -> &'static str {
        if self.algorithm.is_some() { "CHAP" } else { "None" }
    }

    /// Whether the value is the one that the initiator declared, or contradicts none; `None` for a key that it does not
    /// declare.
    fn is_echo(&self, key: &str, value: &str) -> Option<bool> {
        let config = &self.config;
        let sent = match (key, config.session_type) {
            ("InitiatorName", _) => config.initiator_name.as_str(),
            ("InitiatorAlias", _) => config.initiator_alias.unwrap_or(value),
            ("SessionType", SessionType::Discovery) => "Discovery",
            ("SessionType", SessionType::Normal(_)) => "Normal",
            ("TargetName", SessionType::Normal(target)) => target.as_str(),
            ("TargetName", SessionType::Discovery) => value,
            _ => return None,
        };
        Some(value.eq_ignore_ascii_case(sent))
    }
}

/// A key of CHAP, Kerberos or SRP (12.1), or of SPKM, which RFC 3720 had.
fn is_of_authentication(key: &str) -> bool {
    ["CHAP_", "KRB_", "SRP_", "SPKM_"].iter().any(|method| key.starts_with(method))
}

fn unexpected(key: &str, step: &'static str) -> ProtocolViolation {
    ProtocolViolation::UnexpectedKey { key: key.to_owned(), step }
}

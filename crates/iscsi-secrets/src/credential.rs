//! A secret with its CHAP name, one type for each direction of mutual CHAP.

use crate::secret::Secret;

/// What the initiator proves: the target authenticates us with it (ordinary, forward CHAP).
///
/// VDS calls the secret in it the target secret, after the party that owns it.
pub struct ForwardCredential {
    name: Option<String>,
    secret: Secret,
}

impl ForwardCredential {
    /// Joins a secret and the `CHAP_N` to send with its proof; without a name the initiator name is sent.
    pub fn new(name: Option<String>, secret: Secret) -> Result<Self, ChapNameError> {
        Ok(Self { name: checked(name)?, secret })
    }

    /// The `CHAP_N` that we send, or `None` for the initiator name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The secret that we prove to know.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Name and secret.
    pub(crate) fn into_parts(self) -> (Option<String>, Secret) {
        (self.name, self.secret)
    }

    /// A name that was accepted once, with a secret.
    pub(crate) fn renewed(name: Option<&str>, secret: Secret) -> Self {
        Self { name: name.map(str::to_owned), secret }
    }
}

/// What the target must prove: we authenticate the target with it (the reverse half of mutual CHAP).
///
/// VDS calls the secret in it the initiator secret, after the party that owns it.
pub struct ReverseCredential {
    name: Option<String>,
    secret: Secret,
}

impl ReverseCredential {
    /// Joins a secret and the `CHAP_N` expected with its proof; without a name any is accepted.
    pub fn new(name: Option<String>, secret: Secret) -> Result<Self, ChapNameError> {
        Ok(Self { name: checked(name)?, secret })
    }

    /// The `CHAP_N` that the target must send, or `None` for any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The secret that the target must prove to know.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Name and secret.
    pub(crate) fn into_parts(self) -> (Option<String>, Secret) {
        (self.name, self.secret)
    }

    /// A name that was accepted once, with a secret.
    pub(crate) fn renewed(name: Option<&str>, secret: Secret) -> Self {
        Self { name: name.map(str::to_owned), secret }
    }
}

/// Why a text cannot be a CHAP name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChapNameError {
    /// There was not one octet.
    #[error("caller: a CHAP name has at least 1 octet")]
    Empty,
    /// There were more than 255 octets.
    #[error("caller: a CHAP name has at most 255 octets, not {octets}")]
    TooLong {
        /// How many octets the name has.
        octets: usize,
    },
    /// A NUL would end the text key that carries the name.
    #[error("caller: a CHAP name holds no NUL")]
    Nul,
}

pub(crate) fn checked(name: Option<String>) -> Result<Option<String>, ChapNameError> {
    match name.as_deref() {
        Some("") => Err(ChapNameError::Empty),
        Some(text) if text.len() > 255 => Err(ChapNameError::TooLong { octets: text.len() }),
        Some(text) if text.contains('\0') => Err(ChapNameError::Nul),
        _ => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(name: &str) -> Result<ForwardCredential, ChapNameError> {
        ForwardCredential::new(Some(name.to_owned()), Secret::from_octets(b"abcdefghijkl").unwrap())
    }

    #[test]
    fn chap_names_have_1_to_255_octets_without_nul() {
        assert_eq!(forward("").err(), Some(ChapNameError::Empty));
        assert_eq!(forward("a\0b").err(), Some(ChapNameError::Nul));
        assert_eq!(forward(&"n".repeat(256)).err(), Some(ChapNameError::TooLong { octets: 256 }));
        for name in ["n", "user %#@", &"n".repeat(255)] {
            assert_eq!(forward(name).unwrap().name(), Some(name));
        }
    }

    #[test]
    fn a_credential_gives_back_name_and_secret() {
        let secret = || Secret::from_octets(b"abcdefghijkl").unwrap();
        let credential = ReverseCredential::new(None, secret()).unwrap();
        assert_eq!(credential.name(), None);
        assert!(credential.secret().same_octets(&secret()));
    }
}

//! CHAP credentials: a secret with its CHAP name, one type for each direction of mutual CHAP.

use std::sync::Arc;

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

/// What a target must prove, as far as a store can tell.
pub enum ReverseLookup {
    /// The target's own secret or, without an association, the global one.
    Known(Arc<ReverseCredential>),
    /// The target is associated but its secret was cleared: mutual login fails closed, and the global secret is
    /// **not** used.
    Cleared,
    /// There is neither an association nor a global secret: mutual CHAP is impossible.
    Unknown,
}

impl ReverseLookup {
    /// The credential, if there is one.
    #[must_use]
    pub fn known(&self) -> Option<&ReverseCredential> {
        match self {
            Self::Known(credential) => Some(credential),
            Self::Cleared | Self::Unknown => None,
        }
    }
}

/// The longest CHAP name, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Why a text cannot be a CHAP name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChapNameError {
    /// There was not one byte.
    #[error("caller: a CHAP name has at least 1 byte")]
    Empty,
    /// There were more than 255 bytes.
    #[error("caller: a CHAP name has at most 255 bytes, not {bytes}")]
    TooLong {
        /// How many bytes the name has.
        bytes: usize,
    },
    /// No login takes a name with control characters.
    #[error("caller: a CHAP name cannot hold {character:?}")]
    Control {
        /// The first such character.
        character: char,
    },
}

pub(crate) fn checked(name: Option<String>) -> Result<Option<String>, ChapNameError> {
    let Some(text) = name.as_deref() else { return Ok(None) };
    if text.is_empty() {
        return Err(ChapNameError::Empty);
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(ChapNameError::TooLong { bytes: text.len() });
    }
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(ChapNameError::Control { character }),
        None => Ok(name),
    }
}

/// A name that an earlier version may have stored: control characters were accepted then. No login takes it, but the
/// store has to open.
#[cfg(all(unix, feature = "file"))]
pub(crate) fn is_storable(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(name: &str) -> Result<ForwardCredential, ChapNameError> {
        ForwardCredential::new(Some(name.to_owned()), Secret::from_bytes(b"abcdefghijkl").unwrap())
    }

    #[test]
    fn chap_names_have_1_to_255_bytes_without_control_characters() {
        let reverse = |name: &str| {
            ReverseCredential::new(Some(name.to_owned()), Secret::from_bytes(b"abcdefghijkl").unwrap())
        };
        assert_eq!(forward("").err(), Some(ChapNameError::Empty));
        for character in ['\0', '\n', '\u{1b}', '\u{7f}', '\u{9b}'] {
            let refused = Some(ChapNameError::Control { character });
            assert_eq!(forward(&format!("a{character}b")).err(), refused);
            assert_eq!(reverse(&format!("a{character}b")).err(), refused);
        }
        assert_eq!(forward(&"n".repeat(256)).err(), Some(ChapNameError::TooLong { bytes: 256 }));
        for name in ["n", "user %#@", "\u{a0}\u{e4}", &"n".repeat(255)] {
            assert_eq!(forward(name).unwrap().name(), Some(name));
            assert_eq!(reverse(name).unwrap().name(), Some(name));
        }
    }

    #[test]
    fn a_credential_gives_back_name_and_secret() {
        let secret = || Secret::from_bytes(b"abcdefghijkl").unwrap();
        let credential = ReverseCredential::new(None, secret()).unwrap();
        assert_eq!(credential.name(), None);
        assert!(credential.secret().same_bytes(&secret()));
    }
}

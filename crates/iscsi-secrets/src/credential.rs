//! CHAP credentials: a secret with its CHAP name, one type for each direction of mutual CHAP.

use std::sync::Arc;

use crate::secret::Secret;

/// The initiator's CHAP credential: the target authenticates the initiator with it (forward, one-way CHAP).
///
/// VDS calls its secret the target secret, after the party that owns it; open-iscsi calls the pair `username` and
/// `password`.
pub struct ForwardCredential {
    name: Option<String>,
    secret: Secret,
}

impl ForwardCredential {
    /// Combines a secret with the `CHAP_N` that the initiator sends. `None` stands for the iSCSI initiator name.
    pub fn new(name: Option<String>, secret: Secret) -> Result<Self, ChapNameError> {
        Ok(Self { name: checked(name)?, secret })
    }

    /// The `CHAP_N` that the initiator sends, or `None` for the iSCSI initiator name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The initiator's secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The name and the secret.
    pub(crate) fn into_parts(self) -> (Option<String>, Secret) {
        (self.name, self.secret)
    }

    /// Combines a secret with a name that was validated before.
    pub(crate) fn renewed(name: Option<&str>, secret: Secret) -> Self {
        Self { name: name.map(str::to_owned), secret }
    }
}

/// The target's CHAP credential: the initiator authenticates the target with it (reverse, mutual CHAP).
///
/// VDS calls its secret the initiator secret, after the party that owns it; open-iscsi calls the pair `username_in` and
/// `password_in`.
pub struct ReverseCredential {
    name: Option<String>,
    secret: Secret,
}

impl ReverseCredential {
    /// Combines a secret with the `CHAP_N` that the target has to send. `None` accepts any name.
    pub fn new(name: Option<String>, secret: Secret) -> Result<Self, ChapNameError> {
        Ok(Self { name: checked(name)?, secret })
    }

    /// The `CHAP_N` that the target has to send, or `None` for any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The target's secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The name and the secret.
    pub(crate) fn into_parts(self) -> (Option<String>, Secret) {
        (self.name, self.secret)
    }

    /// Combines a secret with a name that was validated before.
    pub(crate) fn renewed(name: Option<&str>, secret: Secret) -> Self {
        Self { name: name.map(str::to_owned), secret }
    }
}

/// The result of looking up a target's CHAP credential.
pub enum ReverseLookup {
    /// The credential of the target or, without an association, the global one.
    Known(Arc<ReverseCredential>),
    /// The target has an association with a cleared secret: mutual login fails closed, and the global secret is
    /// **not** used.
    Cleared,
    /// The store has neither an association nor a global secret: mutual CHAP is impossible.
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

/// The reason why a text cannot be a CHAP name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChapNameError {
    /// The name is empty.
    #[error("caller: a CHAP name has at least 1 byte")]
    Empty,
    /// The name has more than 255 bytes.
    #[error("caller: a CHAP name has at most 255 bytes, not {bytes}")]
    TooLong {
        /// The length of the name, in bytes.
        bytes: usize,
    },
    /// The name holds a control character, which no login accepts.
    #[error("caller: a CHAP name cannot hold {character:?}")]
    Control {
        /// The first control character.
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

/// Whether an earlier version may have stored this name. Control characters were accepted then; no login accepts such a
/// name, but the store still has to open.
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

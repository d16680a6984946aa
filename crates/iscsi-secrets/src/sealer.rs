//! Secrets at rest in memory: each is sealed on its own and opened only for use.

use std::collections::HashMap;

use crate::error::StoreError;
use crate::generate::{GeneratorError, fill_bytes};
use crate::scope::Direction;
use crate::secret::Secret;
use crate::store_key::{NONCE_BYTES, Nonce, StoreKey, Tag};

/// Seals secrets one by one, so that only those in use are in memory as plaintext.
pub(crate) struct Sealer {
    key: StoreKey,
}

/// One secret under the key of a [`Sealer`].
#[derive(Clone)]
pub(crate) struct SealedSecret {
    pub(crate) nonce: Nonce,
    pub(crate) tag: Tag,
    pub(crate) bytes: Box<[u8]>,
    /// Equal for equal secrets under one key.
    pub(crate) fingerprint: Fingerprint,
}

impl Sealer {
    /// A sealer with a new random key, which is in no file.
    pub(crate) fn generate() -> Result<Self, GeneratorError> {
        Ok(Self { key: StoreKey::generate()? })
    }

    /// A sealer with this key.
    #[cfg(feature = "file")]
    pub(crate) fn under(key: StoreKey) -> Self {
        Self { key }
    }

    /// The key.
    #[cfg(feature = "file")]
    pub(crate) fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Seals a secret. It opens under the same label only.
    pub(crate) fn seal(&self, label: &[u8], secret: &Secret) -> Result<SealedSecret, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        fill_bytes(&mut nonce)?;
        // Sealing works in place, so it needs a copy; only sealed bytes are left of it, or none if sealing fails.
        let mut bytes: Box<[u8]> = Box::from(secret.expose_secret());
        let tag = self.key.seal(&nonce, label, &mut bytes).map_err(|_| StoreError::Cipher)?;
        Ok(SealedSecret { nonce, tag, bytes, fingerprint: self.fingerprint(secret)? })
    }

    /// Opens a secret into locked memory; `None` if it was not sealed by this sealer under this label.
    pub(crate) fn open(&self, label: &[u8], sealed: &SealedSecret) -> Option<Secret> {
        self.open_parts(label, &sealed.nonce, &sealed.tag, &sealed.bytes)
    }

    /// Opens a secret from its parts, without a fingerprint.
    pub(crate) fn open_parts(&self, label: &[u8], nonce: &Nonce, tag: &Tag, bytes: &[u8]) -> Option<Secret> {
        Secret::filled(bytes.len(), |buffer| {
            // Opening works in place, so the sealed bytes are copied to locked memory; dropping the secret wipes it.
            buffer.copy_from_slice(bytes);
            self.key.open(nonce, label, buffer, tag)
        })
    }

    /// The fingerprint of a secret under the key of this sealer.
    pub(crate) fn fingerprint(&self, secret: &Secret) -> Result<Fingerprint, StoreError> {
        self.key.fingerprint(secret.expose_secret()).map(Fingerprint).map_err(|_| StoreError::Cipher)
    }
}

/// A keyed digest of a secret: equal secrets under one key have equal fingerprints, and without the key a fingerprint
/// reveals nothing about its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(pub(crate) Tag);

/// The directions in which each secret of a snapshot is used. A snapshot builds the index on first use.
pub(crate) struct FingerprintIndex(HashMap<Fingerprint, Directions>);

#[derive(Clone, Copy, Default)]
struct Directions {
    forward: bool,
    reverse: bool,
}

impl FingerprintIndex {
    pub(crate) fn of(uses: impl Iterator<Item = (Direction, Fingerprint)>) -> Self {
        let mut index = HashMap::<_, Directions>::new();
        for (direction, fingerprint) in uses {
            let found = index.entry(fingerprint).or_default();
            match direction {
                Direction::Forward => found.forward = true,
                Direction::Reverse => found.reverse = true,
            }
        }
        Self(index)
    }

    /// Whether a secret with this fingerprint is used in this direction anywhere.
    pub(crate) fn is_used(&self, fingerprint: Fingerprint, direction: Direction) -> bool {
        self.0.get(&fingerprint).is_some_and(|found| match direction {
            Direction::Forward => found.forward,
            Direction::Reverse => found.reverse,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_does_not_show_and_opens_under_its_label() {
        let sealer = Sealer::generate().unwrap();
        let one = sealer.seal(b"one", &Secret::from_bytes(b"canary-secret").unwrap()).unwrap();
        assert!(!one.bytes.windows(6).any(|window| window == b"canary"));
        assert_eq!(sealer.open(b"one", &one).unwrap().expose_secret(), b"canary-secret");
        assert!(sealer.open(b"two", &one).is_none());
        assert!(Sealer::generate().unwrap().open(b"one", &one).is_none());
    }

    #[test]
    fn fingerprints_are_equal_for_equal_secrets_under_one_key_and_for_nothing_else() {
        let (sealer, other) = (Sealer::generate().unwrap(), Sealer::generate().unwrap());
        let secret = |bytes: &[u8]| Secret::from_bytes(bytes).unwrap();
        let of = |sealer: &Sealer, bytes| sealer.fingerprint(&secret(bytes)).unwrap();
        let one = of(&sealer, b"canary-secret");
        assert_eq!(one, sealer.seal(b"elsewhere", &secret(b"canary-secret")).unwrap().fingerprint);
        let longer = [&b"canary-secret"[..], b"\0"].concat();
        for different in [&b"canary-secres"[..], b"canary-secre", &longer] {
            assert_ne!(one, of(&sealer, different), "{}", different.escape_ascii());
        }
        assert_ne!(one, of(&other, b"canary-secret"));
    }
}

//! The key of a store: 32 octets from the operating system's generator.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::generate::{GeneratorError, fill_octets};

/// What the note of a key is computed over.
const NOTE_LABEL: &[u8] = b"iscsi-secrets: which key is it?";

/// The key of a store; wiped when it is dropped.
pub(super) struct StoreKey(Zeroizing<[u8; StoreKey::OCTETS]>);

impl StoreKey {
    /// The length of a key, in octets.
    pub(super) const OCTETS: usize = 32;

    /// The length of a key's note, in octets.
    pub(super) const NOTE_OCTETS: usize = 16;

    /// Draws a new key.
    pub(super) fn generate() -> Result<Self, GeneratorError> {
        let mut octets = Zeroizing::new([0; Self::OCTETS]);
        fill_octets(octets.as_mut_slice())?;
        Ok(Self(octets))
    }

    /// Takes a key from the content of a key file, which holds exactly that.
    pub(super) fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; Self::OCTETS]);
        (octets.len() == Self::OCTETS).then(|| key.copy_from_slice(octets))?;
        Some(Self(key))
    }

    /// What goes into a key file.
    pub(super) fn octets(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The cipher under this key; it wipes itself.
    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }

    /// A note by which the key is recognised and which tells nothing about it: the authenticator of one fixed label.
    ///
    /// Its nonce is zero. A file is sealed under that nonce with a probability of 2⁻¹⁹², since file nonces are drawn
    /// at random.
    pub(super) fn note(&self) -> Result<[u8; Self::NOTE_OCTETS], chacha20poly1305::Error> {
        let nonce = XNonce::default();
        let tag = self.cipher().encrypt_inout_detached(&nonce, NOTE_LABEL, [].as_mut_slice().into())?;
        Ok(tag.into())
    }
}

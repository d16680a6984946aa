//! The key under which secrets are sealed: 32 bytes.

use chacha20poly1305::aead::{AeadInOut, inout::InOutBuf};
use chacha20poly1305::{Error, KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use crate::generate::{GeneratorError, fill_bytes};
use crate::locked_buf::LockedBuf;

/// The length of a nonce, in bytes: long enough to be drawn at random every time.
pub(crate) const NONCE_BYTES: usize = 24;

/// The length of an authenticator, in bytes.
pub(crate) const TAG_BYTES: usize = 16;

/// What the note of a key is computed over.
#[cfg(feature = "file")]
const NOTE_LABEL: &[u8] = b"iscsi-secrets: which key is it?";

/// The nonce of fingerprints; drawn ones end in other bytes, but for a probability of 2⁻⁶⁴.
const FINGERPRINT_NONCE: Nonce = [0xff; NONCE_BYTES];

/// What fingerprints are computed with.
const FINGERPRINT_LABEL: &[u8] = b"iscsi-secrets: fingerprint";

/// A nonce, drawn for one sealing.
pub(crate) type Nonce = [u8; NONCE_BYTES];

/// Proves that bytes are what was sealed.
pub(crate) type Tag = [u8; TAG_BYTES];

/// A key; it lies in protected memory and is wiped when it is dropped.
pub(crate) struct StoreKey(LockedBuf);

impl StoreKey {
    /// The length of a key, in bytes.
    pub(crate) const BYTES: usize = 32;

    /// Draws a new key.
    pub(crate) fn generate() -> Result<Self, GeneratorError> {
        Self::filled(fill_bytes)
    }

    /// A key whose bytes `fill` writes in place.
    pub(crate) fn filled<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        LockedBuf::filled(Self::BYTES, fill).map(Self)
    }

    /// Takes a key from the content of a key file, which holds exactly that.
    #[cfg(feature = "file")]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::BYTES).then(|| Self(LockedBuf::of(bytes)))
    }

    /// What goes into a key file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// Seals `bytes` in place; `label` is authenticated with them and not kept. What cannot be sealed is wiped.
    pub(crate) fn seal(&self, nonce: &Nonce, label: &[u8], bytes: &mut [u8]) -> Result<Tag, Error> {
        let cipher = self.cipher()?;
        let sealed = cipher.encrypt_inout_detached(&XNonce::from(*nonce), label, InOutBuf::from(&mut *bytes));
        sealed.inspect_err(|_| bytes.zeroize()).map(Into::into)
    }

    /// Opens `bytes` in place. When they, the label or the tag are not those that were sealed, nothing is opened.
    pub(crate) fn open(&self, nonce: &Nonce, label: &[u8], bytes: &mut [u8], tag: &Tag) -> Result<(), Error> {
        let bytes = InOutBuf::from(bytes);
        self.cipher()?.decrypt_inout_detached(&XNonce::from(*nonce), label, bytes, tag.into())
    }

    /// A note by which the key is recognised and which tells nothing about it: the authenticator of one fixed label.
    ///
    /// Its nonce is zero. Something is sealed under that nonce with a probability of 2⁻¹⁹², since other nonces are
    /// drawn at random.
    #[cfg(feature = "file")]
    pub(crate) fn note(&self) -> Result<Tag, Error> {
        self.seal(&[0; NONCE_BYTES], NOTE_LABEL, &mut [])
    }

    /// A keyed digest of `bytes`: equal content has equal digests, and a digest says nothing about other content, not
    /// even beside those of content that is known.
    ///
    /// Sealing a copy under a fixed nonce gives an authenticator that is a keyed hash. Shown as it is, two of them would
    /// give away what all others are computed with. It becomes the nonce of a second authenticator, computed over a
    /// label under which nothing else is sealed; the sealed copy is wiped.
    pub(crate) fn fingerprint(&self, bytes: &[u8]) -> Result<Tag, Error> {
        let mut copy = Zeroizing::new(bytes.to_vec());
        let mut nonce = FINGERPRINT_NONCE;
        let hash = self.seal(&nonce, FINGERPRINT_LABEL, &mut copy)?;
        nonce.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
        self.seal(&nonce, FINGERPRINT_LABEL, &mut [])
    }

    /// The cipher under this key; it wipes itself.
    fn cipher(&self) -> Result<XChaCha20Poly1305, Error> {
        XChaCha20Poly1305::new_from_slice(self.bytes()).map_err(|_| Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_the_same_key_nonce_and_label_only() {
        let (key, other) = (StoreKey::generate().unwrap(), StoreKey::generate().unwrap());
        let (nonce, mut sealed) = ([7; NONCE_BYTES], *b"some bytes");
        let tag = key.seal(&nonce, b"label", &mut sealed).unwrap();
        let open = |key: &StoreKey, nonce: &Nonce, label: &[u8]| {
            let mut bytes = sealed;
            key.open(nonce, label, &mut bytes, &tag).map(|()| bytes)
        };
        assert_eq!(open(&key, &nonce, b"label"), Ok(*b"some bytes"));
        assert_eq!(open(&other, &nonce, b"label"), Err(Error));
        assert_eq!(open(&key, &[8; NONCE_BYTES], b"label"), Err(Error));
        assert_eq!(open(&key, &nonce, b"labels"), Err(Error));
    }

    #[cfg(feature = "file")]
    #[test]
    fn a_key_is_32_bytes_and_its_note_is_its_own() {
        assert!(StoreKey::from_bytes(&[7; 31]).is_none() && StoreKey::from_bytes(&[7; 33]).is_none());
        let note = |byte| StoreKey::from_bytes(&[byte; 32]).unwrap().note().unwrap();
        assert_eq!(note(7), note(7));
        assert_ne!(note(7), note(8));
    }
}

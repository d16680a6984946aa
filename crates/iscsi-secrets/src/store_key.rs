//! The key that secrets are sealed with: 32 bytes.

use chacha20poly1305::aead::{AeadInOut, inout::InOutBuf};
use chacha20poly1305::{Error, KeyInit, XChaCha20Poly1305};
use zeroize::{Zeroize, Zeroizing};

use crate::generate::{GeneratorError, fill_bytes};
use crate::locked_buf::LockedBuf;

/// The length of a nonce, in bytes: long enough for random nonces.
pub(crate) const NONCE_BYTES: usize = 24;

/// The length of an authentication tag, in bytes.
pub(crate) const TAG_BYTES: usize = 16;

/// The label that the note of a key authenticates.
#[cfg(feature = "file")]
const NOTE_LABEL: &[u8] = b"iscsi-secrets: which key is it?";

/// The nonce of fingerprints. A random nonce ends in the same bytes with a probability of 2⁻⁶⁴.
const FINGERPRINT_NONCE: Nonce = [0xff; NONCE_BYTES];

/// The label of fingerprints.
const FINGERPRINT_LABEL: &[u8] = b"iscsi-secrets: fingerprint";

/// A nonce, drawn at random for one sealing.
pub(crate) type Nonce = [u8; NONCE_BYTES];

/// An authentication tag.
pub(crate) type Tag = [u8; TAG_BYTES];

/// A key, in locked memory that is zeroized on drop.
pub(crate) struct StoreKey(LockedBuf);

impl StoreKey {
    /// The length of a key, in bytes.
    pub(crate) const BYTES: usize = 32;

    /// Generates a new random key.
    pub(crate) fn generate() -> Result<Self, GeneratorError> {
        Self::filled(fill_bytes)
    }

    /// A key that `fill` writes in place.
    pub(crate) fn filled<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        LockedBuf::filled(Self::BYTES, fill).map(Self)
    }

    /// Reads the content of a key file, which is exactly one key.
    #[cfg(feature = "file")]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // The content of a file is in ordinary memory, so the key is copied to locked memory. The content wipes itself,
        // and dropping the key wipes the copy.
        (bytes.len() == Self::BYTES).then(|| Self(LockedBuf::of(bytes)))
    }

    /// The content of a key file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// Seals `bytes` in place. `label` is authenticated with them but not stored. If sealing fails, `bytes` is wiped.
    pub(crate) fn seal(&self, nonce: &Nonce, label: &[u8], bytes: &mut [u8]) -> Result<Tag, Error> {
        let sealed = match &self.cipher() {
            Ok(cipher) => cipher.encrypt_inout_detached(nonce.into(), label, InOutBuf::from(&mut *bytes)),
            Err(_) => Err(Error),
        };
        sealed.inspect_err(|_| bytes.zeroize()).map(Into::into)
    }

    /// Opens `bytes` in place. Fails if `bytes`, `label` or `tag` differ from those of the sealing.
    pub(crate) fn open(&self, nonce: &Nonce, label: &[u8], bytes: &mut [u8], tag: &Tag) -> Result<(), Error> {
        let bytes = InOutBuf::from(bytes);
        self.cipher()?.decrypt_inout_detached(nonce.into(), label, bytes, tag.into())
    }

    /// A value that identifies the key and reveals nothing about it: the authentication tag of a fixed label.
    ///
    /// The nonce is zero. Random nonces are zero with a probability of 2⁻¹⁹².
    #[cfg(feature = "file")]
    pub(crate) fn note(&self) -> Result<Tag, Error> {
        self.seal(&[0; NONCE_BYTES], NOTE_LABEL, &mut [])
    }

    /// A keyed digest of `bytes`: equal content has equal digests, and a digest reveals nothing about other content, even
    /// to someone who knows digests of known content.
    ///
    /// Sealing a copy under a fixed nonce yields an authentication tag that is a keyed hash. Publishing two such tags
    /// would reveal the one-time key of all others, so the tag is not published: it becomes the nonce of a second tag,
    /// computed over a label under which nothing else is sealed. The sealed copy is wiped.
    pub(crate) fn fingerprint(&self, bytes: &[u8]) -> Result<Tag, Error> {
        // Sealing works in place, so it needs a copy. `Zeroizing` wipes it, and both copies of the unpublished tag.
        let mut copy = Zeroizing::new(bytes.to_vec());
        let mut nonce = Zeroizing::new(FINGERPRINT_NONCE);
        let hash = Zeroizing::new(self.seal(&nonce, FINGERPRINT_LABEL, &mut copy)?);
        nonce.iter_mut().zip(hash.iter()).for_each(|(byte, hashed)| *byte = *hashed);
        self.seal(&nonce, FINGERPRINT_LABEL, &mut [])
    }

    /// The cipher with this key.
    fn cipher(&self) -> Result<XChaCha20Poly1305, Error> {
        // The cipher owns its key, so it has a copy for the time of one call, which it wipes on drop.
        XChaCha20Poly1305::new_from_slice(self.bytes()).map_err(|_| Error)
    }
}

/// Compile-time check that the cipher wipes its copy of the key.
const _: () = {
    const fn wipes_itself<C: zeroize::ZeroizeOnDrop>() {}
    wipes_itself::<XChaCha20Poly1305>();
};

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

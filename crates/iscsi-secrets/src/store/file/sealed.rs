//! The file as a whole: a [header](super::header), and behind it the records, sealed under XChaCha20-Poly1305 with
//! their authenticator. The header is the associated data.

use super::header::{Header, MAX_FILE_BYTES, Version};
use super::seal_error::SealError;
use crate::generate::fill_bytes;
use crate::store_key::{NONCE_BYTES, StoreKey, TAG_BYTES};

use super::derivation::Derivation;

/// Seals records into the content of a file, under a new nonce.
pub(super) fn seal(
    key: &StoreKey,
    derivation: Option<Derivation>,
    records: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    seal_as(Version::Three, key, derivation, records)
}

/// The same for records of this version.
pub(super) fn seal_as(
    version: Version,
    key: &StoreKey,
    derivation: Option<Derivation>,
    mut records: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    let bytes = (Header::BYTES + records.len() + TAG_BYTES) as u64;
    if bytes > MAX_FILE_BYTES {
        return Err(SealError::TooLarge);
    }
    let body_bytes = u32::try_from(records.len() + TAG_BYTES).map_err(|_| SealError::TooLarge)?;
    let mut nonce = [0; NONCE_BYTES];
    fill_bytes(&mut nonce)?;
    let note = key.note().map_err(|_| SealError::Cipher)?;
    let header = Header { version, derivation, note, nonce, body_bytes }.encode();
    let tag = key.seal(&nonce, &header, &mut records).map_err(|_| SealError::Cipher)?;
    Ok([header.as_slice(), &records, &tag].concat())
}

/// Opens the content of a file in place; nothing of it is believed before the authenticator is verified.
pub(super) fn unseal<'a>(key: &StoreKey, file: &'a mut [u8]) -> Result<(Version, &'a [u8]), SealError> {
    let Header { version, note, nonce, .. } = Header::of_file(file)?;
    if note != key.note().map_err(|_| SealError::Cipher)? {
        return Err(SealError::WrongKey);
    }
    let (header, body) = file.split_at_mut_checked(Header::BYTES).ok_or(SealError::Truncated)?;
    let (records, tag) = body.split_last_chunk_mut::<TAG_BYTES>().ok_or(SealError::Damaged)?;
    key.open(&nonce, header, records, tag).map_err(|_| SealError::Damaged)?;
    Ok((version, records))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &[u8] = b"some records";

    fn sealed(key: &StoreKey) -> Vec<u8> {
        seal(key, None, RECORDS.to_vec()).unwrap()
    }

    fn unsealed(key: &StoreKey, file: &[u8]) -> Result<Vec<u8>, SealError> {
        unseal(key, &mut file.to_vec()).map(|(_, records)| records.to_vec())
    }

    #[test]
    fn what_was_sealed_opens_and_does_not_show() {
        let key = StoreKey::generate().unwrap();
        let file = sealed(&key);
        assert_eq!(unsealed(&key, &file).as_deref(), Ok(RECORDS));
        assert!(!file.windows(4).any(|window| window == b"some"));
        assert_ne!(file, sealed(&key));
    }

    #[test]
    fn every_byte_is_protected_against_every_flip() {
        let key = StoreKey::generate().unwrap();
        let file = sealed(&key);
        for position in 0..file.len() {
            for bit in 0..8 {
                let mut flipped = file.clone();
                flipped[position] ^= 1 << bit;
                assert!(unsealed(&key, &flipped).is_err(), "byte {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn another_key_and_a_body_too_short_for_its_authenticator_are_told_apart() {
        let key = StoreKey::generate().unwrap();
        assert_eq!(unsealed(&StoreKey::generate().unwrap(), &sealed(&key)), Err(SealError::WrongKey));
        let (version, note) = (Version::Three, key.note().unwrap());
        let header = Header { version, note, derivation: None, nonce: [0; 24], body_bytes: 3 };
        assert_eq!(unsealed(&key, &[&header.encode()[..], b"abc"].concat()), Err(SealError::Damaged));
    }

    #[test]
    fn a_store_that_would_become_too_large_is_not_sealed() {
        let key = StoreKey::generate().unwrap();
        let bytes = usize::try_from(MAX_FILE_BYTES).unwrap();
        assert_eq!(seal(&key, None, vec![0; bytes]).err(), Some(SealError::TooLarge));
    }
}

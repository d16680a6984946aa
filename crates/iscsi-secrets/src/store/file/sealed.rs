//! The file as a whole: a [header](super::header), and behind it the records, sealed under XChaCha20-Poly1305 with
//! their authenticator. The header is the associated data.

use super::header::{Header, MAX_FILE_OCTETS, VERSION};
use super::seal_error::SealError;
use crate::generate::fill_octets;
use crate::store_key::{NONCE_OCTETS, StoreKey, TAG_OCTETS};

use super::derivation::Derivation;

/// Seals records into the content of a file, under a new nonce.
pub(super) fn seal(
    key: &StoreKey,
    derivation: Option<Derivation>,
    mut records: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    let octets = (Header::OCTETS + records.len() + TAG_OCTETS) as u64;
    if octets > MAX_FILE_OCTETS {
        return Err(SealError::TooLarge);
    }
    let body_octets = u32::try_from(records.len() + TAG_OCTETS).map_err(|_| SealError::TooLarge)?;
    let mut nonce = [0; NONCE_OCTETS];
    fill_octets(&mut nonce)?;
    let note = key.note().map_err(|_| SealError::Cipher)?;
    let header = Header { version: VERSION, derivation, note, nonce, body_octets }.encode();
    let tag = key.seal(&nonce, &header, &mut records).map_err(|_| SealError::Cipher)?;
    Ok([header.as_slice(), &records, &tag].concat())
}

/// Opens the content of a file in place; nothing of it is believed before the authenticator is verified.
pub(super) fn unseal<'a>(key: &StoreKey, file: &'a mut [u8]) -> Result<&'a [u8], SealError> {
    let Header { note, nonce, .. } = Header::of_file(file)?;
    if note != key.note().map_err(|_| SealError::Cipher)? {
        return Err(SealError::WrongKey);
    }
    let (header, body) = file.split_at_mut_checked(Header::OCTETS).ok_or(SealError::Truncated)?;
    let (records, tag) = body.split_last_chunk_mut::<TAG_OCTETS>().ok_or(SealError::Damaged)?;
    key.open(&nonce, header, records, tag).map_err(|_| SealError::Damaged)?;
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &[u8] = b"some records";

    fn sealed(key: &StoreKey) -> Vec<u8> {
        seal(key, None, RECORDS.to_vec()).unwrap()
    }

    fn unsealed(key: &StoreKey, file: &[u8]) -> Result<Vec<u8>, SealError> {
        unseal(key, &mut file.to_vec()).map(<[u8]>::to_vec)
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
    fn every_octet_is_protected_against_every_flip() {
        let key = StoreKey::generate().unwrap();
        let file = sealed(&key);
        for position in 0..file.len() {
            for bit in 0..8 {
                let mut flipped = file.clone();
                flipped[position] ^= 1 << bit;
                assert!(unsealed(&key, &flipped).is_err(), "octet {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn another_key_and_a_body_too_short_for_its_authenticator_are_told_apart() {
        let key = StoreKey::generate().unwrap();
        assert_eq!(unsealed(&StoreKey::generate().unwrap(), &sealed(&key)), Err(SealError::WrongKey));
        let header = Header {
            version: VERSION,
            note: key.note().unwrap(),
            derivation: None,
            nonce: [0; 24],
            body_octets: 3,
        };
        assert_eq!(unsealed(&key, &[&header.encode()[..], b"abc"].concat()), Err(SealError::Damaged));
    }

    #[test]
    fn a_store_that_would_become_too_large_is_not_sealed() {
        let key = StoreKey::generate().unwrap();
        let octets = usize::try_from(MAX_FILE_OCTETS).unwrap();
        assert_eq!(seal(&key, None, vec![0; octets]).err(), Some(SealError::TooLarge));
    }
}

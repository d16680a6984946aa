//! The content of a store file: a header, and behind it the [records](super::records), sealed under XChaCha20-Poly1305
//! with their authenticator. The header is the associated data.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 8 | `iSCSIsec` |
//! | 8 | 2 | version: 3 (version 2 is still read) |
//! | 10 | 4 | number of bytes after the header |
//! | 14 | 4 | Argon2id: memory in KiB; 0 if the key is not derived from a passphrase |
//! | 18 | 4 | Argon2id: passes |
//! | 22 | 4 | Argon2id: lanes |
//! | 26 | 16 | Argon2id: salt |
//! | 42 | 16 | note of the key |
//! | 58 | 24 | nonce, drawn at random for every write |
//!
//! Numbers are big-endian. Without Argon2id its fields are zero.

use super::derivation::Derivation;
use crate::generate::{GeneratorError, fill_bytes};
use crate::store_key::{NONCE_BYTES, Nonce, StoreKey, TAG_BYTES, Tag};

/// The version written, and the newest one read.
pub(super) const VERSION: u16 = Version::Three as u16;

/// A version of the format. Versions differ in the [records](super::records); the header is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Version {
    Two = 2,
    Three = 3,
}

/// The largest file that is written or read, in bytes: enough for 20,000 targets with the longest names.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;

/// The first bytes of every store file.
pub(super) const MAGIC: [u8; 8] = *b"iSCSIsec";

/// The header of a store file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: Version,
    /// The derivation of the key, if it is derived from a passphrase.
    pub(super) derivation: Option<Derivation>,
    /// The value that identifies the key.
    pub(super) note: Tag,
    /// The nonce of the sealed records.
    pub(super) nonce: Nonce,
    /// The number of bytes after the header.
    pub(super) body_bytes: u32,
}

impl Header {
    /// The length of a header, in bytes.
    pub(super) const BYTES: usize = 8 + 2 + 4 + Derivation::BYTES + TAG_BYTES + NONCE_BYTES;

    /// Encodes the header.
    pub(super) fn encode(&self) -> Vec<u8> {
        let derivation = self.derivation.map_or([0; Derivation::BYTES], |derivation| derivation.encode());
        let (version, length) = ((self.version as u16).to_be_bytes(), self.body_bytes.to_be_bytes());
        [&MAGIC[..], &version, &length, &derivation, &self.note, &self.nonce].concat()
    }

    /// Decodes the header of a whole file, and checks the length that it states.
    pub(super) fn of_file(file: &[u8]) -> Result<Self, SealError> {
        if !file.starts_with(&MAGIC) {
            return Err(if MAGIC.starts_with(file) { SealError::Truncated } else { SealError::ForeignFile });
        }
        let (_, rest) = take::<8>(file)?;
        let (version, rest) = take(rest)?;
        let version = Version::decode(*version)?;
        let (length, rest) = take(rest)?;
        let (derivation, rest) = take(rest)?;
        let (note, rest) = take(rest)?;
        let (nonce, body) = take(rest)?;
        let body_bytes = u32::from_be_bytes(*length);
        match (body.len() as u64).cmp(&u64::from(body_bytes)) {
            std::cmp::Ordering::Less => Err(SealError::Truncated),
            std::cmp::Ordering::Greater => Err(SealError::Damaged),
            std::cmp::Ordering::Equal => {
                let derivation = Derivation::decode(derivation)?;
                Ok(Self { version, derivation, note: *note, nonce: *nonce, body_bytes })
            }
        }
    }
}

impl Version {
    fn decode(bytes: [u8; 2]) -> Result<Self, SealError> {
        match u16::from_be_bytes(bytes) {
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            found => Err(SealError::UnknownVersion { found }),
        }
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), SealError> {
    bytes.split_first_chunk().ok_or(SealError::Truncated)
}

/// Seals records as the content of a file, with a new nonce.
pub(super) fn seal(
    key: &StoreKey,
    derivation: Option<Derivation>,
    records: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    seal_as(Version::Three, key, derivation, records)
}

/// Seals records of this version as the content of a file, with a new nonce.
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

/// Opens the content of a file in place. The records are not parsed before their authentication tag is verified.
pub(super) fn unseal<'a>(key: &StoreKey, file: &'a mut [u8]) -> Result<(Version, &'a [u8]), SealError> {
    let Header { version, note, nonce, .. } = Header::of_file(file)?;
    // The note tells a wrong key from a damaged file, which the authentication tag alone cannot.
    if note != key.note().map_err(|_| SealError::Cipher)? {
        return Err(SealError::WrongKey);
    }
    let (header, body) = file.split_at_mut_checked(Header::BYTES).ok_or(SealError::Truncated)?;
    let (records, tag) = body.split_last_chunk_mut::<TAG_BYTES>().ok_or(SealError::Damaged)?;
    key.open(&nonce, header, records, tag).map_err(|_| SealError::Damaged)?;
    Ok((version, records))
}

/// An error of sealing or opening the content of a file, without the path of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealError {
    Generator(GeneratorError),
    Cipher,
    OutOfMemory,
    TooLarge,
    ForeignFile,
    UnknownVersion { found: u16 },
    Truncated,
    WrongKey,
    Damaged,
}

impl From<GeneratorError> for SealError {
    fn from(error: GeneratorError) -> Self {
        Self::Generator(error)
    }
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

    fn header(derivation: Option<Derivation>) -> Header {
        let version = Version::Three;
        Header { version, derivation, note: [7; TAG_BYTES], nonce: [9; NONCE_BYTES], body_bytes: 3 }
    }

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        for derivation in [None, Some(Derivation::generate().unwrap())] {
            let bytes = header(derivation).encode();
            assert_eq!(bytes.len(), Header::BYTES);
            assert_eq!(Header::of_file(&[&bytes[..], b"abc"].concat()), Ok(header(derivation)));
        }
    }

    #[test]
    fn files_that_are_none_of_ours_are_told_apart() {
        let file = [&header(None).encode()[..], b"abc"].concat();
        for bytes in 0..file.len() {
            assert_eq!(Header::of_file(&file[..bytes]), Err(SealError::Truncated), "{bytes} bytes");
        }
        assert_eq!(Header::of_file(&[&file[..], b"d"].concat()), Err(SealError::Damaged));
        assert_eq!(Header::of_file(b"\x7fELF"), Err(SealError::ForeignFile));
        for found in [0, 1, 4, 255] {
            let mut other = file.clone();
            other[9] = found;
            let found = u16::from(found);
            assert_eq!(Header::of_file(&other[..20]), Err(SealError::UnknownVersion { found }));
        }
        let mut older = file;
        older[9] = 2;
        assert_eq!(Header::of_file(&older).unwrap().version, Version::Two);
    }
}

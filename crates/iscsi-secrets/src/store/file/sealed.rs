//! The file as a whole: a header, and behind it everything else sealed.
//!
//! | offset | octets | field |
//! | --- | --- | --- |
//! | 0 | 8 | `iSCSIsec` |
//! | 8 | 2 | version, big-endian: 1 |
//! | 10 | 4 | octets behind the header, big-endian |
//! | 14 | 16 | note of the key |
//! | 30 | 24 | nonce, drawn at random for every write |
//! | 54 | … | records under XChaCha20-Poly1305, with its authenticator; the header is the associated data |

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::AeadInOut;
use zeroize::Zeroizing;

use super::key::StoreKey;
use crate::generate::{GeneratorError, fill_octets};

/// The largest file that is written or read, in octets: thrice what 20,000 targets with the longest names take.
pub(super) const MAX_FILE_OCTETS: u64 = 64 << 20;

/// The version written and the only one read.
pub(super) const VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"iSCSIsec";
const NONCE_OCTETS: usize = 24;
const TAG_OCTETS: usize = 16;
const HEADER_OCTETS: usize = 8 + 2 + 4 + StoreKey::NOTE_OCTETS + NONCE_OCTETS;

/// Seals records into the content of a file, under a new nonce.
pub(super) fn seal(key: &StoreKey, mut records: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_OCTETS];
    fill_octets(&mut nonce)?;
    let header = header(&key.note()?, &nonce, records.len() + TAG_OCTETS)?;
    let tag =
        key.cipher().encrypt_inout_detached(&XNonce::from(nonce), &header, records.as_mut_slice().into())?;
    Ok([header.as_slice(), &records, &tag].concat())
}

/// Opens the content of a file; nothing of it is believed before the authenticator is verified.
pub(super) fn unseal(key: &StoreKey, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (header, body) = split(file)?;
    if header.note != &key.note()? {
        return Err(SealError::WrongKey);
    }
    let (sealed, tag) = body.split_last_chunk::<TAG_OCTETS>().ok_or(SealError::Damaged)?;
    let mut records = Zeroizing::new(sealed.to_vec());
    key.cipher()
        .decrypt_inout_detached(
            &XNonce::from(*header.nonce),
            header.octets,
            records.as_mut_slice().into(),
            tag.into(),
        )
        .map_err(|_| SealError::Damaged)?;
    Ok(records)
}

/// Why a file was not written or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealError {
    Generator(GeneratorError),
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

/// The cipher refuses to work only on more octets than it can number.
impl From<chacha20poly1305::Error> for SealError {
    fn from(_: chacha20poly1305::Error) -> Self {
        Self::TooLarge
    }
}

struct Header<'a> {
    octets: &'a [u8],
    note: &'a [u8; StoreKey::NOTE_OCTETS],
    nonce: &'a [u8; NONCE_OCTETS],
}

fn header(
    note: &[u8; StoreKey::NOTE_OCTETS],
    nonce: &[u8; NONCE_OCTETS],
    body_octets: usize,
) -> Result<Vec<u8>, SealError> {
    let length = u32::try_from(body_octets).map_err(|_| SealError::TooLarge)?;
    if HEADER_OCTETS as u64 + u64::from(length) > MAX_FILE_OCTETS {
        return Err(SealError::TooLarge);
    }
    Ok([&MAGIC[..], &VERSION.to_be_bytes(), &length.to_be_bytes(), note, nonce].concat())
}

/// Splits a file into its header and exactly what the header says is behind it.
fn split(file: &[u8]) -> Result<(Header<'_>, &[u8]), SealError> {
    if !file.starts_with(&MAGIC) {
        return Err(if MAGIC.starts_with(file) { SealError::Truncated } else { SealError::ForeignFile });
    }
    let (octets, body) = file.split_at_checked(HEADER_OCTETS).unwrap_or((file, &[]));
    let (_, rest) = take::<8>(octets)?;
    let (version, rest) = take::<2>(rest)?;
    let found = u16::from_be_bytes(*version);
    if found != VERSION {
        return Err(SealError::UnknownVersion { found });
    }
    let (length, rest) = take::<4>(rest)?;
    let (note, rest) = take(rest)?;
    let (nonce, _) = take(rest)?;
    match body.len().cmp(&usize::try_from(u32::from_be_bytes(*length)).map_err(|_| SealError::TooLarge)?) {
        std::cmp::Ordering::Less => Err(SealError::Truncated),
        std::cmp::Ordering::Equal => Ok((Header { octets, note, nonce }, body)),
        std::cmp::Ordering::Greater => Err(SealError::Damaged),
    }
}

fn take<const N: usize>(octets: &[u8]) -> Result<(&[u8; N], &[u8]), SealError> {
    octets.split_first_chunk().ok_or(SealError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &[u8] = b"some records";

    fn sealed(key: &StoreKey) -> Vec<u8> {
        seal(key, Zeroizing::new(RECORDS.to_vec())).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_and_does_not_show() {
        let key = StoreKey::generate().unwrap();
        let file = sealed(&key);
        assert_eq!(unseal(&key, &file).unwrap().as_slice(), RECORDS);
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
                assert!(unseal(&key, &flipped).is_err(), "octet {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn every_shorter_file_is_truncated_and_every_longer_one_damaged() {
        let key = StoreKey::generate().unwrap();
        let file = sealed(&key);
        for octets in 0..file.len() {
            assert_eq!(unseal(&key, &file[..octets]).err(), Some(SealError::Truncated), "{octets} octets");
        }
        let longer = [&file[..], b"\0"].concat();
        assert_eq!(unseal(&key, &longer).err(), Some(SealError::Damaged));
    }

    #[test]
    fn another_key_another_version_and_another_file_are_told_apart() {
        let key = StoreKey::generate().unwrap();
        let mut file = sealed(&key);
        assert_eq!(unseal(&StoreKey::generate().unwrap(), &file).err(), Some(SealError::WrongKey));
        assert_eq!(unseal(&key, b"\x7fELF").err(), Some(SealError::ForeignFile));
        file[9] = 2;
        assert_eq!(unseal(&key, &file).err(), Some(SealError::UnknownVersion { found: 2 }));
        assert_eq!(unseal(&key, &file[..20]).err(), Some(SealError::UnknownVersion { found: 2 }));
    }

    #[test]
    fn a_store_that_would_become_too_large_is_not_sealed() {
        let key = StoreKey::generate().unwrap();
        let octets = usize::try_from(MAX_FILE_OCTETS).unwrap();
        assert_eq!(seal(&key, Zeroizing::new(vec![0; octets])).err(), Some(SealError::TooLarge));
    }
}

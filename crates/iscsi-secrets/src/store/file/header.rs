//! What stands in front of the sealed part of a store file.
//!
//! | offset | octets | field |
//! | --- | --- | --- |
//! | 0 | 8 | `iSCSIsec` |
//! | 8 | 2 | version: 3, or 2 in older files |
//! | 10 | 4 | octets behind the header |
//! | 14 | 4 | Argon2id: memory in KiB, or 0 when the key is not made from a passphrase |
//! | 18 | 4 | Argon2id: passes |
//! | 22 | 4 | Argon2id: lanes |
//! | 26 | 16 | Argon2id: salt |
//! | 42 | 16 | note of the key |
//! | 58 | 24 | nonce, drawn at random for every write |
//!
//! Numbers are big-endian; the fields of Argon2id are zero where it is not used.

use super::derivation::Derivation;
use super::seal_error::SealError;
use crate::store_key::{NONCE_OCTETS, Nonce, TAG_OCTETS, Tag};

/// The version written.
pub(super) const VERSION: u16 = 3;

/// The oldest version read: its secrets are sealed with the spelling of a name, those of today with its identity.
pub(super) const OLDEST_VERSION: u16 = 2;

/// The largest file that is written or read, in octets: more than 20,000 targets with the longest names take.
pub(super) const MAX_FILE_OCTETS: u64 = 64 << 20;

const MAGIC: [u8; 8] = *b"iSCSIsec";

/// Everything in front of the sealed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// From [`OLDEST_VERSION`] to [`VERSION`].
    pub(super) version: u16,
    /// How the key is made from a passphrase, if it is.
    pub(super) derivation: Option<Derivation>,
    /// By which the key is recognised.
    pub(super) note: Tag,
    /// Under which the rest is sealed.
    pub(super) nonce: Nonce,
    /// Octets behind the header.
    pub(super) body_octets: u32,
}

impl Header {
    /// The length of a header, in octets.
    pub(super) const OCTETS: usize = 8 + 2 + 4 + Derivation::OCTETS + TAG_OCTETS + NONCE_OCTETS;

    /// Writes the header out.
    pub(super) fn encode(&self) -> Vec<u8> {
        let derivation = self.derivation.map_or([0; Derivation::OCTETS], |derivation| derivation.encode());
        let (version, length) = (self.version.to_be_bytes(), self.body_octets.to_be_bytes());
        [&MAGIC[..], &version, &length, &derivation, &self.note, &self.nonce].concat()
    }

    /// Reads the header of a whole file, and holds the file to the length it states.
    pub(super) fn of_file(file: &[u8]) -> Result<Self, SealError> {
        if !file.starts_with(&MAGIC) {
            return Err(if MAGIC.starts_with(file) { SealError::Truncated } else { SealError::ForeignFile });
        }
        let (_, rest) = take::<8>(file)?;
        let (version, rest) = take(rest)?;
        let found = u16::from_be_bytes(*version);
        if !(OLDEST_VERSION..=VERSION).contains(&found) {
            return Err(SealError::UnknownVersion { found });
        }
        let (length, rest) = take(rest)?;
        let (derivation, rest) = take(rest)?;
        let (note, rest) = take(rest)?;
        let (nonce, body) = take(rest)?;
        let body_octets = u32::from_be_bytes(*length);
        match (body.len() as u64).cmp(&u64::from(body_octets)) {
            std::cmp::Ordering::Less => Err(SealError::Truncated),
            std::cmp::Ordering::Greater => Err(SealError::Damaged),
            std::cmp::Ordering::Equal => {
                let derivation = Derivation::decode(derivation)?;
                Ok(Self { version: found, derivation, note: *note, nonce: *nonce, body_octets })
            }
        }
    }
}

fn take<const N: usize>(octets: &[u8]) -> Result<(&[u8; N], &[u8]), SealError> {
    octets.split_first_chunk().ok_or(SealError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(derivation: Option<Derivation>) -> Header {
        Header {
            version: VERSION,
            derivation,
            note: [7; TAG_OCTETS],
            nonce: [9; NONCE_OCTETS],
            body_octets: 3,
        }
    }

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        for derivation in [None, Some(Derivation::generate().unwrap())] {
            let octets = header(derivation).encode();
            assert_eq!(octets.len(), Header::OCTETS);
            assert_eq!(Header::of_file(&[&octets[..], b"abc"].concat()), Ok(header(derivation)));
        }
    }

    #[test]
    fn files_that_are_none_of_ours_are_told_apart() {
        let file = [&header(None).encode()[..], b"abc"].concat();
        for octets in 0..file.len() {
            assert_eq!(Header::of_file(&file[..octets]), Err(SealError::Truncated), "{octets} octets");
        }
        assert_eq!(Header::of_file(&[&file[..], b"d"].concat()), Err(SealError::Damaged));
        assert_eq!(Header::of_file(b"\x7fELF"), Err(SealError::ForeignFile));
        let with_version = |version| {
            let mut file = file.clone();
            file[9] = version;
            Header::of_file(&file).map(|header| header.version)
        };
        for version in [2, 3] {
            assert_eq!(with_version(version), Ok(version.into()));
        }
        for version in [0, 1, 4] {
            assert_eq!(with_version(version), Err(SealError::UnknownVersion { found: version.into() }));
        }
    }
}

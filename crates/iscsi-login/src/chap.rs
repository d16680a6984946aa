//! CHAP algorithms, responses and challenges (RFC 1994, 4.1; RFC 7143, 12.1.3).

use core::fmt;

use md5::digest::{FixedOutputReset, Output};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use sha3::Sha3_256;
use zeroize::Zeroizing;

use crate::credentials::same_bytes;

/// The hash of a CHAP response
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3); 6 to 8 are from the IANA registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChapAlgorithm {
    /// 5: MD5, 16 bytes. RFC 7143 requires it of every implementation and in every offer.
    Md5,
    /// 6: SHA-1, 20 bytes.
    Sha1,
    /// 7: SHA-256, 32 bytes.
    Sha256,
    /// 8: SHA3-256, 32 bytes.
    Sha3_256,
}

impl ChapAlgorithm {
    /// All algorithms, strongest first.
    pub const ALL: [Self; 4] = [Self::Sha3_256, Self::Sha256, Self::Sha1, Self::Md5];

    /// Its number in `CHAP_A`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Md5 => 5,
            Self::Sha1 => 6,
            Self::Sha256 => 7,
            Self::Sha3_256 => 8,
        }
    }

    /// Returns the algorithm of a number, or `None` for an unknown one.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| u64::from(algorithm.number()) == number)
    }

    /// The length of a response in bytes.
    #[must_use]
    pub const fn response_length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sha3_256 => 32,
        }
    }
}

impl fmt::Display for ChapAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha3_256 => "SHA3-256",
        })
    }
}

/// A computed CHAP response (RFC 1994, 4.1), wiped when it is dropped.
pub(crate) enum ChapResponse {
    Md5(Zeroizing<[u8; 16]>),
    Sha1(Zeroizing<[u8; 20]>),
    /// SHA-256 or SHA3-256.
    Sha(Zeroizing<[u8; 32]>),
}

impl ChapResponse {
    /// Hashes identifier, secret and challenge.
    pub(crate) fn compute(algorithm: ChapAlgorithm, identifier: u8, secret: &[u8], challenge: &[u8]) -> Self {
        let parts = [&[identifier], secret, challenge];
        match algorithm {
            ChapAlgorithm::Md5 => {
                let mut result = Zeroizing::new([0; 16]);
                hash_into::<Md5>(parts, (&mut *result).into());
                Self::Md5(result)
            }
            ChapAlgorithm::Sha1 => {
                let mut result = Zeroizing::new([0; 20]);
                hash_into::<Sha1>(parts, (&mut *result).into());
                Self::Sha1(result)
            }
            ChapAlgorithm::Sha256 => {
                let mut result = Zeroizing::new([0; 32]);
                hash_into::<Sha256>(parts, (&mut *result).into());
                Self::Sha(result)
            }
            ChapAlgorithm::Sha3_256 => {
                let mut result = Zeroizing::new([0; 32]);
                hash_into::<Sha3_256>(parts, (&mut *result).into());
                Self::Sha(result)
            }
        }
    }

    /// Whether `received` equals this response, compared in constant time for a given length.
    pub(crate) fn matches(&self, received: &[u8]) -> bool {
        same_bytes(self.as_bytes(), received)
    }

    /// The value of `CHAP_R`.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Md5(result) => &**result,
            Self::Sha1(result) => &**result,
            Self::Sha(result) => &**result,
        }
    }
}

/// Hashes into the memory of the result, without another copy.
///
/// The hasher is reset instead of consumed, because its block holds the secret: it is wiped in place when it is dropped, while a
/// move would leave an unwiped copy on the stack.
fn hash_into<D: Digest + FixedOutputReset>(parts: [&[u8]; 3], result: &mut Output<D>) {
    let mut hasher = D::new();
    for part in parts {
        // Hashers process whole blocks, so they copy the secret to a block of their own, which they wipe on drop.
        Digest::update(&mut hasher, part);
    }
    Digest::finalize_into_reset(&mut hasher, result);
}

/// Compile-time check that the hashers wipe their block, which holds the secret (CHP-27).
const _: () = {
    const fn wipes_itself<D: zeroize::ZeroizeOnDrop>() {}
    wipes_itself::<Md5>();
    wipes_itself::<Sha1>();
    wipes_itself::<Sha256>();
    wipes_itself::<Sha3_256>();
};

/// The random identifier and challenge that one side sends in one login attempt
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3)).
///
/// The bytes must come from the operating system's generator, fresh for every attempt (CHP-18, CHP-32): whoever can predict
/// them can impersonate the peer.
#[derive(Clone, Copy)]
pub struct Nonce {
    identifier: u8,
    challenge: [u8; 32],
}

impl Nonce {
    /// The number of random bytes of one attempt.
    pub const LENGTH: usize = 33;

    /// Creates a nonce from random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; Self::LENGTH]) -> Self {
        let [identifier, challenge @ ..] = bytes;
        Self { identifier, challenge }
    }

    /// The challenge of the side that drew the nonce.
    pub(crate) const fn challenge(&self) -> SentChallenge {
        SentChallenge { identifier: self.identifier, bytes: self.challenge }
    }
}

/// The challenge that a side sends, with its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentChallenge {
    pub(crate) identifier: u8,
    bytes: [u8; 32],
}

impl SentChallenge {
    /// The value of `CHAP_C`: as long as a response of the algorithm, at least 16 bytes.
    pub(crate) const fn bytes(&self, algorithm: ChapAlgorithm) -> &[u8] {
        // Array patterns let the compiler check the lengths; slicing by a number could fail at run time.
        match algorithm {
            ChapAlgorithm::Md5 => {
                let [challenge @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = &self.bytes;
                let challenge: &[u8; 16] = challenge;
                challenge
            }
            ChapAlgorithm::Sha1 => {
                let [challenge @ .., _, _, _, _, _, _, _, _, _, _, _, _] = &self.bytes;
                let challenge: &[u8; 20] = challenge;
                challenge
            }
            ChapAlgorithm::Sha256 | ChapAlgorithm::Sha3_256 => &self.bytes,
        }
    }
}

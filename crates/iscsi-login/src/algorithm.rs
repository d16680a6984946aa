//! CHAP algorithms (RFC 7143, 12.1.3; numbers 6 to 8 from the registry).

use core::fmt;

/// A hash that turns identifier, secret and challenge into a CHAP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChapAlgorithm {
    /// 5: MD5, 16 bytes. Every implementation has it, and every offer must name it.
    Md5,
    /// 6: SHA-1, 20 bytes.
    Sha1,
    /// 7: SHA-256, 32 bytes.
    Sha256,
    /// 8: SHA3-256, 32 bytes.
    Sha3_256,
}

impl ChapAlgorithm {
    /// All of them, strongest first.
    pub const ALL: [Self; 4] = [Self::Sha3_256, Self::Sha256, Self::Sha1, Self::Md5];

    /// The number in `CHAP_A`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Md5 => 5,
            Self::Sha1 => 6,
            Self::Sha256 => 7,
            Self::Sha3_256 => 8,
        }
    }

    /// The algorithm of this number, if it is one of these.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| u64::from(algorithm.number()) == number)
    }

    /// Length of a response in bytes.
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

//! The random bytes of one login attempt, handed in by the caller.

use crate::ChapAlgorithm;

/// Identifier and challenge for our side of a mutual CHAP exchange.
///
/// Must be drawn from the operating system's generator, anew for every attempt (CHP-18, CHP-32). Predictable bytes
/// let a target be impersonated.
#[derive(Clone, Copy)]
pub struct Nonce {
    identifier: u8,
    challenge: [u8; 32],
}

impl Nonce {
    /// How many random bytes one attempt takes.
    pub const LENGTH: usize = 33;

    /// Makes a nonce of 33 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; Self::LENGTH]) -> Self {
        let [identifier, challenge @ ..] = bytes;
        Self { identifier, challenge }
    }

    /// `CHAP_I` of our challenge.
    pub(crate) const fn identifier(&self) -> u8 {
        self.identifier
    }

    /// `CHAP_C`: as many bytes as the algorithm's result has, never fewer than 16.
    pub(crate) const fn challenge(&self, algorithm: ChapAlgorithm) -> &[u8] {
        // Patterns of arrays: the compiler counts, and there is no length that could turn out too short.
        match algorithm {
            ChapAlgorithm::Md5 => {
                let [challenge @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = &self.challenge;
                let challenge: &[u8; 16] = challenge;
                challenge
            }
            ChapAlgorithm::Sha1 => {
                let [challenge @ .., _, _, _, _, _, _, _, _, _, _, _, _] = &self.challenge;
                let challenge: &[u8; 20] = challenge;
                challenge
            }
            ChapAlgorithm::Sha256 | ChapAlgorithm::Sha3_256 => &self.challenge,
        }
    }
}

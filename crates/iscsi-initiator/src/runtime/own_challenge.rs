//! Outstanding challenges of this process, on all connections.
//!
//! A challenged target could send the challenge as its own to another login of this process, and answer the first login
//! with the response from the second (reflection attack). RFC 7143 (9.2.1) requires the responder to prevent this, so
//! the initiator never answers a challenge that it has sent itself (CHP-17).

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use iscsi_login::Nonce;

/// The number of bytes by which challenges are compared: the shortest challenge has as many, and two of them are equal
/// by chance once in 2^128.
const PREFIX: usize = 16;

type Prefix = [u8; PREFIX];

static OUTSTANDING: LazyLock<Mutex<Outstanding>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Outstanding {
    prefixes: BTreeSet<Prefix>,
    last_identifier: Option<u8>,
}

impl Outstanding {
    /// Issues a challenge. Identifiers count up from a random one; avoiding only the previous one would not suffice,
    /// because some are never sent. The step is two because a login adds one when the target has chosen the same
    /// identifier.
    fn issue(&mut self, mut bytes: [u8; Nonce::LENGTH]) -> OwnChallenge {
        // The pattern leaves the first 16 of the 32 bytes of a challenge, counted by the compiler.
        let [identifier, prefix @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = &mut bytes;
        *identifier = self.last_identifier.map_or(*identifier, |last| last.wrapping_add(2));
        self.last_identifier = Some(*identifier);
        let prefix: Prefix = *prefix;
        self.prefixes.insert(prefix);
        OwnChallenge { bytes, prefix }
    }
}

/// A challenge of one login, outstanding until it is dropped.
pub(crate) struct OwnChallenge {
    bytes: [u8; Nonce::LENGTH],
    prefix: Prefix,
}

impl OwnChallenge {
    /// Makes a challenge of fresh random bytes. Its identifier differs from those of the 127 challenges before
    /// (CHP-18).
    pub(crate) fn from_random(bytes: [u8; Nonce::LENGTH]) -> Self {
        outstanding().issue(bytes)
    }

    /// Identifier and challenge for the login.
    pub(super) const fn nonce(&self) -> Nonce {
        Nonce::from_random(self.bytes)
    }
}

impl Drop for OwnChallenge {
    fn drop(&mut self) {
        outstanding().prefixes.remove(&self.prefix);
    }
}

/// Whether this is a challenge that a login of this process has sent or is about to send.
pub(crate) fn is_own_challenge(challenge: &[u8]) -> bool {
    challenge.first_chunk().is_some_and(|prefix: &Prefix| outstanding().prefixes.contains(prefix))
}

fn outstanding() -> MutexGuard<'static, Outstanding> {
    OUTSTANDING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw() -> OwnChallenge {
        OwnChallenge::from_random(crate::random::bytes().unwrap())
    }

    #[test]
    fn chp_17_a_challenge_is_ours_while_its_login_lives() {
        let challenge = draw();
        let bytes = challenge.bytes[1..].to_vec();
        assert!(is_own_challenge(&bytes) && is_own_challenge(&bytes[..16]));
        assert!(!is_own_challenge(&bytes[..15]) && !is_own_challenge(&bytes[1..]) && !is_own_challenge(&[]));
        drop(challenge);
        assert!(!is_own_challenge(&bytes));
    }

    #[test]
    fn chp_18_challenges_are_new() {
        let challenges: Vec<_> = (0..2000).map(|_| draw()).collect();
        let prefixes: BTreeSet<_> = challenges.iter().map(|challenge| challenge.prefix).collect();
        assert_eq!(prefixes.len(), challenges.len());
    }

    /// Neither an identifier nor its successor is the identifier of the challenge before.
    #[test]
    fn chp_18_no_identifier_comes_twice_in_a_row() {
        let mut outstanding = Outstanding::default();
        let identifiers: Vec<u8> = [253, 255, 255, 7, 1]
            .map(|identifier| std::mem::ManuallyDrop::new(outstanding.issue([identifier; 33])).bytes[0])
            .to_vec();
        assert_eq!(identifiers, [253, 255, 1, 3, 5]);
    }
}

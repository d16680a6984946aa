//! Finding one secret in several places without opening all of them.

use std::collections::HashMap;

use crate::secret_use::Direction;
use crate::store_key::Tag;

/// A keyed digest of a secret: equal secrets under one key have equal fingerprints, and without the key a fingerprint
/// says nothing about its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(pub(crate) Tag);

/// The directions in which each secret of a snapshot is used. Built once for each state of a snapshot.
pub(crate) struct FingerprintIndex(HashMap<Fingerprint, Directions>);

#[derive(Clone, Copy, Default)]
struct Directions {
    forward: bool,
    reverse: bool,
}

impl FingerprintIndex {
    pub(crate) fn of(uses: impl Iterator<Item = (Direction, Fingerprint)>) -> Self {
        let mut index = HashMap::<_, Directions>::new();
        for (direction, fingerprint) in uses {
            let found = index.entry(fingerprint).or_default();
            match direction {
                Direction::Forward => found.forward = true,
                Direction::Reverse => found.reverse = true,
            }
        }
        Self(index)
    }

    /// Whether a secret with this fingerprint is used in this direction anywhere.
    pub(crate) fn is_used(&self, fingerprint: Fingerprint, direction: Direction) -> bool {
        self.0.get(&fingerprint).is_some_and(|found| match direction {
            Direction::Forward => found.forward,
            Direction::Reverse => found.reverse,
        })
    }
}

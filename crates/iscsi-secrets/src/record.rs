//! Everything that a store holds for one scope, and its entry in a listing.

use std::sync::Arc;

use crate::requirement::Requirement;
use crate::scope::{Direction, Scope};
use crate::sealer::{Fingerprint, SealedSecret};

/// What is held for one scope.
#[derive(Clone, Default)]
pub(crate) struct Record {
    /// What we prove.
    pub(crate) forward: Option<Arc<SealedCredential>>,
    /// What must be proved to us.
    pub(crate) association: Association,
    /// The least authentication that a login must have, if that is set for this scope.
    pub(crate) requirement: Option<Requirement>,
}

/// A CHAP name and a secret that is opened only for use.
#[derive(Clone)]
pub(crate) struct SealedCredential {
    pub(crate) name: Option<String>,
    pub(crate) secret: SealedSecret,
}

/// Whether a target has to prove a secret of its own.
#[derive(Clone, Default)]
pub(crate) enum Association {
    /// Never made, or dissolved.
    #[default]
    None,
    /// Made, but its secret was cleared; the expected CHAP name stays.
    Cleared { name: Option<String> },
    /// Made, with a secret.
    Bound(Arc<SealedCredential>),
}

impl Record {
    /// Whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.forward.is_none() && !self.association.is_made() && self.requirement.is_none()
    }

    /// The CHAP name that goes with what we prove.
    pub(crate) fn forward_name(&self) -> Option<&str> {
        self.forward.as_deref()?.name.as_deref()
    }

    /// The fingerprints of both secrets.
    pub(crate) fn fingerprints(&self) -> impl Iterator<Item = (Direction, Fingerprint)> {
        let forward = (Direction::Forward, self.forward.as_deref());
        let reverse = (Direction::Reverse, self.association.credential());
        [forward, reverse]
            .into_iter()
            .filter_map(|(direction, sealed)| Some((direction, sealed?.secret.fingerprint)))
    }

    /// Names and flags.
    pub(crate) fn entry(&self, scope: Scope) -> Entry {
        Entry {
            scope,
            forward_set: self.forward.is_some(),
            forward_name: self.forward_name().map(str::to_owned),
            reverse: self.association.state(),
            reverse_name: self.association.name().map(str::to_owned),
            requirement: self.requirement,
        }
    }
}

impl Association {
    /// Whether it was made and not dissolved.
    pub(crate) const fn is_made(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The CHAP name that is expected.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Cleared { name } => name.as_deref(),
            Self::Bound(credential) => credential.name.as_deref(),
        }
    }

    /// The credential, if there is one.
    pub(crate) fn credential(&self) -> Option<&SealedCredential> {
        match self {
            Self::None | Self::Cleared { .. } => None,
            Self::Bound(credential) => Some(credential),
        }
    }

    fn state(&self) -> ReverseState {
        match self {
            Self::None => ReverseState::Unbound,
            Self::Cleared { .. } => ReverseState::Cleared,
            Self::Bound(_) => ReverseState::Set,
        }
    }

    /// R5: the secret goes and the association stays; where there is none, clearing makes none.
    pub(crate) fn clear(&mut self) {
        if let Self::Bound(credential) = self {
            *self = Self::Cleared { name: credential.name.clone() };
        }
    }
}

/// What a store holds for one target, or for every target: names and flags, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom the entry is for.
    pub scope: Scope,
    /// Whether there is a secret that we prove.
    pub forward_set: bool,
    /// The CHAP name that goes with it; `None` means the initiator name.
    pub forward_name: Option<String>,
    /// Whether there is a secret that the target must prove.
    pub reverse: ReverseState,
    /// The CHAP name expected with it; `None` means any.
    pub reverse_name: Option<String>,
    /// The least authentication that a login must have, if that is set for this scope itself.
    pub requirement: Option<Requirement>,
}

/// What a store knows about the reverse secret of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseState {
    /// No association: the global secret counts for this target.
    Unbound,
    /// An association whose secret was cleared: mutual login fails closed.
    Cleared,
    /// An association with a secret.
    Set,
}

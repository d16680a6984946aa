//! Everything that a store holds for one scope, and its entry in a listing.

use std::sync::Arc;

use crate::requirement::Requirement;
use crate::scope::{Direction, Scope};
use crate::sealer::{Fingerprint, SealedSecret};

/// Everything that a store holds for one scope.
#[derive(Clone, Default)]
pub(crate) struct Record {
    /// The initiator's credential.
    pub(crate) forward: Option<Arc<SealedCredential>>,
    /// The association with the target, and the target's credential.
    pub(crate) association: Association,
    /// The minimum authentication of a login, if it is set for this scope.
    pub(crate) requirement: Option<Requirement>,
}

/// A CHAP name, and a secret that is opened only for use.
#[derive(Clone)]
pub(crate) struct SealedCredential {
    pub(crate) name: Option<String>,
    pub(crate) secret: SealedSecret,
}

/// The association of a scope with a reverse secret of its own.
#[derive(Clone, Default)]
pub(crate) enum Association {
    /// No association: the default applies.
    #[default]
    None,
    /// An association with a cleared secret; the expected CHAP name stays.
    Cleared { name: Option<String> },
    /// An association with a secret.
    Bound(Arc<SealedCredential>),
}

impl Record {
    /// Whether the record holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.forward.is_none() && !self.association.is_made() && self.requirement.is_none()
    }

    /// The CHAP name that the initiator sends.
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

    /// The entry of this record in a listing.
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
    /// Whether there is an association.
    pub(crate) const fn is_made(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The CHAP name that the target has to send.
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

    /// R5: removes the secret and keeps the association; without an association nothing changes.
    pub(crate) fn clear(&mut self) {
        if let Self::Bound(credential) = self {
            *self = Self::Cleared { name: credential.name.clone() };
        }
    }
}

/// One entry of a listing: the names and flags that a store holds for one scope, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The targets or discoveries that the entry applies to.
    pub scope: Scope,
    /// Whether the store holds the initiator's secret.
    pub forward_set: bool,
    /// The CHAP name that the initiator sends; `None` means the iSCSI initiator name.
    pub forward_name: Option<String>,
    /// The state of the target's secret.
    pub reverse: ReverseState,
    /// The CHAP name that the target has to send; `None` means any.
    pub reverse_name: Option<String>,
    /// The minimum authentication of a login, if it is set for this scope itself.
    pub requirement: Option<Requirement>,
}

/// The state of the reverse secret of one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseState {
    /// No association: the default secret applies.
    Unbound,
    /// An association with a cleared secret: mutual login fails closed.
    Cleared,
    /// An association with a secret.
    Set,
}

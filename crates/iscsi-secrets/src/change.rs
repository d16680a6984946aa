//! One change of a store, as a value.

use crate::credential::{ForwardCredential, ReverseCredential};
use crate::requirement::Requirement;
use crate::scope::Scope;
use crate::secret::Secret;

/// One change of a store. A backend carries it out whole or not at all.
///
/// A target or portal is in the store as long as something is held for it: a secret, an association, or a requirement.
#[non_exhaustive]
pub enum Change {
    /// Stores what we prove.
    SetForward(Scope, ForwardCredential),
    /// Stores other bytes for what we prove; the CHAP name, if there is one, stays.
    RenewForwardSecret(Scope, Secret),
    /// Removes what we prove.
    ClearForward(Scope),
    /// Stores what must be proved to us.
    SetReverse(Scope, ReverseCredential),
    /// Stores other bytes for what must be proved; the expected CHAP name, if there is one, stays.
    RenewReverseSecret(Scope, Secret),
    /// Removes the reverse secret. The association of a target or portal stays, so mutual login to it fails closed.
    ClearReverse(Scope),
    /// Removes the reverse secret and the association, so that the one of all others counts again.
    InheritReverse(Scope),
    /// Sets the least authentication that logins must have. `None` removes what is set for this scope: for a target or
    /// portal what is set for all others counts again.
    ///
    /// This is the only change that can lower a requirement.
    Require(Scope, Option<Requirement>),
    /// Removes both secrets, the association, and a requirement that is not stricter than that of all others. A stricter
    /// one stays.
    Remove(Scope),
}

impl Change {
    /// The scope of the reverse secret that this changes, if it changes one.
    #[must_use]
    pub fn reverse_scope(&self) -> Option<&Scope> {
        match self {
            Self::SetReverse(scope, _)
            | Self::RenewReverseSecret(scope, _)
            | Self::ClearReverse(scope)
            | Self::InheritReverse(scope) => Some(scope),
            Self::SetForward(..)
            | Self::RenewForwardSecret(..)
            | Self::ClearForward(_)
            | Self::Require(..)
            | Self::Remove(_) => None,
        }
    }
}

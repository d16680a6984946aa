//! One change of a store, as a value.

use iscsi_pdu::IscsiName;

use crate::credential::{ForwardCredential, ReverseCredential};
use crate::scope::Scope;
use crate::secret::Secret;

/// One change of a store. A backend carries it out whole or not at all.
///
/// Every change that names a target makes it known to the store. It stays known whatever is forgotten later.
#[non_exhaustive]
pub enum Change {
    /// Makes a target known and nothing else.
    Register(IscsiName),
    /// Stores what we prove.
    Remember(Scope, ForwardCredential),
    /// Stores other octets for what we prove; the CHAP name, if there is one, stays.
    RenewForwardSecret(Scope, Secret),
    /// Removes what we prove.
    Forget(Scope),
    /// Stores what must be proved to us.
    SetReverse(Scope, ReverseCredential),
    /// Stores other octets for what must be proved; the expected CHAP name, if there is one, stays.
    RenewReverseSecret(Scope, Secret),
    /// Removes the reverse secret. The association of a target or portal stays, so mutual login to it fails closed.
    ClearReverse(Scope),
    /// Removes the reverse secret and the association, so that the one of all others counts again.
    DissolveReverse(Scope),
}

impl Change {
    /// The scope of the reverse secret that this changes, if it changes one.
    #[must_use]
    pub fn reverse_scope(&self) -> Option<&Scope> {
        match self {
            Self::SetReverse(scope, _)
            | Self::RenewReverseSecret(scope, _)
            | Self::ClearReverse(scope)
            | Self::DissolveReverse(scope) => Some(scope),
            Self::Register(_) | Self::Remember(..) | Self::RenewForwardSecret(..) | Self::Forget(_) => None,
        }
    }
}

//! Changes of a store, as values, and the capabilities that a store needs for them.

use crate::credential::{ChapNameError, ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::requirement::Requirement;
use crate::scope::{Direction, Scope};
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
    /// Stores a credential of this direction.
    #[cfg(unix)]
    pub(crate) fn set(
        direction: Direction,
        scope: Scope,
        name: Option<String>,
        secret: Secret,
    ) -> Result<Self, ChapNameError> {
        Ok(match direction {
            Direction::Forward => Self::SetForward(scope, ForwardCredential::new(name, secret)?),
            Direction::Reverse => Self::SetReverse(scope, ReverseCredential::new(name, secret)?),
        })
    }

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

/// What a store can do. It does not change while the store is open.
#[allow(clippy::struct_excessive_bools, reason = "five independent facts, each asked for alone")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It keeps reverse secrets of single targets. Without this, rule R3 applies.
    pub per_target: bool,
    /// It keeps a reverse secret for every target without one of its own.
    pub global: bool,
    /// It can be changed through this crate.
    pub writable: bool,
    /// What it holds outlives the process.
    pub persistent: bool,
    /// What it holds is encrypted where it is kept.
    pub encrypted_at_rest: bool,
}

impl Capabilities {
    /// Whether a store that can do this can carry out `change`. Backends ask before they begin.
    ///
    /// Forward credentials always belong to a target, whatever `per_target` says of reverse secrets.
    pub fn admit(&self, change: &Change) -> Result<(), StoreError> {
        match change.reverse_scope() {
            Some(Scope::Target(_)) if !self.per_target => Err(StoreError::TargetSpecificNotSupported),
            Some(Scope::Global) if !self.global => Err(StoreError::GlobalNotSupported),
            _ if !self.writable => Err(StoreError::ReadOnly),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iscsi_pdu::IscsiName;

    const ALL: Capabilities = Capabilities {
        per_target: true,
        global: true,
        writable: true,
        persistent: true,
        encrypted_at_rest: true,
    };

    #[test]
    fn each_missing_capability_refuses_what_needs_it() {
        let target = || IscsiName::new("iqn.2001-04.com.example:a").unwrap();
        let one = Change::ClearReverse(Scope::Target(target()));
        let every = Change::ClearReverse(Scope::Global);
        // What the initiator proves, and what is required, belongs to a target in every store.
        let forward = Change::ClearForward(target().into());
        let required = Change::Require(target().into(), None);
        let admit = |capabilities: Capabilities| {
            [&one, &every, &forward, &required].map(|change| capabilities.admit(change).err())
        };
        let (single, global) = (StoreError::TargetSpecificNotSupported, StoreError::GlobalNotSupported);
        assert_eq!(admit(ALL), [const { None }; 4]);
        assert_eq!(admit(Capabilities { per_target: false, ..ALL }), [Some(single), None, None, None]);
        assert_eq!(admit(Capabilities { global: false, ..ALL }), [None, Some(global), None, None]);
        let read_only = [(); 4].map(|()| Some(StoreError::ReadOnly));
        assert_eq!(admit(Capabilities { writable: false, ..ALL }), read_only);
    }
}

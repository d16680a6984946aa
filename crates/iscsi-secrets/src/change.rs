//! Changes of a store, as values, and the capabilities that a store needs for them.

use crate::credential::{ChapNameError, ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::requirement::Requirement;
use crate::scope::{Direction, Scope};
use crate::secret::Secret;

/// One change of a store. A backend applies it completely or not at all.
///
/// A target or portal has a record as long as the store holds something for it: a secret, an association, or a
/// requirement.
#[non_exhaustive]
pub enum Change {
    /// Stores the initiator's CHAP credential (forward).
    SetForward(Scope, ForwardCredential),
    /// Replaces the bytes of the initiator's secret; the CHAP name, if there is one, stays.
    RenewForwardSecret(Scope, Secret),
    /// Removes the initiator's CHAP credential.
    ClearForward(Scope),
    /// Stores the target's CHAP credential (reverse).
    SetReverse(Scope, ReverseCredential),
    /// Replaces the bytes of the target's secret; the expected CHAP name, if there is one, stays.
    RenewReverseSecret(Scope, Secret),
    /// Removes the target's secret. The association of a target or portal stays, so mutual login to it fails closed.
    ClearReverse(Scope),
    /// Removes the target's secret and the association, so that the default of the scope applies again.
    InheritReverse(Scope),
    /// Sets the minimum authentication of logins. `None` removes the requirement of this scope: for a target or portal
    /// the default requirement applies again.
    ///
    /// No other change can lower a requirement.
    Require(Scope, Option<Requirement>),
    /// Removes both credentials, the association, and the requirement unless it is stricter than the default. A stricter
    /// requirement stays.
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

    /// The scope of the reverse secret that this change affects, if it affects one.
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

/// The capabilities of a store. They do not change while the store is open.
#[allow(clippy::struct_excessive_bools, reason = "five independent facts, each queried alone")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether the store holds reverse secrets for single targets. If not, rule R3 applies.
    pub per_target: bool,
    /// Whether the store holds a global reverse secret, for targets that have no secret of their own.
    pub global: bool,
    /// Whether the store can be changed through this crate.
    pub writable: bool,
    /// Whether the content outlives the process.
    pub persistent: bool,
    /// Whether the content is encrypted at rest.
    pub encrypted_at_rest: bool,
}

impl Capabilities {
    /// Checks that a store with these capabilities supports `change`. Backends call this before they apply a change.
    ///
    /// `per_target` limits reverse secrets only: every store can hold forward credentials for single targets.
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
        // Forward credentials and requirements can be set for a target in every store.
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

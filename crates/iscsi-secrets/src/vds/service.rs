//! `IVdsServiceIscsi`: the door itself.

use std::sync::Arc;

use uuid::Uuid;

use super::error::VdsError;
use super::shared_secret::{Payload, SharedSecret};
use crate::change::Change;
use crate::scope::Scope;
use crate::store::SecretStore;
use crate::target_name::TargetName;

/// The iSCSI initiator service of VDS over a store of this crate.
///
/// Two secrets exist for a target, and the interface names them after the party that owns them: the *target secret* is
/// what the initiator proves, the *initiator secret* is what the target must prove. Nothing reads a secret back.
///
/// Calls wait for the store, and a change applies from the next login on.
pub struct VdsServiceIscsi {
    store: Arc<dyn SecretStore>,
    initiator_name: String,
}

impl VdsServiceIscsi {
    /// The door to `store`, for the initiator of this iSCSI name.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, initiator_name: impl Into<String>) -> Self {
        Self { store, initiator_name: initiator_name.into() }
    }

    /// Puts the initiator's iSCSI name into `place`; `None` stands for a null pointer.
    pub fn get_initiator_name(&self, place: Option<&mut String>) -> Result<(), VdsError> {
        place.ok_or(VdsError::NoPlace)?.clone_from(&self.initiator_name);
        Ok(())
    }

    /// Sets, clears or dissolves what a target, or with the null id every target, must prove.
    ///
    /// A target id is the [`TargetName::object_id`] of a target known to the store. Octets are set without touching
    /// the CHAP name that the store may expect with them, for which the interface has no parameter.
    ///
    /// | rule | `secret` | `target_id` | result |
    /// | --- | --- | --- | --- |
    /// | R1 | 12 to 16 octets | null | the global secret is set |
    /// | R2 | 12 to 16 octets | known target | the target's secret is set |
    /// | R3 | anything | any target, and the store has no secrets of single targets | `VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED` |
    /// | R4 | no octets, size 0 | null | the global secret is cleared, and no other |
    /// | R5 | no octets, size 0 | known target | its secret is cleared; mutual login to it fails closed |
    /// | R6 | `None` | known target | its association is dissolved; the global secret counts again |
    /// | R7 | `None` | null | `E_INVALIDARG` |
    /// | R8 | no octets, size above 0 | any | `E_INVALIDARG` |
    /// | R9 | octets, size 0 | any | `E_INVALIDARG` |
    /// | R10 | 1 to 11 octets | any | `E_INVALIDARG` |
    /// | R11 | more than 16 octets | any | `E_INVALIDARG` |
    /// | R12 | a legal shape | unknown target | `VDS_E_OBJECT_NOT_FOUND` |
    ///
    /// They are checked in this order: R3, shape (R7 to R11), target (R12). After an error nothing has changed.
    pub fn set_initiator_shared_secret(
        &self,
        secret: Option<&SharedSecret<'_>>,
        target_id: Uuid,
    ) -> Result<(), VdsError> {
        if !target_id.is_nil() && !self.store.capabilities().per_target {
            return Err(VdsError::TargetSpecificNotSupported); // R3
        }
        let payload = match secret {
            None if target_id.is_nil() => return Err(VdsError::NoStructure), // R7
            None => None,
            Some(secret) => Some(secret.payload(|octets| VdsError::InitiatorSecretLength { octets })?),
        };
        let scope = self.scope_of(target_id)?;
        self.apply(match payload {
            Some(Payload::Set(secret)) => Change::RenewReverseSecret(scope, secret), // R1, R2
            Some(Payload::Clear) => Change::ClearReverse(scope),                     // R4, R5
            None => Change::DissolveReverse(scope),                                  // R6
        })
    }

    /// Remembers what we prove to a target, or with no octets and size 0 forgets it.
    ///
    /// A target is required, and works whether or not the store keeps reverse secrets of single targets. The shapes
    /// are held to R8 to R12; no structure is `E_INVALIDARG`. A CHAP name stored with the secret stays.
    pub fn remember_target_shared_secret(
        &self,
        target_id: Uuid,
        secret: Option<&SharedSecret<'_>>,
    ) -> Result<(), VdsError> {
        if target_id.is_nil() {
            return Err(VdsError::NoTarget);
        }
        let secret = secret.ok_or(VdsError::NoStructure)?;
        let payload = secret.payload(|octets| VdsError::TargetSecretLength { octets })?;
        let target = self.target_of(target_id)?;
        self.apply(match payload {
            Payload::Set(secret) => Change::RenewForwardSecret(target.into(), secret),
            Payload::Clear => Change::Forget(target.into()),
        })
    }

    fn scope_of(&self, target_id: Uuid) -> Result<Scope, VdsError> {
        if target_id.is_nil() { Ok(Scope::Global) } else { self.target_of(target_id).map(Scope::Target) }
    }

    /// R12: only a known target has an id.
    fn target_of(&self, target_id: Uuid) -> Result<TargetName, VdsError> {
        let book = self.store.snapshot()?;
        book.target_of(target_id).cloned().ok_or(VdsError::ObjectNotFound { target_id })
    }

    fn apply(&self, change: Change) -> Result<(), VdsError> {
        Ok(self.store.apply(change)?)
    }
}

#[cfg(test)]
mod tests;

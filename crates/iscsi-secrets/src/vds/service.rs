//! `IVdsServiceIscsi`: the iSCSI initiator service.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::thread;

use iscsi_pdu::IscsiName;
use uuid::Uuid;

use super::error::VdsError;
use super::object_ids::ObjectIds;
use super::{Payload, SharedSecret};
use crate::change::Change;
use crate::error::StoreError;
use crate::scope::Scope;
use crate::store::SecretStore;

/// The iSCSI initiator service of VDS over a store of this crate.
///
/// The interface names the two secrets of a target after the parties that own them: with the *target secret* the
/// initiator authenticates itself, with the *initiator secret* the target does. No method returns a secret.
///
/// Calls block until the store is open. A change applies from the next login on.
pub struct VdsServiceIscsi {
    startup: Startup,
    initiator_name: String,
    object_ids: ObjectIds,
}

impl VdsServiceIscsi {
    /// The service over `store`, for the initiator of this iSCSI name.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, initiator_name: impl Into<String>) -> Self {
        Self::of(Startup::done(store), initiator_name.into())
    }

    /// The service over a store that `open` opens on a thread of its own. Until then every call blocks; if `open` fails,
    /// every call returns `VDS_E_INITIALIZED_FAILED`, with the reason.
    #[must_use]
    pub fn start(
        open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError> + Send + 'static,
        initiator_name: impl Into<String>,
    ) -> Self {
        Self::of(Startup::begin(open), initiator_name.into())
    }

    fn of(startup: Startup, initiator_name: String) -> Self {
        Self { startup, initiator_name, object_ids: ObjectIds::default() }
    }

    /// Returns the iSCSI name of the initiator. There is no out pointer, and so no `E_POINTER`.
    pub fn get_initiator_name(&self) -> Result<String, VdsError> {
        self.startup.store()?;
        Ok(self.initiator_name.clone())
    }

    /// Adds known targets, such as discovered ones. Their ids resolve from then on, in this process only; nothing is
    /// written to the store.
    ///
    /// At most 16,384 targets can be added; beyond that the one known longest is dropped.
    pub fn add_targets(&self, targets: impl IntoIterator<Item = IscsiName>) {
        self.object_ids.add(targets);
    }

    /// Assigns an id of the caller's choice to a known target, for this process only. The id derived from its name stays
    /// valid.
    ///
    /// The null id, and an id of another target, are errors.
    pub fn assign_target_id(&self, target: IscsiName, id: Uuid) -> Result<(), VdsError> {
        self.object_ids.assign(&*self.startup.store()?.snapshot()?, target, id)
    }

    /// Sets or clears the initiator secret of a target, or with the null id the global one, or dissolves the association.
    ///
    /// A target id is the [`object_id`](super::object_id) of a target that the store holds something for or that was
    /// [added](Self::add_targets) to this process, or an id that was [assigned](Self::assign_target_id) to it. Setting a
    /// secret changes neither the expected CHAP name, for which the interface has no parameter, nor a requirement.
    ///
    /// | rule | `secret` | `target_id` | result |
    /// | --- | --- | --- | --- |
    /// | R1 | 12 to 16 bytes | null | the global secret is set |
    /// | R2 | 12 to 16 bytes | known target | the target's secret is set |
    /// | R3 | anything | any target, if the store does not support secrets for single targets | `VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED` |
    /// | R4 | no bytes, size 0 | null | the global secret is cleared, and no other |
    /// | R5 | no bytes, size 0 | known target | its secret is cleared; mutual login to it fails closed |
    /// | R6 | `None` | known target | its association is dissolved; the global secret applies again |
    /// | R7 | `None` | null | `E_INVALIDARG` |
    /// | R8 | no bytes, size above 0 | any | `E_INVALIDARG` |
    /// | R9 | bytes, size 0 | any | `E_INVALIDARG` |
    /// | R10 | 1 to 11 bytes | any | `E_INVALIDARG` |
    /// | R11 | more than 16 bytes | any | `E_INVALIDARG` |
    /// | R12 | a valid structure | unknown target | `VDS_E_OBJECT_NOT_FOUND` |
    /// | R13 | anything | any, if the service failed to start | `VDS_E_INITIALIZED_FAILED` |
    /// | R14 | anything | any, while the service starts | the call blocks |
    /// | R15 | anything | any, if an allocation fails | `E_OUTOFMEMORY` |
    /// | R16 | a valid structure | any, if the store fails with a Win32 code | `HRESULT_FROM_WIN32` of the code |
    ///
    /// The rules are checked in this order: start (R13, R14), R3, structure (R7 to R11), target (R12). After an error the
    /// store is unchanged, except where [`VdsError::is_in_force`] returns true.
    ///
    /// After R4, automatic logins that used the global secret are one-way CHAP, unless the policy of the store requires
    /// mutual CHAP.
    pub fn set_initiator_shared_secret(
        &self,
        secret: Option<&SharedSecret<'_>>,
        target_id: Uuid,
    ) -> Result<(), VdsError> {
        let store = self.startup.store()?;
        if !target_id.is_nil() && !store.capabilities().per_target {
            return Err(VdsError::TargetSpecificNotSupported); // R3
        }
        let payload = match secret {
            None if target_id.is_nil() => return Err(VdsError::NoStructure), // R7
            None => None,
            Some(secret) => Some(secret.payload(|bytes| VdsError::InitiatorSecretLength { bytes })?),
        };
        let scope = self.scope_of(store, target_id)?;
        Ok(store.apply(match payload {
            Some(Payload::Set(secret)) => Change::RenewReverseSecret(scope, secret), // R1, R2
            Some(Payload::Clear) => Change::ClearReverse(scope),                     // R4, R5
            None => Change::InheritReverse(scope),                                   // R6
        })?)
    }

    /// Stores the target secret of a target, or with no bytes and size 0 removes it.
    ///
    /// A target is required; the store need not support reverse secrets for single targets. R8 to R12 apply to the
    /// structure, and `None` is `E_INVALIDARG`. A CHAP name stored with the secret stays.
    pub fn remember_target_shared_secret(
        &self,
        target_id: Uuid,
        secret: Option<&SharedSecret<'_>>,
    ) -> Result<(), VdsError> {
        let store = self.startup.store()?;
        if target_id.is_nil() {
            return Err(VdsError::NoTarget);
        }
        let secret = secret.ok_or(VdsError::NoStructure)?;
        let payload = secret.payload(|bytes| VdsError::TargetSecretLength { bytes })?;
        let target = self.object_ids.resolve(&*store.snapshot()?, target_id)?;
        Ok(store.apply(match payload {
            Payload::Set(secret) => Change::RenewForwardSecret(target.into(), secret),
            Payload::Clear => Change::ClearForward(target.into()),
        })?)
    }

    fn scope_of(&self, store: &dyn SecretStore, target_id: Uuid) -> Result<Scope, VdsError> {
        if target_id.is_nil() {
            return Ok(Scope::Global);
        }
        self.object_ids.resolve(&*store.snapshot()?, target_id).map(Scope::Target)
    }
}

/// Reserved methods. Each blocks until the service has started, and then returns `VDS_E_NOT_SUPPORTED`.
impl VdsServiceIscsi {
    /// Reserved for setting the preshared key of the group.
    pub fn set_ipsec_group_preshared_key(&self, _key: Option<&IpsecKey<'_>>) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Reserved for setting the endpoints of all tunnels.
    pub fn set_all_ipsec_tunnel_addresses(
        &self,
        _tunnel_address: Option<IpAddr>,
        _destination_address: Option<IpAddr>,
    ) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Reserved for setting the security of all connections to a portal.
    pub fn set_all_ipsec_security(
        &self,
        _target_portal_id: Uuid,
        _security_flags: u64,
        _key: Option<&IpsecKey<'_>>,
    ) -> Result<(), VdsError> {
        self.not_supported()
    }

    fn not_supported(&self) -> Result<(), VdsError> {
        self.startup.store()?;
        Err(VdsError::NotSupported)
    }
}

/// `VDS_ISCSI_IPSEC_KEY`: a preshared key. It is ignored.
#[derive(Clone, Copy)]
pub struct IpsecKey<'a> {
    /// The bytes, or `None` for a null pointer.
    pub bytes: Option<&'a [u8]>,
    /// The number of bytes, as stated by the caller.
    pub size: u32,
}

/// An open store, or the reason why there is none: its error, or `None` if the thread that opens it ended without one.
type Outcome = Result<Arc<dyn SecretStore>, Option<StoreError>>;

/// The store of a service, once it is open.
struct Startup(Arc<OnceLock<Outcome>>);

/// The opening of the store. Dropping it ends the wait of all callers, even after a panic.
struct Opener(Arc<OnceLock<Outcome>>);

impl Startup {
    /// A store that is already open.
    fn done(store: Arc<dyn SecretStore>) -> Self {
        Self(Arc::new(OnceLock::from(Ok(store))))
    }

    /// Opens the store on a thread of its own.
    fn begin(open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError> + Send + 'static) -> Self {
        let outcome = Arc::default();
        let opener = Opener(Arc::clone(&outcome));
        // If no thread can be started, the opener is dropped, which ends the wait.
        _ = thread::Builder::new().name("vds-start".to_owned()).spawn(move || opener.run(open));
        Self(outcome)
    }

    /// R14: blocks until the service has started. R13: returns an error if it failed to start.
    fn store(&self) -> Result<&dyn SecretStore, VdsError> {
        match self.0.wait() {
            Ok(store) => Ok(&**store),
            Err(reason) => Err(VdsError::InitializedFailed { reason: reason.clone() }),
        }
    }
}

impl Opener {
    fn run(self, open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError>) {
        // Nothing else sets it, so this cannot fail.
        _ = self.0.set(open().map_err(Some));
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        _ = self.0.set(Err(None));
    }
}

#[cfg(test)]
mod tests;

//! `IVdsServiceIscsi`: the iSCSI initiator service.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::thread;

use iscsi_pdu::IscsiName;
use uuid::Uuid;

use super::error::VdsError;
use super::object_ids::ObjectIds;
use super::shared_secret::{Payload, SharedSecret};
use crate::change::Change;
use crate::error::StoreError;
use crate::scope::Scope;
use crate::store::SecretStore;

/// The iSCSI initiator service of VDS over a store of this crate.
///
/// Two secrets exist for a target, and the interface names them after the party that owns them: the *target secret* is
/// what the initiator proves, the *initiator secret* is what the target must prove. Nothing reads a secret back.
///
/// Calls wait for the store, and a change applies from the next login on.
pub struct VdsServiceIscsi {
    startup: Startup,
    initiator_name: String,
    object_ids: ObjectIds,
}

impl VdsServiceIscsi {
    /// The door to `store`, for the initiator of this iSCSI name.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, initiator_name: impl Into<String>) -> Self {
        Self::of(Startup::done(store), initiator_name.into())
    }

    /// The same for a store that `open` opens on a thread of its own. Until that has ended every call waits; if it
    /// failed, every call is `VDS_E_INITIALIZED_FAILED`, with the reason.
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

    /// Returns the initiator's iSCSI name. There is no pointer that could be null, and so no `E_POINTER`.
    pub fn get_initiator_name(&self) -> Result<String, VdsError> {
        self.startup.store()?;
        Ok(self.initiator_name.clone())
    }

    /// Makes targets known, such as those that were discovered: from then on their ids resolve, as long as this process
    /// lives. Nothing is written to the store.
    ///
    /// At most 16,384 targets are known in this way; beyond that the one known longest makes room.
    pub fn add_targets(&self, targets: impl IntoIterator<Item = IscsiName>) {
        self.object_ids.add(targets);
    }

    /// Gives a known target an id of the caller's choice, which every method takes as long as this process lives. The
    /// id derived from its name is valid all the same.
    ///
    /// The null id is refused, and so is one that another target has.
    pub fn assign_target_id(&self, target: IscsiName, id: Uuid) -> Result<(), VdsError> {
        self.object_ids.assign(&*self.startup.store()?.snapshot()?, target, id)
    }

    /// Sets, clears or dissolves what a target, or with the null id every target, must prove.
    ///
    /// A target id is the [`object_id`](super::object_id) of a target that the store holds something for or that was
    /// [made known](Self::add_targets) to this process, or an id that was [assigned](Self::assign_target_id) to it. Bytes
    /// are set without touching the CHAP name that the store may expect with them, for which the interface has no
    /// parameter, and without touching a requirement.
    ///
    /// | rule | `secret` | `target_id` | result |
    /// | --- | --- | --- | --- |
    /// | R1 | 12 to 16 bytes | null | the global secret is set |
    /// | R2 | 12 to 16 bytes | known target | the target's secret is set |
    /// | R3 | anything | any target, and the store has no secrets of single targets | `VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED` |
    /// | R4 | no bytes, size 0 | null | the global secret is cleared, and no other |
    /// | R5 | no bytes, size 0 | known target | its secret is cleared; mutual login to it fails closed |
    /// | R6 | `None` | known target | its association is dissolved; the global secret counts again |
    /// | R7 | `None` | null | `E_INVALIDARG` |
    /// | R8 | no bytes, size above 0 | any | `E_INVALIDARG` |
    /// | R9 | bytes, size 0 | any | `E_INVALIDARG` |
    /// | R10 | 1 to 11 bytes | any | `E_INVALIDARG` |
    /// | R11 | more than 16 bytes | any | `E_INVALIDARG` |
    /// | R12 | a legal shape | unknown target | `VDS_E_OBJECT_NOT_FOUND` |
    ///
    /// | R13 | anything | any, and the service did not start | `VDS_E_INITIALIZED_FAILED` |
    /// | R14 | anything | any, while the service starts | the call waits |
    /// | R15 | anything | any, and there is no memory | `E_OUTOFMEMORY` |
    /// | R16 | a legal shape | any, and the store fails with a Win32 code | `HRESULT_FROM_WIN32` of it |
    ///
    /// They are checked in this order: start (R13, R14), R3, shape (R7 to R11), target (R12). After an error nothing
    /// has changed, with the exception that [`VdsError::is_in_force`] tells of.
    ///
    /// After R4 automatic logins that used the global secret are one-way CHAP, unless the policy of the store requires
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

    /// Remembers what we prove to a target, or with no bytes and size 0 forgets it.
    ///
    /// A target is required, and works whether or not the store keeps reverse secrets of single targets. The shapes
    /// are held to R8 to R12; no structure is `E_INVALIDARG`. A CHAP name stored with the secret stays.
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

/// Reserved: each waits for the start as every method does, and is then `VDS_E_NOT_SUPPORTED`.
impl VdsServiceIscsi {
    /// Would set the preshared key of the group.
    pub fn set_ipsec_group_preshared_key(&self, _key: Option<&IpsecKey<'_>>) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Would set the ends of every tunnel.
    pub fn set_all_ipsec_tunnel_addresses(
        &self,
        _tunnel_address: Option<IpAddr>,
        _destination_address: Option<IpAddr>,
    ) -> Result<(), VdsError> {
        self.not_supported()
    }

    /// Would set the security of every way to a portal.
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

/// `VDS_ISCSI_IPSEC_KEY`: a preshared key as a caller states it. It is not looked at.
#[derive(Clone, Copy)]
pub struct IpsecKey<'a> {
    /// The bytes, or `None` for a null pointer.
    pub bytes: Option<&'a [u8]>,
    /// How many bytes the caller says there are.
    pub size: u32,
}

/// A store, or why there is none: its own word, or nothing if the one who opened it never came back.
type Outcome = Result<Arc<dyn SecretStore>, Option<StoreError>>;

/// The store of a service, once it is open.
struct Startup(Arc<OnceLock<Outcome>>);

/// Whoever opens the store. However that ends, those who wait are told.
struct Opener(Arc<OnceLock<Outcome>>);

impl Startup {
    /// A store that is open already.
    fn done(store: Arc<dyn SecretStore>) -> Self {
        Self(Arc::new(OnceLock::from(Ok(store))))
    }

    /// Opens the store on a thread of its own.
    fn begin(open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError> + Send + 'static) -> Self {
        let outcome = Arc::default();
        let opener = Opener(Arc::clone(&outcome));
        // A thread that cannot be had drops the opener, which tells.
        _ = thread::Builder::new().name("vds-start".to_owned()).spawn(move || opener.run(open));
        Self(outcome)
    }

    /// R14: waits until it is known whether the service started. R13: tells that it did not.
    fn store(&self) -> Result<&dyn SecretStore, VdsError> {
        match self.0.wait() {
            Ok(store) => Ok(&**store),
            Err(reason) => Err(VdsError::InitializedFailed { reason: reason.clone() }),
        }
    }
}

impl Opener {
    fn run(self, open: impl FnOnce() -> Result<Arc<dyn SecretStore>, StoreError>) {
        // Set once, and by nobody else.
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

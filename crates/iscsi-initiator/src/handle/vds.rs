//! The VDS-compatible API of an initiator, which never blocks the runtime.

use std::sync::Arc;

use iscsi_secrets::vds::{SharedSecret, VdsError, VdsServiceIscsi};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::initiator::Initiator;
use crate::runtime::blocking;

/// The interface of `IVdsServiceIscsi`, on the store from which this initiator takes its secrets.
///
/// What is set counts from the next login on. Each call is carried out on a thread that may block; bytes are copied,
/// and the copy is wiped.
impl Initiator {
    /// The service itself, with all its methods, which block.
    #[must_use]
    pub fn vds(&self) -> &Arc<VdsServiceIscsi> {
        &self.vds
    }

    /// Sets the secret that targets must prove, in the way of `IVdsServiceIscsi::SetInitiatorSharedSecret`: for one
    /// target, or with the nil id for all that have none of their own.
    ///
    /// # Errors
    /// [`VdsError`] with the exact `HRESULT`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the store written or not, never half written.
    pub async fn set_initiator_shared_secret(
        &self,
        secret: Option<&SharedSecret<'_>>,
        target_id: Uuid,
    ) -> Result<(), VdsError> {
        self.with_copy(secret, move |vds, secret| vds.set_initiator_shared_secret(secret, target_id)).await
    }

    /// Remembers the secret that we prove to a target, in the way of `IVdsServiceIscsi::RememberTargetSharedSecret`.
    ///
    /// # Errors
    /// [`VdsError`] with the exact `HRESULT`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the store written or not, never half written.
    pub async fn remember_target_shared_secret(
        &self,
        target_id: Uuid,
        secret: Option<&SharedSecret<'_>>,
    ) -> Result<(), VdsError> {
        self.with_copy(secret, move |vds, secret| vds.remember_target_shared_secret(target_id, secret)).await
    }

    /// Returns the initiator's iSCSI name, in the way of `IVdsServiceIscsi::GetInitiatorName`.
    ///
    /// # Errors
    /// [`VdsError`] with the exact `HRESULT`.
    ///
    /// # Cancel safety
    /// A future that is dropped has no effect.
    pub async fn get_initiator_name(&self) -> Result<String, VdsError> {
        let vds = Arc::clone(&self.vds);
        blocking((), move |()| vds.get_initiator_name()).await
    }

    /// Calls the VDS API with a copy of the secret, which lives as long as the call.
    async fn with_copy(
        &self,
        secret: Option<&SharedSecret<'_>>,
        call: impl FnOnce(&VdsServiceIscsi, Option<&SharedSecret<'_>>) -> Result<(), VdsError> + Send + 'static,
    ) -> Result<(), VdsError> {
        let vds = Arc::clone(&self.vds);
        let copy =
            secret.map(|secret| (secret.bytes.map(|bytes| Zeroizing::new(bytes.to_vec())), secret.size));
        blocking(copy, move |copy| {
            let secret = copy.as_ref().map(|(bytes, size)| SharedSecret {
                bytes: bytes.as_deref().map(Vec::as_slice),
                size: *size,
            });
            call(&vds, secret.as_ref())
        })
        .await
    }
}

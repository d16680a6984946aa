//! The VDS interface of an initiator, as async methods that never block the runtime.

use std::sync::Arc;

use iscsi_secrets::vds::{SharedSecret, VdsError, VdsServiceIscsi};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::initiator::Initiator;
use crate::runtime::blocking;

/// The interface `IVdsServiceIscsi` of Windows VDS, on the store from which this initiator reads its secrets.
///
/// A change applies from the next login on. Each call runs on a blocking thread with a copy of the secret, which is
/// zeroized afterwards.
impl Initiator {
    /// Returns the interface with blocking methods, which has more calls than the async one.
    #[must_use]
    pub fn vds(&self) -> &Arc<VdsServiceIscsi> {
        &self.vds
    }

    /// Sets the reverse secret, with which a target authenticates itself, as
    /// `IVdsServiceIscsi::SetInitiatorSharedSecret` does: for one target, or with the nil id as the default of all
    /// targets without a secret of their own.
    ///
    /// # Errors
    /// [`VdsError`] with the exact `HRESULT`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the store either unchanged or completely written.
    pub async fn set_initiator_shared_secret(
        &self,
        secret: Option<&SharedSecret<'_>>,
        target_id: Uuid,
    ) -> Result<(), VdsError> {
        self.with_copy(secret, move |vds, secret| vds.set_initiator_shared_secret(secret, target_id)).await
    }

    /// Sets the forward secret, with which the initiator authenticates itself to a target, as
    /// `IVdsServiceIscsi::RememberTargetSharedSecret` does.
    ///
    /// # Errors
    /// [`VdsError`] with the exact `HRESULT`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the store either unchanged or completely written.
    pub async fn remember_target_shared_secret(
        &self,
        target_id: Uuid,
        secret: Option<&SharedSecret<'_>>,
    ) -> Result<(), VdsError> {
        self.with_copy(secret, move |vds, secret| vds.remember_target_shared_secret(target_id, secret)).await
    }

    /// Returns the initiator's iSCSI name, as `IVdsServiceIscsi::GetInitiatorName` does.
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

    /// Makes a blocking call with a copy of the secret, which is zeroized when the call ends.
    async fn with_copy(
        &self,
        secret: Option<&SharedSecret<'_>>,
        call: impl FnOnce(&VdsServiceIscsi, Option<&SharedSecret<'_>>) -> Result<(), VdsError> + Send + 'static,
    ) -> Result<(), VdsError> {
        let vds = Arc::clone(&self.vds);
        // A blocking thread cannot borrow the secret of a future that may be dropped; `Zeroizing` wipes its copy.
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

//! The one interface behind which CHAP secrets are kept.

use std::sync::Arc;

use crate::book::SecretBook;
use crate::capabilities::Capabilities;
use crate::change::Change;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::reverse_lookup::ReverseLookup;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::target_name::TargetName;

#[cfg(all(unix, feature = "file"))]
pub(crate) mod file;
pub(crate) mod memory;

/// A place where CHAP secrets live.
///
/// A backend provides the first three methods; all rules stand in [`SecretBook`] and are the same everywhere. Every
/// read sees the store as it is at that moment, and a store that cannot be read is an error, never an empty one.
/// A change is carried out whole or, after any error, not at all.
///
/// All methods may wait for a disk or for another process.
pub trait SecretStore: Send + Sync {
    /// What this store can do.
    fn capabilities(&self) -> Capabilities;

    /// All that the store holds at this moment. A login takes one snapshot and reads both directions from it, so
    /// that it never joins credentials from before and after a change.
    fn snapshot(&self) -> Result<Arc<SecretBook>, StoreError>;

    /// Carries out one change, if [`Capabilities::admit`] lets it.
    fn apply(&self, change: Change) -> Result<(), StoreError>;

    /// What we prove to the target.
    fn forward(&self, target: &TargetName) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        Ok(self.snapshot()?.forward(target))
    }

    /// What the target must prove.
    fn reverse(&self, target: &TargetName) -> Result<ReverseLookup, StoreError> {
        Ok(self.snapshot()?.reverse(target))
    }

    /// Whether the target was ever named to this store.
    fn knows(&self, target: &TargetName) -> Result<bool, StoreError> {
        Ok(self.snapshot()?.knows(target))
    }

    /// Names and flags of all that is held, never a secret.
    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.snapshot()?.entries())
    }

    /// Makes a target known.
    fn register(&self, target: TargetName) -> Result<(), StoreError> {
        self.apply(Change::Register(target))
    }

    /// Stores what we prove to a target.
    fn remember(&self, target: TargetName, credential: ForwardCredential) -> Result<(), StoreError> {
        self.apply(Change::Remember(target, credential))
    }

    /// Stores other octets for what we prove to a target and keeps the CHAP name.
    fn renew_forward_secret(&self, target: TargetName, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewForwardSecret(target, secret))
    }

    /// Removes what we prove to a target; the target stays known.
    fn forget(&self, target: TargetName) -> Result<(), StoreError> {
        self.apply(Change::Forget(target))
    }

    /// Stores what a target, or every target, must prove.
    fn set_reverse(&self, scope: Scope, credential: ReverseCredential) -> Result<(), StoreError> {
        self.apply(Change::SetReverse(scope, credential))
    }

    /// Stores other octets for what must be proved and keeps the expected CHAP name.
    fn renew_reverse_secret(&self, scope: Scope, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewReverseSecret(scope, secret))
    }

    /// Removes a reverse secret; mutual login to a target that had its own then fails closed.
    fn clear_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::ClearReverse(scope))
    }

    /// Removes a reverse secret and the association, so that the global secret counts again for the target.
    fn dissolve_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::DissolveReverse(scope))
    }
}

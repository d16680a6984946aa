//! Stores of CHAP secrets: their common interface, and their origins.

use std::path::PathBuf;
use std::sync::Arc;

use iscsi_pdu::IscsiName;

use crate::change::Capabilities;
use crate::change::Change;
use crate::credential::ReverseLookup;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::record::Entry;
use crate::requirement::Requirement;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::store_snapshot::StoreSnapshot;

#[cfg(all(unix, feature = "file"))]
pub(crate) mod directory;
#[cfg(unix)]
pub(crate) mod environment;
#[cfg(all(unix, feature = "file"))]
pub(crate) mod file;
pub(crate) mod memory;

/// A store of CHAP secrets.
///
/// A backend provides [`capabilities`](Self::capabilities), [`snapshot`](Self::snapshot) and
/// [`apply_all`](Self::apply_all); the rules of lookup are those of [`StoreSnapshot`], so they are the same for all
/// backends. Every read returns the current state; a store that cannot be read is an error, never an empty store.
/// Changes are applied completely or, after an error, not at all.
///
/// All methods may block on a disk or another process.
pub trait SecretStore: Send + Sync {
    /// The origin of the secrets, for messages.
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::Other
    }

    /// The capabilities of the store.
    fn capabilities(&self) -> Capabilities;

    /// Returns the current content of the store. A login takes one snapshot and reads both directions from it, so it
    /// never combines credentials from before and after a change.
    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError>;

    /// Returns the current content if that needs no disk access and no other process.
    fn snapshot_now(&self) -> Option<Arc<StoreSnapshot>> {
        None
    }

    /// Applies all changes in order, or none of them. [`Capabilities::admit`] has to accept each.
    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// Applies one change.
    fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.apply_all(vec![change])
    }

    /// Returns the initiator's credential for the target.
    fn forward(&self, target: &IscsiName) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        self.snapshot()?.forward(target)
    }

    /// Returns the target's credential.
    fn reverse(&self, target: &IscsiName) -> Result<ReverseLookup, StoreError> {
        self.snapshot()?.reverse(target)
    }

    /// Whether the store holds something for the target itself.
    fn knows(&self, target: &IscsiName) -> Result<bool, StoreError> {
        Ok(self.snapshot()?.knows(target))
    }

    /// Lists the names and flags of all records, never a secret.
    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.snapshot()?.entries())
    }

    /// Stores the initiator's CHAP credential (forward).
    fn set_forward(&self, scope: Scope, credential: ForwardCredential) -> Result<(), StoreError> {
        self.apply(Change::SetForward(scope, credential))
    }

    /// Replaces the bytes of the initiator's secret and keeps the CHAP name.
    fn renew_forward_secret(&self, scope: Scope, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewForwardSecret(scope, secret))
    }

    /// Removes the initiator's CHAP credential.
    fn clear_forward(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::ClearForward(scope))
    }

    /// Stores the target's CHAP credential (reverse).
    fn set_reverse(&self, scope: Scope, credential: ReverseCredential) -> Result<(), StoreError> {
        self.apply(Change::SetReverse(scope, credential))
    }

    /// Replaces the bytes of the target's secret and keeps the expected CHAP name.
    fn renew_reverse_secret(&self, scope: Scope, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewReverseSecret(scope, secret))
    }

    /// Removes a target's secret. Mutual login to a target that had its own secret then fails closed.
    ///
    /// Without the global secret, automatic logins that used it become one-way CHAP, unless the policy requires mutual
    /// CHAP.
    fn clear_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::ClearReverse(scope))
    }

    /// Removes a target's secret and the association, so that the default applies again.
    fn inherit_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::InheritReverse(scope))
    }

    /// Sets the minimum authentication of logins; `None` removes the requirement of this scope.
    fn require(&self, scope: Scope, requirement: Option<Requirement>) -> Result<(), StoreError> {
        self.apply(Change::Require(scope, requirement))
    }

    /// Removes everything that the store holds for a scope, except a requirement that is stricter than the default.
    fn remove(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::Remove(scope))
    }
}

/// The origin of the secrets of a store, for messages about a missing secret.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOrigin {
    /// A sealed file in this directory.
    Sealed(PathBuf),
    /// One file for each of open-iscsi's settings, in this directory.
    PlainFiles(PathBuf),
    /// libiscsi's environment variables.
    Environment,
    /// The memory of the process.
    Memory,
    /// The default directory holds no store.
    Missing {
        /// The directory.
        path: PathBuf,
        /// The home directory that contains it, if that belongs to another user than the effective one.
        foreign_home: Option<ForeignHome>,
    },
    /// A store that is implemented outside this crate.
    Other,
}

/// A home directory of another user, caused by `sudo` or an inherited `HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignHome {
    /// The home directory.
    pub path: PathBuf,
    /// The owner.
    pub owner: u32,
    /// The effective user of the process.
    pub user: u32,
}

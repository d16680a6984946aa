//! The one interface behind which CHAP secrets are kept.

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

/// A place where CHAP secrets live.
///
/// A backend provides [`capabilities`](Self::capabilities), [`snapshot`](Self::snapshot) and
/// [`apply_all`](Self::apply_all); all rules stand in [`StoreSnapshot`] and are the same everywhere. Every
/// read sees the store as it is at that moment, and a store that cannot be read is an error, never an empty one.
/// Changes are carried out whole or, after any error, not at all.
///
/// All methods may wait for a disk or for another process.
pub trait SecretStore: Send + Sync {
    /// Where this store keeps its secrets, for messages.
    fn origin(&self) -> StoreOrigin {
        StoreOrigin::Other
    }

    /// What this store can do.
    fn capabilities(&self) -> Capabilities;

    /// All that the store holds at this moment. A login takes one snapshot and reads both directions from it, so
    /// that it never joins credentials from before and after a change.
    fn snapshot(&self) -> Result<Arc<StoreSnapshot>, StoreError>;

    /// The same, if it can be told without waiting for a disk or another process.
    fn snapshot_now(&self) -> Option<Arc<StoreSnapshot>> {
        None
    }

    /// Carries out all of these changes in their order, or none, if [`Capabilities::admit`] lets each of them.
    fn apply_all(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// Carries out one change.
    fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.apply_all(vec![change])
    }

    /// What we prove to the target.
    fn forward(&self, target: &IscsiName) -> Result<Option<Arc<ForwardCredential>>, StoreError> {
        self.snapshot()?.forward(target)
    }

    /// What the target must prove.
    fn reverse(&self, target: &IscsiName) -> Result<ReverseLookup, StoreError> {
        self.snapshot()?.reverse(target)
    }

    /// Whether something is held for the target itself.
    fn knows(&self, target: &IscsiName) -> Result<bool, StoreError> {
        Ok(self.snapshot()?.knows(target))
    }

    /// Names and flags of all that is held, never a secret.
    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.snapshot()?.entries())
    }

    /// Stores what we prove.
    fn set_forward(&self, scope: Scope, credential: ForwardCredential) -> Result<(), StoreError> {
        self.apply(Change::SetForward(scope, credential))
    }

    /// Stores other bytes for what we prove and keeps the CHAP name.
    fn renew_forward_secret(&self, scope: Scope, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewForwardSecret(scope, secret))
    }

    /// Removes what we prove.
    fn clear_forward(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::ClearForward(scope))
    }

    /// Stores what must be proved to us.
    fn set_reverse(&self, scope: Scope, credential: ReverseCredential) -> Result<(), StoreError> {
        self.apply(Change::SetReverse(scope, credential))
    }

    /// Stores other bytes for what must be proved and keeps the expected CHAP name.
    fn renew_reverse_secret(&self, scope: Scope, secret: Secret) -> Result<(), StoreError> {
        self.apply(Change::RenewReverseSecret(scope, secret))
    }

    /// Removes a reverse secret; mutual login to a target that had its own then fails closed.
    ///
    /// With that of all targets goes the demand for it: automatic logins that used it become one-way CHAP, unless the
    /// policy requires mutual CHAP.
    fn clear_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::ClearReverse(scope))
    }

    /// Removes a reverse secret and the association, so that the one of all others counts again.
    fn inherit_reverse(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::InheritReverse(scope))
    }

    /// Sets the least authentication that logins must have; `None` removes what is set for this scope.
    fn require(&self, scope: Scope, requirement: Option<Requirement>) -> Result<(), StoreError> {
        self.apply(Change::Require(scope, requirement))
    }

    /// Removes all that is held for a scope, but for a requirement that is stricter than that of all others.
    fn remove(&self, scope: Scope) -> Result<(), StoreError> {
        self.apply(Change::Remove(scope))
    }
}

/// Where a store keeps its secrets.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOrigin {
    /// A sealed file in this directory.
    Sealed(PathBuf),
    /// One file for each of open-iscsi's keys, in this directory.
    PlainFiles(PathBuf),
    /// libiscsi's variables.
    Environment,
    /// The memory of the process.
    Memory,
    /// No store is in the directory where one is looked for by default.
    Missing {
        /// The directory.
        path: PathBuf,
        /// The home it is in, if that belongs to another user than the one whose rights the process has.
        foreign_home: Option<ForeignHome>,
    },
    /// A kind of store outside this crate.
    Other,
}

/// A home of another user, as left behind by `sudo` or a `HOME` that was passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignHome {
    /// The home.
    pub path: PathBuf,
    /// The user it belongs to.
    pub owner: u32,
    /// The effective user of the process.
    pub user: u32,
}

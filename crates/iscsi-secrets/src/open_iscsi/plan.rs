//! The plan of an import: the effect on a store.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::credential::ReverseLookup;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::store_snapshot::StoreSnapshot;

/// The policy for credentials that differ from those in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// The stored credentials stay.
    Keep,
    /// The imported credentials replace the stored ones.
    Replace,
}

/// The outcome for one credential of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The store has no such credential yet; it is imported.
    Imported,
    /// The imported credential replaces a different one.
    Replaced,
    /// The store already has this credential.
    Unchanged,
    /// The store has a different or cleared credential, which stays.
    Kept,
}

/// One credential of an import: its outcome and name, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedCredential {
    /// The outcome.
    pub outcome: ImportOutcome,
    /// The CHAP name, if there is one and the outcome is not [`Kept`](ImportOutcome::Kept).
    pub name: Option<String>,
}

/// The credentials of an import for one scope: names and flags, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeImport {
    /// The initiator's credential.
    pub forward: Option<ImportedCredential>,
    /// The target's credential.
    pub reverse: Option<ImportedCredential>,
}

/// An import compared with the content of a store.
#[derive(Default)]
pub struct Plan {
    /// The changes to apply.
    pub changes: Vec<Change>,
    /// The outcome for each scope that was read.
    pub scopes: BTreeMap<Scope, ScopeImport>,
}

impl Plan {
    /// Compares the changes of an [`Import`](super::Import) with a snapshot, which should be taken just before the changes
    /// of the plan are applied.
    pub fn of(
        changes: Vec<Change>,
        snapshot: &StoreSnapshot,
        policy: ConflictPolicy,
    ) -> Result<Self, StoreError> {
        let mut plan = Self::default();
        for change in changes {
            if plan.admit(&change, snapshot, policy)? {
                plan.changes.push(change);
            }
        }
        Ok(plan)
    }

    /// Records the outcome of a change, and returns whether to apply it.
    fn admit(
        &mut self,
        change: &Change,
        snapshot: &StoreSnapshot,
        policy: ConflictPolicy,
    ) -> Result<bool, StoreError> {
        let credential = match change {
            Change::SetForward(scope, new) => {
                let outcome = policy.outcome(stored_forward(snapshot, scope, new)?);
                self.scopes
                    .entry(scope.clone())
                    .or_default()
                    .forward
                    .insert(ImportedCredential::of(outcome, new.name()))
            }
            Change::SetReverse(scope, new) => {
                let outcome = policy.outcome(stored_reverse(snapshot, scope, new)?);
                self.scopes
                    .entry(scope.clone())
                    .or_default()
                    .reverse
                    .insert(ImportedCredential::of(outcome, new.name()))
            }
            _ => return Ok(true),
        };
        Ok(matches!(credential.outcome, ImportOutcome::Imported | ImportOutcome::Replaced))
    }
}

impl ImportedCredential {
    fn of(outcome: ImportOutcome, name: Option<&str>) -> Self {
        Self { outcome, name: name.filter(|_| outcome != ImportOutcome::Kept).map(str::to_owned) }
    }
}

/// The stored credential, compared with the imported one.
enum Stored {
    Nothing,
    Equal,
    Different,
}

impl Stored {
    fn of(is_same: bool) -> Self {
        if is_same { Self::Equal } else { Self::Different }
    }
}

impl ConflictPolicy {
    fn outcome(self, stored: Stored) -> ImportOutcome {
        match (stored, self) {
            (Stored::Nothing, _) => ImportOutcome::Imported,
            (Stored::Equal, _) => ImportOutcome::Unchanged,
            (Stored::Different, Self::Keep) => ImportOutcome::Kept,
            (Stored::Different, Self::Replace) => ImportOutcome::Replaced,
        }
    }
}

fn stored_forward(
    snapshot: &StoreSnapshot,
    scope: &Scope,
    new: &ForwardCredential,
) -> Result<Stored, StoreError> {
    // Stored secrets are sealed, so comparing one opens it; it is wiped with `old`.
    Ok(snapshot.own_forward(scope)?.map_or(Stored::Nothing, |old| {
        Stored::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
    }))
}

fn stored_reverse(
    snapshot: &StoreSnapshot,
    scope: &Scope,
    new: &ReverseCredential,
) -> Result<Stored, StoreError> {
    // Stored secrets are sealed, so comparing one opens it; it is wiped with `old`.
    Ok(match snapshot.own_reverse(scope)? {
        ReverseLookup::Unknown => Stored::Nothing,
        ReverseLookup::Cleared => Stored::Different,
        ReverseLookup::Known(old) => {
            Stored::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
        }
    })
}

//! What an import does to a store.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::credential::ReverseLookup;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::store_snapshot::StoreSnapshot;

/// What happens to credentials that a store has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// They stay.
    Keep,
    /// They are overwritten, where they differ.
    Replace,
}

/// What happens to one credential of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The store had none, and takes it.
    Imported,
    /// It takes the place of a different one.
    Replaced,
    /// The store has the same one.
    Unchanged,
    /// The store has a different one, or one that was cleared, and keeps it so.
    Kept,
}

/// One credential of an import: names and flags, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedCredential {
    /// What happens to it.
    pub outcome: ImportOutcome,
    /// Its CHAP name, if it has one and was not [`Kept`](ImportOutcome::Kept) out.
    pub name: Option<String>,
}

/// What an import has for one scope: names and flags, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeImport {
    /// What we prove.
    pub forward: Option<ImportedCredential>,
    /// What must be proved to us.
    pub reverse: Option<ImportedCredential>,
}

/// An import compared with what a store has.
#[derive(Default)]
pub struct Plan {
    /// What is to be carried out.
    pub changes: Vec<Change>,
    /// What becomes of all that was read.
    pub scopes: BTreeMap<Scope, ScopeImport>,
}

impl Plan {
    /// Compares the changes of an [`Import`](super::Import) with a snapshot, which should be a snapshot taken just before
    /// the changes of the plan are applied.
    pub fn of(
        changes: Vec<Change>,
        snapshot: &StoreSnapshot,
        existing: ConflictPolicy,
    ) -> Result<Self, StoreError> {
        let mut plan = Self::default();
        for change in changes {
            if plan.admit(&change, snapshot, existing)? {
                plan.changes.push(change);
            }
        }
        Ok(plan)
    }

    /// Notes what becomes of a change, and says whether it is to be carried out.
    fn admit(
        &mut self,
        change: &Change,
        snapshot: &StoreSnapshot,
        existing: ConflictPolicy,
    ) -> Result<bool, StoreError> {
        let credential = match change {
            Change::SetForward(scope, new) => {
                let outcome = existing.outcome(forward_beside(snapshot, scope, new)?);
                self.scopes
                    .entry(scope.clone())
                    .or_default()
                    .forward
                    .insert(ImportedCredential::of(outcome, new.name()))
            }
            Change::SetReverse(scope, new) => {
                let outcome = existing.outcome(reverse_beside(snapshot, scope, new)?);
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

/// What a store has where a credential is to go.
enum Beside {
    Nothing,
    TheSame,
    Another,
}

impl Beside {
    fn of(is_same: bool) -> Self {
        if is_same { Self::TheSame } else { Self::Another }
    }
}

impl ConflictPolicy {
    fn outcome(self, beside: Beside) -> ImportOutcome {
        match (beside, self) {
            (Beside::Nothing, _) => ImportOutcome::Imported,
            (Beside::TheSame, _) => ImportOutcome::Unchanged,
            (Beside::Another, Self::Keep) => ImportOutcome::Kept,
            (Beside::Another, Self::Replace) => ImportOutcome::Replaced,
        }
    }
}

fn forward_beside(
    snapshot: &StoreSnapshot,
    scope: &Scope,
    new: &ForwardCredential,
) -> Result<Beside, StoreError> {
    Ok(snapshot.own_forward(scope)?.map_or(Beside::Nothing, |old| {
        Beside::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
    }))
}

fn reverse_beside(
    snapshot: &StoreSnapshot,
    scope: &Scope,
    new: &ReverseCredential,
) -> Result<Beside, StoreError> {
    Ok(match snapshot.own_reverse(scope)? {
        ReverseLookup::Unknown => Beside::Nothing,
        ReverseLookup::Cleared => Beside::Another,
        ReverseLookup::Known(old) => {
            Beside::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
        }
    })
}

//! What an import does to a store.

use std::collections::BTreeMap;

use crate::book::SecretBook;
use crate::change::Change;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::error::StoreError;
use crate::reverse_lookup::ReverseLookup;
use crate::scope::Scope;

/// What happens to credentials that a store has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay.
    Keep,
    /// They are overwritten, where they differ.
    Replace,
}

/// What happens to one credential of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
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
pub struct Half {
    /// What happens to it.
    pub fate: Fate,
    /// Its CHAP name, if it has one and was not [`Kept`](Fate::Kept) out.
    pub name: Option<String>,
}

/// What an import has for one scope: names and flags, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// What we prove.
    pub forward: Option<Half>,
    /// What must be proved to us.
    pub reverse: Option<Half>,
}

/// An import compared with what a store has.
#[derive(Default)]
pub struct Plan {
    /// What is to be carried out.
    pub changes: Vec<Change>,
    /// What becomes of all that was read.
    pub arrivals: BTreeMap<Scope, Arrival>,
}

impl Plan {
    /// Compares the changes of an [`Import`](super::Import) with a book, which should be a snapshot taken just before
    /// the changes of the plan are applied.
    pub fn of(changes: Vec<Change>, book: &SecretBook, existing: Existing) -> Result<Self, StoreError> {
        let mut plan = Self::default();
        for change in changes {
            if plan.admit(&change, book, existing)? {
                plan.changes.push(change);
            }
        }
        Ok(plan)
    }

    /// Notes what becomes of a change, and says whether it is to be carried out.
    fn admit(&mut self, change: &Change, book: &SecretBook, existing: Existing) -> Result<bool, StoreError> {
        let half = match change {
            Change::Remember(scope, new) => {
                let fate = existing.fate(forward_beside(book, scope, new)?);
                self.arrivals.entry(scope.clone()).or_default().forward.insert(Half::of(fate, new.name()))
            }
            Change::SetReverse(scope, new) => {
                let fate = existing.fate(reverse_beside(book, scope, new)?);
                self.arrivals.entry(scope.clone()).or_default().reverse.insert(Half::of(fate, new.name()))
            }
            _ => return Ok(true),
        };
        Ok(matches!(half.fate, Fate::Imported | Fate::Replaced))
    }
}

impl Half {
    fn of(fate: Fate, name: Option<&str>) -> Self {
        Self { fate, name: name.filter(|_| fate != Fate::Kept).map(str::to_owned) }
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

impl Existing {
    fn fate(self, beside: Beside) -> Fate {
        match (beside, self) {
            (Beside::Nothing, _) => Fate::Imported,
            (Beside::TheSame, _) => Fate::Unchanged,
            (Beside::Another, Self::Keep) => Fate::Kept,
            (Beside::Another, Self::Replace) => Fate::Replaced,
        }
    }
}

fn forward_beside(book: &SecretBook, scope: &Scope, new: &ForwardCredential) -> Result<Beside, StoreError> {
    Ok(book.own_forward(scope)?.map_or(Beside::Nothing, |old| {
        Beside::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
    }))
}

fn reverse_beside(book: &SecretBook, scope: &Scope, new: &ReverseCredential) -> Result<Beside, StoreError> {
    Ok(match book.own_reverse(scope)? {
        ReverseLookup::Unknown => Beside::Nothing,
        ReverseLookup::Cleared => Beside::Another,
        ReverseLookup::Known(old) => {
            Beside::of(old.name() == new.name() && old.secret().same_bytes(new.secret()))
        }
    })
}

//! Placement of decoded records in a snapshot, for files of version 2 too.
//!
//! Files of version 2 have neither fingerprints nor requirements, and their secrets are sealed with the spelling of a
//! name instead of its identity.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Record;
use crate::scope::{Direction, Scope};
use crate::sealer::{SealedSecret, Sealer};
use crate::store_key::{Nonce, Tag};
use crate::store_snapshot::StoreSnapshot;

/// The place of a decoded record.
pub(super) struct Place {
    /// The scope; `None` for a name in a file of version 2 that is not valid any more.
    pub(super) scope: Option<Scope>,
    /// The label that its secrets are sealed with in the file.
    pub(super) label: String,
}

impl Place {
    pub(super) fn of(scope: Scope) -> Self {
        Self { label: scope.label(), scope: Some(scope) }
    }
}

/// Inserts a record. The place has to be empty.
pub(super) fn put(snapshot: &mut StoreSnapshot, scope: Scope, record: Record) -> Result<(), Malformed> {
    let before = match scope {
        Scope::Global => Some(std::mem::replace(&mut snapshot.every_target, record)),
        Scope::Target(name) => snapshot.targets.insert(name, record),
        Scope::Discovery => Some(std::mem::replace(&mut snapshot.every_portal, record)),
        Scope::Portal(name) => snapshot.portals.insert(name, record),
    };
    before.is_none_or(|record| record.is_empty()).then_some(()).ok_or(Malformed)
}

/// An error: the bytes were not written by a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Opens a secret under its label of version 2, and seals it under its label of version 3.
pub(super) fn resealed(
    sealer: &Sealer,
    direction: Direction,
    place: &Place,
    (nonce, tag, bytes): (&Nonce, &Tag, &[u8]),
) -> Result<SealedSecret, Malformed> {
    let label = direction.label(&place.label);
    // Another label needs another seal; the opened secret is in locked memory and is wiped on return.
    let secret = sealer.open_parts(label.as_bytes(), nonce, tag, bytes).ok_or(Malformed)?;
    let scope = place.scope.as_ref().map_or_else(|| place.label.clone(), Scope::label);
    sealer.seal(direction.label(&scope).as_bytes(), &secret).map_err(|_| Malformed)
}

/// The labels of the records read so far. In version 2, two spellings of one name are two records.
#[derive(Default)]
pub(super) struct Spellings(BTreeSet<String>);

impl Spellings {
    /// Inserts a record. One with a name that is not valid any more is skipped, since no login can look it up.
    pub(super) fn put(
        &mut self,
        snapshot: &mut StoreSnapshot,
        place: Place,
        record: Record,
    ) -> Result<(), Malformed> {
        let Place { scope, label } = place;
        let is_normalized = scope.as_ref().is_some_and(|scope| label == scope.label());
        if !self.0.insert(label) {
            return Err(Malformed);
        }
        match scope {
            None => {}
            Some(Scope::Target(name)) => merge(&mut snapshot.targets, name, record, is_normalized),
            Some(Scope::Portal(portal)) => merge(&mut snapshot.portals, portal, record, is_normalized),
            Some(default) => put(snapshot, default, record)?,
        }
        Ok(())
    }
}

/// Merges the records of two spellings of one name. If both hold a credential, the record with the normalized spelling
/// takes precedence, because logins used that one. The name keeps the other spelling, which came from the target.
fn merge<N: Ord>(places: &mut BTreeMap<N, Record>, name: N, record: Record, is_normalized: bool) {
    let Some((other_spelling, other)) = places.remove_entry(&name) else {
        places.insert(name, record);
        return;
    };
    let (spelling, preferred, fallback) =
        if is_normalized { (other_spelling, record, other) } else { (name, other, record) };
    let association =
        if preferred.association.is_made() { preferred.association } else { fallback.association };
    let forward = preferred.forward.or(fallback.forward);
    places.insert(spelling, Record { forward, association, requirement: None });
}

//! Records put in their places in a snapshot, from files of version 2 too.
//!
//! Files of version 2 have neither fingerprints nor requirements, and their secrets are sealed with the spelling of a
//! name instead of its identity.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Record;
use crate::scope::{Direction, Scope};
use crate::sealer::{SealedSecret, Sealer};
use crate::store_key::{Nonce, Tag};
use crate::store_snapshot::StoreSnapshot;

/// The place of a record in a store.
pub(super) struct Place {
    /// The scope; none for a name of version 2 that is no name today.
    pub(super) scope: Option<Scope>,
    /// The label with which its secrets are sealed in the file.
    pub(super) label: String,
}

impl Place {
    pub(super) fn of(scope: Scope) -> Self {
        Self { label: scope.label(), scope: Some(scope) }
    }
}

/// Puts a record in its place, which has to be free.
pub(super) fn put(snapshot: &mut StoreSnapshot, scope: Scope, record: Record) -> Result<(), Malformed> {
    let before = match scope {
        Scope::Global => Some(std::mem::replace(&mut snapshot.every_target, record)),
        Scope::Target(name) => snapshot.targets.insert(name, record),
        Scope::Discovery => Some(std::mem::replace(&mut snapshot.every_portal, record)),
        Scope::Portal(name) => snapshot.portals.insert(name, record),
    };
    before.is_none_or(|record| record.is_empty()).then_some(()).ok_or(Malformed)
}

/// The bytes are not what a store writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Opens a secret under the label that it has in the file, and seals it as one of today.
pub(super) fn sealed_anew(
    sealer: &Sealer,
    direction: Direction,
    place: &Place,
    (nonce, tag, bytes): (&Nonce, &Tag, &[u8]),
) -> Result<SealedSecret, Malformed> {
    let label = direction.label(&place.label);
    let secret = sealer.open_parts(label.as_bytes(), nonce, tag, bytes).ok_or(Malformed)?;
    let scope = place.scope.as_ref().map_or_else(|| place.label.clone(), Scope::label);
    sealer.seal(direction.label(&scope).as_bytes(), &secret).map_err(|_| Malformed)
}

/// The records of a file that have been read. There, two spellings of one name are two records.
#[derive(Default)]
pub(super) struct Spellings(BTreeSet<String>);

impl Spellings {
    /// Puts a record in its place. One with a name that no login could look up is left out.
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
            Some(others) => put(snapshot, others, record)?,
        }
        Ok(())
    }
}

/// Two spellings of one name become one record. Where both hold something, the record in normalized spelling counts, which
/// is the one that logins found. The other spelling stays: it came from the target.
fn merge<N: Ord>(places: &mut BTreeMap<N, Record>, name: N, record: Record, is_normalized: bool) {
    let Some((other_spelling, other)) = places.remove_entry(&name) else {
        places.insert(name, record);
        return;
    };
    let (spelling, counts, falls_back) =
        if is_normalized { (other_spelling, record, other) } else { (name, other, record) };
    let association = if counts.association.is_made() { counts.association } else { falls_back.association };
    let forward = counts.forward.or(falls_back.forward);
    places.insert(spelling, Record { forward, association, requirement: None });
}

//! Files of version 2: without fingerprints and requirements, and with secrets that are sealed with the spelling of a name
//! instead of its identity.

use std::collections::{BTreeMap, BTreeSet};

use super::records::{Malformed, Place, put};
use crate::record::Record;
use crate::scope::Scope;
use crate::sealer::{SealedSecret, Sealer};
use crate::secret_use::Direction;
use crate::store_key::{Nonce, Tag};
use crate::store_snapshot::StoreSnapshot;

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

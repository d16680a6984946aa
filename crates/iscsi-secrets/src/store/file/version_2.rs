//! Files of version 2, whose secrets are sealed with the spelling of a name instead of its identity.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::records::Malformed;
use crate::record::{Association, Record, SealedCredential};
use crate::scope::Scope;
use crate::secret_use::{Direction, SecretUse};
use crate::vault::Vault;

/// The names of a file of version 2 that have been read. There, two spellings of one name are two records.
#[derive(Default)]
pub(super) struct Spellings(BTreeSet<String>);

impl Spellings {
    /// Brings the record of one target or portal, under the label that its spelling gave it, into the form of today.
    ///
    /// # Errors
    /// [`Malformed`] for a label that comes twice, or a secret that does not open.
    pub(super) fn bring_up_to_date(
        &mut self,
        vault: &Vault,
        label: String,
        scope: &Scope,
        record: Record,
    ) -> Result<Record, Malformed> {
        let record = if label == scope.label() { record } else { sealed_anew(vault, &label, scope, record)? };
        if self.0.insert(label) { Ok(record) } else { Err(Malformed) }
    }
}

/// Two spellings of one name become one record. Where both hold something, the record in normalized spelling counts, which
/// is the one that logins found.
pub(super) fn merged(first: Record, second: Record, second_counts: bool) -> Record {
    let (counts, other) = if second_counts { (second, first) } else { (first, second) };
    Record {
        forward: counts.forward.or(other.forward),
        association: if counts.association.is_made() { counts.association } else { other.association },
    }
}

fn sealed_anew(vault: &Vault, label: &str, scope: &Scope, record: Record) -> Result<Record, Malformed> {
    let seal = |direction, sealed: &SealedCredential| -> Result<_, Malformed> {
        let used = SecretUse { scope: scope.clone(), direction };
        let secret = vault.open(direction.label(label).as_bytes(), &sealed.secret).ok_or(Malformed)?;
        let secret = vault.seal(used.label().as_bytes(), &secret).map_err(|_| Malformed)?;
        Ok(Arc::new(SealedCredential { name: sealed.name.clone(), secret }))
    };
    let forward = record.forward.as_deref().map(|sealed| seal(Direction::Forward, sealed)).transpose()?;
    let association = match record.association {
        Association::Bound(sealed) => Association::Bound(seal(Direction::Reverse, &sealed)?),
        other => other,
    };
    Ok(Record { forward, association })
}

//! Credentials of all records, by scope.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::warning::ImportWarning;
use crate::change::Change;
use crate::credential_keys::Direction;
use crate::scope::Scope;
use crate::secret::Secret;

/// What was found for each scope.
#[derive(Default)]
pub(super) struct Gathered {
    scopes: BTreeMap<Scope, Held>,
}

/// A credential, and the file it stood in.
pub(super) struct Credential {
    pub(super) name: Option<String>,
    pub(super) secret: Secret,
    pub(super) path: PathBuf,
}

#[derive(Default)]
struct Held {
    forward: Option<Credential>,
    reverse: Option<Credential>,
    /// The first record that contradicts an earlier one, and the earlier one.
    conflict: Option<(PathBuf, PathBuf)>,
}

impl Gathered {
    /// Keeps the first credential of a scope and direction, and compares all others with it.
    pub(super) fn add(&mut self, scope: &Scope, direction: Direction, credential: Credential) {
        let held = self.held(scope);
        let place = match direction {
            Direction::Forward => &mut held.forward,
            Direction::Reverse => &mut held.reverse,
        };
        match place {
            None => *place = Some(credential),
            Some(earlier) if earlier.is_same(&credential) => {}
            Some(earlier) => {
                held.conflict.get_or_insert_with(|| (credential.path, earlier.path.clone()));
            }
        }
    }

    /// One change for each credential.
    pub(super) fn into_changes(self) -> (Vec<Change>, Vec<ImportWarning>) {
        let (mut changes, mut conflicts) = (Vec::new(), Vec::new());
        for (scope, held) in self.scopes {
            match held.conflict {
                Some((path, earlier)) => conflicts.push(ImportWarning::Conflict { scope, path, earlier }),
                None => changes.extend(held.into_changes(&scope)),
            }
        }
        (changes, conflicts)
    }

    fn held(&mut self, scope: &Scope) -> &mut Held {
        self.scopes.entry(scope.clone()).or_default()
    }
}

impl Held {
    fn into_changes(self, scope: &Scope) -> impl Iterator<Item = Change> {
        let directions = [(Direction::Forward, self.forward), (Direction::Reverse, self.reverse)];
        // Names were checked when they were read.
        directions.into_iter().filter_map(|(direction, held)| {
            let Credential { name, secret, .. } = held?;
            direction.change(scope.clone(), name, secret).ok()
        })
    }
}

impl Credential {
    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.secret.same_bytes(&other.secret)
    }
}

//! Weaknesses of stored secrets: short, shared, or equal in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::StoreSnapshot;
use crate::error::StoreError;
use crate::record::Record;
use crate::scope::{Direction, Scope, SecretUse};
use crate::sealer::{Fingerprint, FingerprintIndex};
use crate::secret::Secret;

/// The length that [RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1) demands of secrets on
/// unencrypted networks, in bytes: 96 bits.
pub const MIN_SAFE_BYTES: usize = 12;

/// A weakness of stored secrets. It holds names and lengths, never a secret.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// A secret of fewer than [`MIN_SAFE_BYTES`] (CHP-12).
    Short {
        /// The use of the secret.
        secret: SecretUse,
        /// The length of the secret.
        bytes: usize,
    },
    /// One secret for both directions of a login: every such login is refused before it begins.
    Equal {
        /// The affected targets or discoveries.
        scope: Scope,
    },
    /// One secret in several scopes, at least once as the secret of a target: every other party that knows it can
    /// impersonate that target.
    Shared {
        /// All uses, in the order of a listing.
        uses: Vec<SecretUse>,
    },
}

/// All uses of one secret.
type Uses = BTreeSet<SecretUse>;

impl StoreSnapshot {
    /// Returns the secrets that are short, equal in both directions of a login, or shared. No secret is opened for this.
    ///
    /// One initiator secret for several targets is allowed
    /// ([RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)) and not reported.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<Weakness> {
        let (mut found, mut secrets) = (Vec::new(), BTreeMap::<Fingerprint, Uses>::new());
        for (used, sealed) in self.sealed_credentials() {
            let bytes = sealed.secret.bytes.len();
            if bytes < MIN_SAFE_BYTES {
                found.push(Weakness::Short { secret: used.clone(), bytes });
            }
            secrets.entry(sealed.secret.fingerprint).or_default().insert(used);
        }
        for uses in secrets.into_values() {
            found.extend(self.equal(&uses));
            found.extend(shared(uses));
        }
        found
    }

    /// Returns the uses of this secret in the direction opposite to `direction`.
    ///
    /// If the initiator sends one secret to a target and expects the same secret from another, either target can
    /// impersonate the other, and a challenge can be reflected between two processes
    /// ([RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)). No stored secret is opened for
    /// this.
    pub fn opposite_uses(&self, secret: &Secret, direction: Direction) -> Result<Vec<SecretUse>, StoreError> {
        let Some(sealer) = &self.sealer else { return Ok(Vec::new()) };
        let (fingerprint, opposite) = (sealer.fingerprint(secret)?, direction.opposite());
        if !self.fingerprints().is_used(fingerprint, opposite) {
            return Ok(Vec::new());
        }
        let places = self
            .sealed_credentials()
            .filter(|(used, sealed)| used.direction == opposite && sealed.secret.fingerprint == fingerprint);
        Ok(places.map(|(used, _)| used).collect())
    }

    fn fingerprints(&self) -> &FingerprintIndex {
        self.fingerprints.get_or_init(|| {
            let singles = self.targets.values().chain(self.portals.values());
            let records = [&self.every_target, &self.every_portal].into_iter().chain(singles);
            Arc::new(FingerprintIndex::of(records.flat_map(Record::fingerprints)))
        })
    }

    /// The scopes in which a login would use this secret in both directions.
    fn equal<'a>(&'a self, uses: &'a Uses) -> impl Iterator<Item = Weakness> + 'a {
        let scopes: BTreeSet<&Scope> = uses.iter().map(|used| &used.scope).collect();
        let equal = scopes.into_iter().filter(|scope| {
            let record = self.record(scope);
            let own = |set: bool| if set { Scope::clone(scope) } else { scope.default_scope() };
            let forward = own(record.is_some_and(|record| record.forward.is_some()));
            let reverse = own(record.is_some_and(|record| record.association.is_made()));
            uses.contains(&SecretUse::forward(forward)) && uses.contains(&SecretUse::reverse(reverse))
        });
        equal.map(|scope| Weakness::Equal { scope: scope.clone() })
    }
}

/// Reports a secret that is used in more than one scope, and at least once by a target.
fn shared(uses: Uses) -> Option<Weakness> {
    let first = &uses.first()?.scope;
    let several = uses.iter().any(|used| used.scope != *first);
    let authenticates_a_target = uses.iter().any(|used| used.direction == Direction::Reverse);
    (several && authenticates_a_target).then(|| Weakness::Shared { uses: uses.into_iter().collect() })
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { bytes, .. } => write!(f, "{bytes} bytes are fewer than 12"),
            Self::Equal { .. } => f.write_str("the same in both directions, so every login is refused"),
            Self::Shared { .. } => f.write_str(
                "used in several places: anyone who knows it from one can impersonate the target of another",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use crate::credential::{ForwardCredential, ReverseCredential};
    use crate::secret::Secret;
    use iscsi_pdu::IscsiName;

    fn target(name: &str) -> Scope {
        Scope::Target(IscsiName::new(format!("iqn.2001-04.com.example:{name}")).unwrap())
    }

    fn snapshot(secrets: &[(&Scope, Direction, &[u8])]) -> StoreSnapshot {
        let mut snapshot = StoreSnapshot::new();
        for (scope, direction, bytes) in secrets {
            let (scope, secret) = (Scope::clone(scope), Secret::from_bytes(bytes).unwrap());
            let change = match direction {
                Direction::Forward => {
                    Change::SetForward(scope, ForwardCredential::new(None, secret).unwrap())
                }
                Direction::Reverse => {
                    Change::SetReverse(scope, ReverseCredential::new(None, secret).unwrap())
                }
            };
            snapshot.apply(change).unwrap();
        }
        snapshot
    }

    fn used(scope: &Scope, direction: Direction) -> SecretUse {
        SecretUse { scope: scope.clone(), direction }
    }

    #[test]
    fn chp_12_short_secrets_are_found() {
        let a = target("a");
        let weak =
            snapshot(&[(&a, Direction::Forward, b"elevenocts!"), (&Scope::Global, Direction::Reverse, b"s")]);
        let short = |scope, direction, bytes| Weakness::Short { secret: used(scope, direction), bytes };
        let expected = [short(&Scope::Global, Direction::Reverse, 1), short(&a, Direction::Forward, 11)];
        assert_eq!(weak.weaknesses(), expected);
        assert_eq!(snapshot(&[(&a, Direction::Forward, b"twelve-bytes")]).weaknesses(), []);
    }

    #[test]
    fn vds_19_one_secret_for_both_directions_is_found() {
        let a = target("a");
        let weak =
            snapshot(&[(&a, Direction::Forward, b"the-same-one"), (&a, Direction::Reverse, b"the-same-one")]);
        assert_eq!(weak.weaknesses(), [Weakness::Equal { scope: a }]);
    }

    #[test]
    fn vds_19_also_where_one_of_them_is_that_of_every_target() {
        let a = target("a");
        let weak = snapshot(&[
            (&a, Direction::Forward, b"the-same-one"),
            (&Scope::Global, Direction::Reverse, b"the-same-one"),
        ]);
        let found = weak.weaknesses();
        assert!(found.contains(&Weakness::Equal { scope: a }), "{found:?}");
    }

    #[test]
    fn chp_28_a_secret_that_proves_several_targets_is_found() {
        let (a, b) = (target("a"), target("b"));
        let weak =
            snapshot(&[(&a, Direction::Reverse, b"the-same-one"), (&b, Direction::Reverse, b"the-same-one")]);
        let uses = vec![used(&a, Direction::Reverse), used(&b, Direction::Reverse)];
        assert_eq!(weak.weaknesses(), [Weakness::Shared { uses }]);
    }

    #[test]
    fn chp_33_an_initiator_secret_that_another_target_uses_is_found() {
        let (a, b) = (target("a"), target("b"));
        let weak =
            snapshot(&[(&a, Direction::Forward, b"the-same-one"), (&b, Direction::Reverse, b"the-same-one")]);
        let uses = vec![used(&a, Direction::Forward), used(&b, Direction::Reverse)];
        assert_eq!(weak.weaknesses(), [Weakness::Shared { uses }]);
    }

    #[test]
    fn chp_28_one_initiator_secret_for_several_targets_is_allowed() {
        let (a, b) = (target("a"), target("b"));
        let good =
            snapshot(&[(&a, Direction::Forward, b"the-same-one"), (&b, Direction::Forward, b"the-same-one")]);
        assert_eq!(good.weaknesses(), []);
    }

    #[test]
    fn vds_22_a_weakness_shows_no_secret() {
        let a = target("a");
        let weak = snapshot(&[(&a, Direction::Forward, b"canary"), (&a, Direction::Reverse, b"canary")]);
        for found in weak.weaknesses() {
            assert!(!format!("{found} {found:?}").contains("canary"));
        }
    }
}

//! All rules of a store, without any input or output.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::change::Change;
use crate::credential::{ForwardCredential, ReverseCredential};
use crate::entry::{Entry, ReverseState};
use crate::reverse_lookup::ReverseLookup;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::target_name::TargetName;

/// What a store holds, and every rule about it. Backends only load and save it.
///
/// A clone shares the credentials: their octets exist once, and are wiped when the last holder lets go.
#[derive(Clone, Default)]
pub struct SecretBook {
    pub(crate) global: Option<Arc<ReverseCredential>>,
    pub(crate) targets: BTreeMap<TargetName, TargetRecord>,
}

/// What is held for one target.
#[derive(Clone, Default)]
pub(crate) struct TargetRecord {
    pub(crate) forward: Option<Arc<ForwardCredential>>,
    pub(crate) association: Association,
}

/// Whether a target has to prove a secret of its own.
#[derive(Clone, Default)]
pub(crate) enum Association {
    /// Never made, or dissolved.
    #[default]
    None,
    /// Made, but its secret was cleared; the expected CHAP name stays.
    Cleared { name: Option<String> },
    /// Made, with a secret.
    Bound(Arc<ReverseCredential>),
}

impl SecretBook {
    /// A book that knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the target was ever named to this book.
    #[must_use]
    pub fn knows(&self, target: &TargetName) -> bool {
        self.targets.contains_key(target)
    }

    /// The known target with this object id.
    #[must_use]
    pub fn target_of(&self, object_id: Uuid) -> Option<&TargetName> {
        self.targets.keys().find(|name| name.object_id() == object_id)
    }

    /// What we prove to the target.
    #[must_use]
    pub fn forward(&self, target: &TargetName) -> Option<Arc<ForwardCredential>> {
        self.targets.get(target)?.forward.clone()
    }

    /// What the target must prove: its own secret, else the global one, else nothing is known.
    ///
    /// A target whose secret was cleared does not fall back to the global one.
    #[must_use]
    pub fn reverse(&self, target: &TargetName) -> ReverseLookup {
        match self.targets.get(target).map(|record| &record.association) {
            Some(Association::Bound(credential)) => ReverseLookup::Known(Arc::clone(credential)),
            Some(Association::Cleared { .. }) => ReverseLookup::Cleared,
            Some(Association::None) | None => {
                self.global.clone().map_or(ReverseLookup::Unknown, ReverseLookup::Known)
            }
        }
    }

    /// Names and flags of all that is held: the global secret first if it is set, then targets by name.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let global = self.global.as_deref().map(global_entry);
        global.into_iter().chain(self.targets.iter().map(|(name, record)| record.entry(name))).collect()
    }

    /// Carries out one change. What it replaces is wiped as soon as nobody uses it any more.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Register(target) => _ = self.record(target),
            Change::Remember(target, credential) => self.record(target).forward = Some(Arc::new(credential)),
            Change::RenewForwardSecret(target, secret) => self.record(target).renew_forward(secret),
            Change::Forget(target) => self.record(target).forward = None,
            Change::SetReverse(Scope::Global, credential) => self.global = Some(Arc::new(credential)),
            Change::SetReverse(Scope::Target(target), credential) => {
                self.record(target).association = Association::Bound(Arc::new(credential));
            }
            Change::RenewReverseSecret(Scope::Global, secret) => self.renew_global(secret),
            Change::RenewReverseSecret(Scope::Target(target), secret) => {
                self.record(target).association.renew(secret);
            }
            Change::ClearReverse(Scope::Global) | Change::DissolveReverse(Scope::Global) => {
                self.global = None;
            }
            Change::ClearReverse(Scope::Target(target)) => self.record(target).association.clear(),
            Change::DissolveReverse(Scope::Target(target)) => {
                self.record(target).association = Association::None;
            }
        }
    }

    fn record(&mut self, target: TargetName) -> &mut TargetRecord {
        self.targets.entry(target).or_default()
    }

    fn renew_global(&mut self, secret: Secret) {
        let name = self.global.as_deref().and_then(ReverseCredential::name);
        self.global = Some(Arc::new(ReverseCredential::renewed(name, secret)));
    }
}

impl TargetRecord {
    fn renew_forward(&mut self, secret: Secret) {
        let name = self.forward.as_deref().and_then(ForwardCredential::name);
        self.forward = Some(Arc::new(ForwardCredential::renewed(name, secret)));
    }

    fn entry(&self, name: &TargetName) -> Entry {
        Entry {
            scope: Scope::Target(name.clone()),
            forward_set: self.forward.is_some(),
            forward_name: self.forward.as_deref().and_then(ForwardCredential::name).map(str::to_owned),
            reverse: self.association.state(),
            reverse_name: self.association.name().map(str::to_owned),
        }
    }
}

impl Association {
    fn name(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Cleared { name } => name.as_deref(),
            Self::Bound(credential) => credential.name(),
        }
    }

    fn state(&self) -> ReverseState {
        match self {
            Self::None => ReverseState::Unbound,
            Self::Cleared { .. } => ReverseState::Cleared,
            Self::Bound(_) => ReverseState::Set,
        }
    }

    fn renew(&mut self, secret: Secret) {
        *self = Self::Bound(Arc::new(ReverseCredential::renewed(self.name(), secret)));
    }

    /// R5: the secret goes and the association stays; where there is none, clearing makes none.
    fn clear(&mut self) {
        if let Self::Bound(credential) = self {
            *self = Self::Cleared { name: credential.name().map(str::to_owned) };
        }
    }
}

fn global_entry(credential: &ReverseCredential) -> Entry {
    Entry {
        scope: Scope::Global,
        forward_set: false,
        forward_name: None,
        reverse: ReverseState::Set,
        reverse_name: credential.name().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "iqn.2001-04.com.example:a";

    fn name(name: &str) -> TargetName {
        TargetName::new(name).unwrap()
    }

    fn scope() -> Scope {
        Scope::Target(name(TARGET))
    }

    fn secret(octets: &[u8]) -> Secret {
        Secret::from_octets(octets).unwrap()
    }

    fn reverse(chap_name: Option<&str>, octets: &[u8]) -> ReverseCredential {
        ReverseCredential::new(chap_name.map(str::to_owned), secret(octets)).unwrap()
    }

    /// What the target must prove, as text: its octets, "cleared" or "unknown".
    fn lookup(book: &SecretBook, target: &str) -> String {
        match book.reverse(&name(target)) {
            ReverseLookup::Known(known) => known.secret().expose_secret().escape_ascii().to_string(),
            ReverseLookup::Cleared => "cleared".to_owned(),
            ReverseLookup::Unknown => "unknown".to_owned(),
        }
    }

    fn book(changes: impl IntoIterator<Item = Change>) -> SecretBook {
        let mut book = SecretBook::new();
        changes.into_iter().for_each(|change| book.apply(change));
        book
    }

    #[test]
    fn lookup_takes_the_own_secret_then_the_global_one_and_stops_at_a_cleared_one() {
        let mut book = book([]);
        assert_eq!(lookup(&book, TARGET), "unknown");
        book.apply(Change::SetReverse(Scope::Global, reverse(None, b"default-secret")));
        assert_eq!(lookup(&book, TARGET), "default-secret");
        book.apply(Change::SetReverse(scope(), reverse(None, b"target-secret")));
        assert_eq!(lookup(&book, TARGET), "target-secret");
        book.apply(Change::ClearReverse(scope()));
        assert_eq!(lookup(&book, TARGET), "cleared");
        assert_eq!(lookup(&book, "iqn.2001-04.com.example:b"), "default-secret");
        book.apply(Change::DissolveReverse(scope()));
        assert_eq!(lookup(&book, TARGET), "default-secret");
        book.apply(Change::ClearReverse(Scope::Global));
        assert_eq!(lookup(&book, TARGET), "unknown");
        assert!(book.knows(&name(TARGET)));
    }

    #[test]
    fn clearing_what_was_never_bound_binds_nothing() {
        let book = book([
            Change::ClearReverse(scope()),
            Change::SetReverse(Scope::Global, reverse(None, b"default-secret")),
        ]);
        assert_eq!(lookup(&book, TARGET), "default-secret");
        assert!(book.knows(&name(TARGET)));
    }

    #[test]
    fn a_cleared_association_is_bound_again_by_a_later_set_and_keeps_its_name() {
        let mut book = book([
            Change::SetReverse(scope(), reverse(Some("their-name"), b"target-secret")),
            Change::ClearReverse(scope()),
        ]);
        assert_eq!(book.entries()[0].reverse, ReverseState::Cleared);
        book.apply(Change::RenewReverseSecret(scope(), secret(b"other-secret")));
        assert_eq!(lookup(&book, TARGET), "other-secret");
        assert_eq!(book.reverse(&name(TARGET)).known().unwrap().name(), Some("their-name"));
    }

    #[test]
    fn renewing_keeps_the_chap_name_of_every_kind_of_credential() {
        let forward = ForwardCredential::new(Some("me".to_owned()), secret(b"first-secret")).unwrap();
        let book = book([
            Change::Remember(name(TARGET), forward),
            Change::RenewForwardSecret(name(TARGET), secret(b"second-secret")),
            Change::SetReverse(Scope::Global, reverse(Some("them"), b"first-secret")),
            Change::RenewReverseSecret(Scope::Global, secret(b"second-secret")),
        ]);
        let (forward, reverse) = (book.forward(&name(TARGET)).unwrap(), book.reverse(&name(TARGET)));
        assert_eq!((forward.name(), reverse.known().unwrap().name()), (Some("me"), Some("them")));
        assert_eq!(forward.secret().expose_secret(), b"second-secret");
        assert_eq!(lookup(&book, TARGET), "second-secret");
    }

    #[test]
    fn forgetting_leaves_the_target_known_and_its_reverse_secret_in_force() {
        let forward = ForwardCredential::new(None, secret(b"forward-secret")).unwrap();
        let book = book([
            Change::Remember(name(TARGET), forward),
            Change::SetReverse(scope(), reverse(None, b"target-secret")),
            Change::Forget(name(TARGET)),
        ]);
        assert!(book.knows(&name(TARGET)) && book.forward(&name(TARGET)).is_none());
        assert_eq!(lookup(&book, TARGET), "target-secret");
    }

    #[test]
    fn object_ids_resolve_for_known_targets_only() {
        let book = book([Change::Register(name(TARGET))]);
        assert_eq!(book.target_of(name(TARGET).object_id()), Some(&name(TARGET)));
        assert_eq!(book.target_of(name("iqn.2001-04.com.example:b").object_id()), None);
    }

    #[test]
    fn vds_22_a_listing_has_names_and_flags_and_no_secret() {
        let forward = ForwardCredential::new(Some("me".to_owned()), secret(b"canary-forward")).unwrap();
        let book = book([
            Change::Register(name("iqn.2001-04.com.example:b")),
            Change::Remember(name(TARGET), forward),
            Change::SetReverse(scope(), reverse(Some("them"), b"canary-reverse")),
            Change::SetReverse(Scope::Global, reverse(None, b"canary-global")),
        ]);
        let entries = book.entries();
        let scopes: Vec<String> = entries.iter().map(|entry| entry.scope.to_string()).collect();
        assert_eq!(scopes[1..], [TARGET, "iqn.2001-04.com.example:b"]);
        assert_eq!(entries[1].forward_name.as_deref(), Some("me"));
        assert_eq!(entries[1].reverse_name.as_deref(), Some("them"));
        assert_eq!(entries[2].reverse, ReverseState::Unbound);
        assert!(!format!("{entries:?}").contains("canary"));
    }

    #[test]
    fn a_replaced_secret_lives_only_as_long_as_somebody_uses_it() {
        let mut book = book([Change::SetReverse(scope(), reverse(None, b"target-secret"))]);
        let ReverseLookup::Known(in_use) = book.reverse(&name(TARGET)) else { panic!("not known") };
        book.apply(Change::SetReverse(scope(), reverse(None, b"other-secret")));
        assert_eq!(in_use.secret().expose_secret(), b"target-secret");
        assert_eq!(Arc::strong_count(&in_use), 1);
    }
}

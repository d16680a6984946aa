//! The expected content of a store, computed independently of the store.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::credential::TestCredential;

/// The expected content of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// The credential of targets without an association.
    pub(crate) global: Option<TestCredential>,
    pub(crate) targets: BTreeMap<String, Target>,
}

/// The expected content for one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The initiator's credential.
    pub(crate) forward: Option<TestCredential>,
    pub(crate) reverse: Reverse,
    /// The minimum authentication, by its place in the order.
    pub(crate) required: Option<u64>,
}

/// The target's own credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reverse {
    #[default]
    Unbound,
    /// The name stays.
    Cleared(Option<String>),
    Set(TestCredential),
}

/// The result of a lookup by a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Unknown,
    Cleared,
    Known(TestCredential),
}

impl Held {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Require(target, number) => self.target(target).required = Some(number % 3),
            Change::SetForward(target, credential) => self.target(target).forward = Some(credential),
            Change::ClearForward(target) => self.target(target).forward = None,
            Change::SetReverse(None, credential) => self.global = Some(credential),
            Change::SetReverse(Some(target), credential) => {
                self.target(target).reverse = Reverse::Set(credential);
            }
            Change::ClearReverse(None) => self.global = None,
            Change::ClearReverse(Some(target)) => self.target(target).reverse.clear(),
            Change::InheritReverse(target) => self.target(target).reverse = Reverse::Unbound,
        }
        self.targets.retain(|_, target| *target != Target::default());
    }

    /// The credential of this target.
    pub(crate) fn lookup(&self, target: &str) -> Lookup {
        match self.targets.get(target).map(|target| &target.reverse) {
            Some(Reverse::Set(credential)) => Lookup::Known(credential.clone()),
            Some(Reverse::Cleared(_)) => Lookup::Cleared,
            Some(Reverse::Unbound) | None => self.global.clone().map_or(Lookup::Unknown, Lookup::Known),
        }
    }

    /// The entry of a target. An empty one is removed after the change.
    fn target(&mut self, name: String) -> &mut Target {
        self.targets.entry(name).or_default()
    }
}

impl Reverse {
    fn clear(&mut self) {
        if let Self::Set(credential) = self {
            *self = Self::Cleared(credential.name.take());
        }
    }
}

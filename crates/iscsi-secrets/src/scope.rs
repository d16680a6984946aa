//! Scopes and directions: the place of a secret.

use std::fmt;

use iscsi_pdu::{IscsiName, Portal};

/// The targets and discoveries that a credential is for. Discovery has credentials of its own: those of targets never
/// count for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every target that has none of its own (VDS: `GUID_NULL`).
    Global,
    /// The one target of this name, in whatever spelling.
    Target(IscsiName),
    /// Discovery at every portal that has none of its own.
    Discovery,
    /// Discovery at one portal, in whatever spelling.
    Portal(Portal),
}

impl Scope {
    /// Whether this is one target or portal, and not all the others.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        matches!(self, Self::Target(_) | Self::Portal(_))
    }

    /// The scope of all the others: where this one has nothing of its own, that counts.
    #[must_use]
    pub const fn others(&self) -> Self {
        match self {
            Self::Global | Self::Target(_) => Self::Global,
            Self::Discovery | Self::Portal(_) => Self::Discovery,
        }
    }

    /// The label that secrets of this scope are sealed with, so that they count nowhere else.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Global => "every target".to_owned(),
            Self::Target(name) => format!("{TARGET} {}", name.identity()),
            Self::Discovery => "every portal".to_owned(),
            Self::Portal(portal) => format!("{PORTAL} {}", portal.identity()),
        }
    }
}

/// The first word of the label of one target.
pub(crate) const TARGET: &str = "target";
/// The first word of the label of one portal.
pub(crate) const PORTAL: &str = "portal";

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("every target without a secret of its own"),
            Self::Target(name) => name.fmt(f),
            Self::Discovery => f.write_str("discovery at every portal without a secret of its own"),
            Self::Portal(portal) => write!(f, "discovery at {portal}"),
        }
    }
}

impl From<IscsiName> for Scope {
    fn from(name: IscsiName) -> Self {
        Self::Target(name)
    }
}

impl From<Portal> for Scope {
    fn from(portal: Portal) -> Self {
        Self::Portal(portal)
    }
}

/// Which of the two proves a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We prove it (VDS: the target secret).
    Forward,
    /// It is proved to us (VDS: the initiator secret).
    Reverse,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }

    /// The label of a secret of this direction in the scope with this label.
    pub(crate) fn label(self, scope: &str) -> String {
        match self {
            Self::Forward => format!("forward {scope}"),
            Self::Reverse => format!("reverse {scope}"),
        }
    }
}

/// Where a secret is used: for whom, and by whom it is proved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    /// Whom it is for.
    pub scope: Scope,
    /// Who proves it.
    pub direction: Direction,
}

impl SecretUse {
    /// What we prove.
    pub(crate) const fn forward(scope: Scope) -> Self {
        Self { scope, direction: Direction::Forward }
    }

    /// What is proved to us.
    pub(crate) const fn reverse(scope: Scope) -> Self {
        Self { scope, direction: Direction::Reverse }
    }

    /// What the secret is sealed with, so that it counts nowhere else.
    pub(crate) fn label(&self) -> String {
        self.direction.label(&self.scope.label())
    }
}

impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.direction {
            Direction::Forward => "we prove",
            Direction::Reverse => "proved to us",
        };
        write!(f, "{} ({who})", self.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IscsiName, Portal};

    #[test]
    fn labels_tell_uses_apart() {
        let name = "iqn.2001-04.com.example";
        let scopes = [
            Scope::Global,
            IscsiName::new(name).unwrap().into(),
            Scope::Discovery,
            name.parse::<Portal>().unwrap().into(),
        ];
        let uses = scopes.into_iter().flat_map(|s| [SecretUse::forward(s.clone()), SecretUse::reverse(s)]);
        let labels: std::collections::BTreeSet<String> = uses.map(|used| used.label()).collect();
        assert_eq!(labels.len(), 8);
    }
}

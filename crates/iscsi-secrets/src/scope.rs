//! Scopes and directions: the place of a secret.

use std::fmt;

use iscsi_pdu::{IscsiName, Portal};

/// The targets or discoveries that a credential applies to. Discovery has its own credentials: those of targets never
/// apply to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The default for targets (VDS: `GUID_NULL`).
    Global,
    /// One target. Spellings of a name that are equal after normalization are one target.
    Target(IscsiName),
    /// The default for discovery.
    Discovery,
    /// Discovery at one portal. Spellings of an address that are equal after normalization are one portal.
    Portal(Portal),
}

impl Scope {
    /// Whether this is one target or portal, not a default.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        matches!(self, Self::Target(_) | Self::Portal(_))
    }

    /// The default that applies where this scope has no setting of its own.
    #[must_use]
    pub const fn default_scope(&self) -> Self {
        match self {
            Self::Global | Self::Target(_) => Self::Global,
            Self::Discovery | Self::Portal(_) => Self::Discovery,
        }
    }

    /// The label that secrets of this scope are sealed with. It binds them to the scope.
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

/// The direction of a CHAP authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The initiator authenticates itself to the target (VDS: the target secret; open-iscsi: `username`, `password`).
    Forward,
    /// The target authenticates itself to the initiator (VDS: the initiator secret; open-iscsi: `username_in`,
    /// `password_in`).
    Reverse,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }

    /// The label of a secret of this direction, in the scope with the label `scope`.
    pub(crate) fn label(self, scope: &str) -> String {
        match self {
            Self::Forward => format!("forward {scope}"),
            Self::Reverse => format!("reverse {scope}"),
        }
    }
}

/// A use of a secret: its scope and direction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    /// The targets or discoveries that the secret is used for.
    pub scope: Scope,
    /// The party that authenticates itself with the secret.
    pub direction: Direction,
}

impl SecretUse {
    /// The forward use in this scope.
    pub(crate) const fn forward(scope: Scope) -> Self {
        Self { scope, direction: Direction::Forward }
    }

    /// The reverse use in this scope.
    pub(crate) const fn reverse(scope: Scope) -> Self {
        Self { scope, direction: Direction::Reverse }
    }

    /// The label that the secret is sealed with. It binds the secret to this use.
    pub(crate) fn label(&self) -> String {
        self.direction.label(&self.scope.label())
    }
}

impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Forward => "forward",
            Direction::Reverse => "reverse",
        };
        write!(f, "{} ({direction})", self.scope)
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

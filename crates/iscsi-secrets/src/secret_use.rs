//! Where a secret is used.

use std::fmt;

use crate::scope::Scope;

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

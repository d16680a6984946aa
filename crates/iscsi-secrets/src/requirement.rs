//! The authentication policy of a store: the minimum authentication of a login.

use std::fmt;
use std::str::FromStr;

use crate::scope::Scope;

/// The minimum authentication of a login, ordered from the weakest to the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// No authentication.
    #[default]
    None,
    /// One-way CHAP: the initiator authenticates itself to the target.
    Chap,
    /// Mutual CHAP: the initiator and the target authenticate themselves to each other.
    Mutual,
}

/// A requirement, and the scope for which it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The minimum authentication of a login.
    pub requirement: Requirement,
    /// The target or portal itself, or the default.
    pub set_for: Scope,
}

impl Requirement {
    const ALL: [Self; 3] = [Self::None, Self::Chap, Self::Mutual];

    /// The name of the requirement: `none`, `chap` or `mutual`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Chap => "chap",
            Self::Mutual => "mutual",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|requirement| requirement.as_str() == text).ok_or(RequirementError)
    }
}

/// A text that is not a [`Requirement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("caller: a requirement is `none`, `chap` or `mutual`")]
pub struct RequirementError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_ordered_and_have_one_word_each() {
        assert!(Requirement::None < Requirement::Chap && Requirement::Chap < Requirement::Mutual);
        for requirement in Requirement::ALL {
            assert_eq!(requirement.to_string().parse(), Ok(requirement));
        }
        for text in ["", "Mutual", "mutual ", "yes"] {
            assert_eq!(text.parse::<Requirement>(), Err(RequirementError), "{text:?}");
        }
    }
}

//! What a reverse secret applies to.

use std::fmt;

use crate::target_name::TargetName;

/// What a reverse secret applies to: every target without a secret of its own, or one target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every target that has no association of its own (VDS: `GUID_NULL`).
    Global,
    /// The one target of this name.
    Target(TargetName),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("every target without a secret of its own"),
            Self::Target(name) => name.fmt(f),
        }
    }
}

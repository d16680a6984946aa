//! Whom a credential is for.

use std::fmt;

use crate::portal_name::PortalName;
use crate::target_name::TargetName;

/// Whom a credential is for. Discovery has credentials of its own: those of targets never count for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every target that has none of its own (VDS: `GUID_NULL`).
    Global,
    /// The one target of this name.
    Target(TargetName),
    /// Discovery at every portal that has none of its own.
    Discovery,
    /// Discovery at one portal.
    Portal(PortalName),
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

    /// What a secret of this scope is sealed with, so that it counts nowhere else.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Global => "every target".to_owned(),
            Self::Target(name) => format!("target {name}"),
            Self::Discovery => "every portal".to_owned(),
            Self::Portal(name) => format!("portal {name}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("every target without a secret of its own"),
            Self::Target(name) => name.fmt(f),
            Self::Discovery => f.write_str("discovery at every portal without a secret of its own"),
            Self::Portal(name) => write!(f, "discovery at {name}"),
        }
    }
}

impl From<TargetName> for Scope {
    fn from(name: TargetName) -> Self {
        Self::Target(name)
    }
}

impl From<PortalName> for Scope {
    fn from(name: PortalName) -> Self {
        Self::Portal(name)
    }
}

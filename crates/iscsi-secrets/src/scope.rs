//! The targets and discoveries that a credential is for.

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

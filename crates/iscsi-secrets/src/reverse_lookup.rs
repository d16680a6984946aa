//! The answer to "what must this target prove?"

use std::sync::Arc;

use crate::credential::ReverseCredential;

/// What a target must prove, as far as a store can tell.
pub enum ReverseLookup {
    /// The target's own secret or, without an association, the global one.
    Known(Arc<ReverseCredential>),
    /// The target is associated but its secret was cleared: mutual login fails closed, and the global secret is
    /// **not** used.
    Cleared,
    /// There is neither an association nor a global secret: mutual CHAP is impossible.
    Unknown,
}

impl ReverseLookup {
    /// The credential, if there is one.
    #[must_use]
    pub fn known(&self) -> Option<&ReverseCredential> {
        match self {
            Self::Known(credential) => Some(credential),
            Self::Cleared | Self::Unknown => None,
        }
    }
}

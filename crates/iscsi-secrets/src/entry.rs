//! One line of a listing: names and flags, never a secret.

use crate::requirement::Requirement;
use crate::scope::Scope;

/// What a store holds for one target, or for every target: names and flags, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom the entry is for.
    pub scope: Scope,
    /// Whether there is a secret that we prove.
    pub forward_set: bool,
    /// The CHAP name that goes with it; `None` means the initiator name.
    pub forward_name: Option<String>,
    /// Whether there is a secret that the target must prove.
    pub reverse: ReverseState,
    /// The CHAP name expected with it; `None` means any.
    pub reverse_name: Option<String>,
    /// The least authentication that a login must have, if that is set for this scope itself.
    pub requirement: Option<Requirement>,
}

/// What a store knows about the reverse secret of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseState {
    /// No association: the global secret counts for this target.
    Unbound,
    /// An association whose secret was cleared: mutual login fails closed.
    Cleared,
    /// An association with a secret.
    Set,
}

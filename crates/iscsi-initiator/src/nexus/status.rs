//! The state of a nexus, as a caller sees it.

use super::phase::{Nexus, Phase};

/// The state of a session that is replaced when it is lost, from [`Session::state`](crate::Session::state).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The phase.
    pub phase: Phase,
    /// The attempts to log in again after which nothing was answered.
    pub attempts: u32,
    /// The number of sessions that replaced lost ones.
    pub recoveries: u64,
    /// Whether commands fail at once, since the session is lost for longer than
    /// [`RecoveryPolicy::replacement_timeout`](crate::RecoveryPolicy::replacement_timeout).
    pub is_failing_fast: bool,
}

impl Nexus {
    /// The state, for callers.
    #[must_use]
    pub const fn status(&self) -> SessionStatus {
        SessionStatus {
            phase: self.phase(),
            attempts: self.attempts(),
            recoveries: self.recoveries,
            is_failing_fast: self.is_failing_fast(),
        }
    }
}

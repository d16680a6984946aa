//! The state of a nexus, as a caller sees it.

use std::time::Duration;

use super::phase::Nexus;

/// The phase of a nexus: of a session and those that replace it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// A session carries commands.
    #[default]
    Up,
    /// The session is lost, and the next attempt has to wait.
    Waiting,
    /// An attempt to log in is under way.
    Connecting,
    /// Another session is there, and its units are compared with those of the last one.
    Probing,
    /// The commands of the last session are sent again, in their order, before any other.
    Replaying,
    /// Nothing is attempted until the caller resumes.
    Suspended,
    /// The nexus is given up, or no longer wanted.
    Over,
}

impl Phase {
    /// All phases, in the order of a recovery.
    pub const ALL: [Self; 7] = [
        Self::Up,
        Self::Waiting,
        Self::Connecting,
        Self::Probing,
        Self::Replaying,
        Self::Suspended,
        Self::Over,
    ];

    /// Whether there is a session that carries commands of callers.
    #[must_use]
    pub const fn carries_commands(self) -> bool {
        matches!(self, Self::Up | Self::Replaying)
    }
}

/// The state of a session that is replaced when it is lost, from [`Session::state`](crate::Session::state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The phase.
    pub phase: Phase,
    /// The attempts to log in again after which nothing was answered.
    pub attempts: u32,
    /// The pause before the next attempt, in the phase [`Waiting`](Phase::Waiting).
    pub pause: Option<Duration>,
    /// The number of sessions that replaced lost ones.
    pub recoveries: u64,
    /// The number of commands and text exchanges that were sent again in another session, or for the first time.
    pub sent_again: u64,
    /// The number of commands that were not sent again, and ended as [`Error::Ambiguous`](crate::Error::Ambiguous).
    pub ambiguous: u64,
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
            pause: self.pause(),
            recoveries: self.recoveries,
            sent_again: self.replayed.sent_again,
            ambiguous: self.replayed.ambiguous,
            is_failing_fast: self.is_failing_fast(),
        }
    }
}

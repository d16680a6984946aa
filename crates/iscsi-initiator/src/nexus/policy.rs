//! Settings of the recovery of sessions.

use std::time::Duration;

/// The limits within which a lost session is replaced by another one.
///
/// ```
/// use std::time::Duration;
/// use iscsi_initiator::RecoveryPolicy;
/// let mut policy = RecoveryPolicy::default();
/// policy.loss_timeout = Duration::from_hours(1);
/// assert!(policy.is_on() && !RecoveryPolicy::OFF.is_on());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryPolicy {
    /// The pause before the first attempt, at most. Each further one is up to twice as long as the one before.
    pub reconnect_delay: Duration,
    /// The longest pause between two attempts.
    pub longest_reconnect_delay: Duration,
    /// The time for which commands wait for another session. Then they fail, those that are submitted later at once, and the
    /// attempts go on.
    pub replacement_timeout: Duration,
    /// The time after which the session is given up. Zero turns the recovery off.
    pub loss_timeout: Duration,
    /// The most attempts in a row after which no command succeeded.
    pub most_attempts: u32,
    /// Whether other initiators may write to the same units. If so, writes that may have been carried out are not sent again, since that
    /// could undo what others wrote meanwhile; they fail with [`Error::Ambiguous`](crate::Error::Ambiguous).
    pub is_shared: bool,
}

impl RecoveryPolicy {
    /// No recovery: a lost session is over.
    pub const OFF: Self = Self { loss_timeout: Duration::ZERO, ..Self::STANDARD };

    const STANDARD: Self = Self {
        reconnect_delay: Duration::from_secs(1),
        longest_reconnect_delay: Duration::from_secs(30),
        replacement_timeout: Duration::from_mins(2),
        loss_timeout: Duration::from_mins(10),
        most_attempts: 1000,
        is_shared: false,
    };

    /// Whether lost sessions are replaced.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.loss_timeout.is_zero() && self.most_attempts > 0
    }
}

impl Default for RecoveryPolicy {
    /// Attempts after a second, then up to 30 seconds apart; commands wait for two minutes, the session for ten.
    fn default() -> Self {
        Self::STANDARD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each limit turns the recovery off if it permits nothing.
    #[test]
    fn limits_that_permit_no_recovery() {
        let on = RecoveryPolicy::default();
        assert!(on.is_on() && RecoveryPolicy { most_attempts: 1, ..on }.is_on());
        assert!(!RecoveryPolicy { most_attempts: 0, ..on }.is_on());
        assert!(!RecoveryPolicy { loss_timeout: Duration::ZERO, ..on }.is_on());
        assert!(!RecoveryPolicy::OFF.is_on());
    }
}

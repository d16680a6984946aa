//! The time for which an attached device waits for its target, and for its server.

use std::time::Duration;

use iscsi_initiator::{Config, RecoveryPolicy};

/// The time for which requests wait for another session, unless the user says otherwise.
pub(crate) const GIVE_UP: Duration = Duration::from_mins(1);
/// The limit of a command unless the user says otherwise: that of the kernel's disks.
pub(super) const COMMAND: Duration = Duration::from_secs(30);
/// The limits of an abort and of a LOGICAL UNIT RESET, after which a session with a stalled command is replaced.
const ABORT: Duration = Duration::from_secs(5);
const RESET: Duration = Duration::from_secs(10);
/// The session is looked for as long as the device exists: an administrator ends it.
const LOSS: Duration = Duration::from_hours(24 * 7);
const MOST_ATTEMPTS: u32 = 100_000;
/// Between the end of the recovery and the kernel's own limit.
const MARGIN: Duration = Duration::from_secs(5);

/// The recovery of a session that serves a device: requests wait for `give_up`, then fail, and the attempts go on.
pub(super) fn recovery(give_up: Duration) -> RecoveryPolicy {
    let mut policy = RecoveryPolicy::default();
    policy.replacement_timeout = give_up;
    policy.loss_timeout = LOSS.max(give_up);
    policy.most_attempts = MOST_ATTEMPTS;
    policy.longest_reconnect_delay =
        policy.longest_reconnect_delay.min(give_up / 4).max(policy.reconnect_delay);
    policy
}

/// Sets the limits of commands for which the user gave none.
pub(super) const fn limit_commands(config: &mut Config, given: Option<Duration>) {
    if given.is_none() {
        (config.command_timeout, config.abort_timeout, config.lu_reset_timeout) = (COMMAND, ABORT, RESET);
    }
}

/// The kernel's limit for a request, in whole seconds: above the time after which this process answers it in any case. A request
/// that a dead server had taken is sent again after this time.
pub(super) fn kernel_timeout(config: &Config) -> Duration {
    let stalled = config.command_timeout + config.abort_timeout + config.lu_reset_timeout;
    let limit = stalled + config.recovery.replacement_timeout + MARGIN;
    Duration::from_secs(limit.as_secs() + u64::from(limit.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iscsi_initiator::IscsiName;

    fn config(give_up: Duration) -> Config {
        let mut config = Config::new(IscsiName::new("iqn.2001-04.com.example:host").unwrap()).unwrap();
        config.recovery = recovery(give_up);
        config
    }

    #[test]
    fn the_kernel_waits_longer_than_the_recovery() {
        let mut config = config(GIVE_UP);
        limit_commands(&mut config, None);
        assert_eq!(kernel_timeout(&config), Duration::from_secs(30 + 5 + 10 + 60 + 5));
        config.command_timeout = Duration::from_millis(30_001);
        assert_eq!(kernel_timeout(&config), Duration::from_secs(111));
    }

    #[test]
    fn limits_that_the_user_gave_are_kept() {
        let mut config = config(Duration::from_secs(2));
        let before = config.command_timeout;
        limit_commands(&mut config, Some(before));
        assert_eq!(config.command_timeout, before);
    }

    #[test]
    fn the_attempts_go_on_when_requests_fail() {
        let policy = recovery(Duration::from_secs(2));
        assert_eq!(policy.replacement_timeout, Duration::from_secs(2));
        assert_eq!(policy.longest_reconnect_delay, policy.reconnect_delay);
        assert!(policy.loss_timeout > Duration::from_hours(24) && policy.is_on());
        assert_eq!(recovery(Duration::from_secs(40)).longest_reconnect_delay, Duration::from_secs(10));
        assert!(recovery(Duration::from_hours(1000)).loss_timeout >= Duration::from_hours(1000));
    }
}

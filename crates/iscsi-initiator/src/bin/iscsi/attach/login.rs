//! The session behind an attached device.

use std::time::Duration;

use iscsi_initiator::{Config, Lun, Session, TargetUrl};

use super::time_limits;
use crate::arguments::UnitOptions;
use crate::failure::Failure;
use crate::messages::warn;
use crate::session::Opened;

/// Logs in. Requests wait for `give_up` when the session is lost.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without a logout.
pub(super) async fn log_in(
    options: &UnitOptions,
    give_up: Duration,
    url: TargetUrl,
) -> Result<Opened, Failure> {
    let mut policies = options.retry.policies();
    if !policies.recovery.is_on() {
        return Err(Failure::usage(
            "a device needs the recovery of its session",
            "leave --no-recovery out; --give-up sets how long requests wait for it",
        ));
    }
    policies.recovery = time_limits::recovery(give_up);
    let session = &options.session;
    let limit = |config: &mut Config| time_limits::limit_commands(config, session.connection.timeout);
    Opened::log_in_with(session, policies, url, limit).await
}

/// Logs out. A logout that fails does not undo what was done before, so it is a warning.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without waiting for the response.
pub(super) async fn log_out(session: Session) {
    if session.end_reason().is_none()
        && let Err(error) = session.logout().await
    {
        warn(&format!("logout: {error}"));
    }
}

/// The URL of the unit behind a session, without credentials.
pub(super) fn url_of(session: &Session, lun: Lun) -> String {
    let details = session.details();
    let target = details.target.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("iscsi://{}/{target}/{lun}", details.portal)
}

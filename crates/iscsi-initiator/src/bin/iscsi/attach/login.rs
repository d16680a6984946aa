//! The session behind an attached device.

use iscsi_initiator::{Config, Initiator, Lun, Session, TargetUrl};

use super::time_limits;
use crate::arguments::UnitOptions;
use crate::credentials::{self, secret_source};
use crate::failure::Failure;
use crate::messages::warn;
use crate::output::remarks::tell_unauthenticated;
use crate::session::{self, until_interrupted};
use crate::store;

/// A session, and the settings that it has.
pub(super) struct LoggedIn {
    pub(super) session: Session,
    pub(super) config: Config,
}

/// Logs in. Requests wait for `give_up` when the session is lost.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without a logout.
pub(super) async fn log_in(
    options: &UnitOptions,
    give_up: std::time::Duration,
    url: TargetUrl,
) -> Result<LoggedIn, Failure> {
    secret_source::check_standard_input(options.session.files())?;
    let mut policies = options.retry.policies();
    if !policies.recovery.is_on() {
        return Err(Failure::usage(
            "a device needs the recovery of its session",
            "leave --no-recovery out; --give-up sets how long requests wait for it",
        ));
    }
    policies.recovery = time_limits::recovery(give_up);
    let request = credentials::request(&options.session, url.credentials)?;
    let store = store::for_login(&options.session.store, &request)?;
    let mut config = session::config(&options.session, policies, url.header_digest)?;
    time_limits::limit_commands(&mut config, options.session.connection.timeout);
    let initiator = Initiator::new(config.clone(), store);
    let login = async { Ok(initiator.login(&url.target, &url.portal, &request).await?) };
    let session = until_interrupted(login).await?;
    tell_unauthenticated(session.details());
    Ok(LoggedIn { session, config })
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

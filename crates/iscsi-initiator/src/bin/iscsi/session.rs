//! Sessions: the initiator that the options describe, and a session around one piece of work.

mod conflict;
mod initiator_name;
mod name_file;
mod opened;
mod other_portals;
pub(crate) mod recovery;

use std::io;
use std::pin::Pin;
use std::time::Duration;

use iscsi_initiator::{
    AuthenticationRequest, Config, DigestPreference, Error, Initiator, IsidPool, Session, Strictness,
    TargetUrl,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::arguments::{Policies, SessionOptions, UnitOptions};
use crate::failure::Failure;
use crate::messages::warn;
use crate::store;
pub(crate) use opened::Opened;

/// The time that aborts of commands may take before a logout, which ends the commands too.
const LAST_ABORTS: Duration = Duration::from_secs(5);

/// Returns the initiator that the options describe, for logins with these credentials, with settings that are changed last. The
/// store is opened first: when it is needed and cannot be read, no initiator name is generated.
pub(crate) fn initiator(
    options: &SessionOptions,
    policies: Policies,
    header_digest: Option<DigestPreference>,
    request: &AuthenticationRequest,
    change: impl FnOnce(&mut Config),
) -> Result<Initiator, Failure> {
    let store = store::for_login(&options.store, request)?;
    let mut config = config(options, policies, header_digest)?;
    change(&mut config);
    Ok(Initiator::new(config, store))
}

/// The settings that the options describe.
pub(crate) fn config(
    options: &SessionOptions,
    policies: Policies,
    header_digest: Option<DigestPreference>,
) -> Result<Config, Failure> {
    let mut config = Config::new(initiator_name::initiator_name(options)?)?;
    config.algorithms = options.authentication.algorithms.iter().copied().map(Into::into).collect();
    config.redirect_to.clone_from(&options.connection.redirect_to);
    if options.connection.strict {
        config.strictness = Strictness::Strict;
    }
    config.require = options.authentication.require_auth.map(Into::into).unwrap_or_default();
    config.allow_shared_secret = options.authentication.allow_shared_secret;
    // A command makes one login, or a benchmark as many as it was told to.
    (config.most_logins, config.most_logins_per_target) = (usize::MAX, usize::MAX);
    if let Some(isids) = kept_isids(options) {
        config.isids = isids;
    }
    let Policies { retry, recovery } = policies;
    config.retry = retry;
    config.recovery = recovery;
    if let Some(limit) = options.connection.timeout {
        limit_to(&mut config, limit);
    }
    if let Some(digest) = options.connection.header_digest.map(Into::into).or(header_digest) {
        config.offer.header_digest = digest;
    }
    if let Some(digest) = options.connection.data_digest {
        config.offer.data_digest = digest.into();
    }
    Ok(config)
}

/// Sets the limit of the login and of each request after it.
const fn limit_to(config: &mut Config, limit: Duration) {
    (config.login_timeout, config.command_timeout) = (limit, limit);
    (config.noop_out_timeout, config.abort_timeout, config.lu_reset_timeout) = (limit, limit, limit);
}

/// Returns the ISIDs that all commands of this user share. Where they cannot be stored or locked, each command uses a
/// random one.
fn kept_isids(options: &SessionOptions) -> Option<IsidPool> {
    let directory = initiator_name::name_directory(options)?;
    let drawn = |error: &_| tracing::debug!(%error, ?directory, "the ISID is random");
    IsidPool::open(&directory).inspect_err(drawn).ok()
}

/// Returns whether sessions of other commands have the ISID of this one, when they do not run at the same time. A
/// persistent reservation belongs to an initiator port, which the ISID is a part of.
pub(crate) fn keeps_isid(options: &SessionOptions) -> bool {
    kept_isids(options).is_some()
}

/// Logs in, does the work and logs out, whether or not the work succeeds. Ctrl-C ends the work, aborts its commands and logs
/// out; a second one ends that too.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without a logout.
pub(crate) async fn with_session<T>(
    options: &SessionOptions,
    url: TargetUrl,
    work: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    in_session(options, Policies::of_one_session(), url, work).await
}

/// Does work with logical units, as [`with_session`] does other work, and in another session when one is lost.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without a logout.
pub(crate) async fn with_units<T>(
    options: &UnitOptions,
    url: TargetUrl,
    work: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    in_session(&options.session, options.retry.policies(), url, work).await
}

/// Does work with logical units of two targets, as [`with_units`] does it with those of one.
///
/// # Cancel safety
/// When the future is dropped, the connections are closed without a logout.
pub(crate) async fn with_units_of_two<T>(
    options: &UnitOptions,
    [first, second]: [TargetUrl; 2],
    work: impl AsyncFnOnce(&Session, &Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let first = Opened::log_in(&options.session, options.retry.policies(), first).await?;
    let second = match Opened::log_in(&options.session, options.retry.policies(), second).await {
        Ok(second) => second,
        Err(failure) => {
            log_out(first.session, Some(&failure)).await;
            return Err(failure);
        }
    };
    let work = second.accompany(work(&first.session, &second.session));
    let outcome = until_interrupted(Box::pin(first.accompany(work))).await;
    log_out(first.session, outcome.as_ref().err()).await;
    log_out(second.session, outcome.as_ref().err()).await;
    outcome
}

/// Does work with logical units of any number of targets, each in a session of its own. The work has to end at signals itself.
///
/// # Cancel safety
/// When the future is dropped, the connections are closed without a logout.
pub(crate) async fn with_units_of_all<T>(
    options: &UnitOptions,
    urls: Vec<TargetUrl>,
    work: impl AsyncFnOnce(&[Session]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut opened, mut failure) = (Vec::new(), None);
    for url in urls {
        match Opened::log_in(&options.session, options.retry.policies(), url).await {
            Ok(one) => opened.push(one),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let sessions: Vec<Session> = opened.iter().map(|one| one.session.clone()).collect();
    let outcome = match failure {
        Some(failure) => Err(failure),
        None => accompanied(&opened, Box::pin(work(&sessions))).await,
    };
    drop(sessions);
    for one in opened {
        log_out(one.session, outcome.as_ref().err()).await;
    }
    outcome
}

/// Does work in several sessions, as [`Opened::accompany`] does it in one.
///
/// # Cancel safety
/// When the future is dropped, so is the work.
async fn accompanied<'a, T: 'a>(opened: &'a [Opened], work: Pin<Box<dyn Future<Output = T> + 'a>>) -> T {
    opened.iter().fold(work, |work, one| Box::pin(one.accompany(work))).await
}

async fn in_session<T>(
    options: &SessionOptions,
    policies: Policies,
    url: TargetUrl,
    work: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let lun = url.lun;
    let opened = Opened::log_in(options, policies, url).await?;
    let work = async {
        let outcome = work(&opened.session).await;
        conflict::explained(&opened.session, lun, outcome).await
    };
    let outcome = until_interrupted(Box::pin(opened.accompany(work))).await;
    log_out(opened.session, outcome.as_ref().err()).await;
    outcome
}

/// Drops the work when Ctrl-C or SIGTERM comes first.
///
/// # Cancel safety
/// When the future is dropped, so is the work.
pub(crate) async fn until_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        outcome = work => outcome,
        signal = stop_signal() => {
            signal.map_err(Failure::local("wait for signals"))?;
            Err(Failure::Interrupted)
        }
    }
}

/// Waits for Ctrl-C or, from service managers, SIGTERM.
///
/// # Cancel safety
/// Cancel safe; a signal that arrives while nothing waits is lost.
pub(crate) async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C or SIGTERM; where signals cannot be received, for ever.
///
/// # Cancel safety
/// Cancel safe; a signal that arrives while nothing waits is lost.
pub(crate) async fn until_stopped() {
    if stop_signal().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Logs out, after an interruption once the commands are aborted. A failed logout does not undo the work, so it is a warning.
/// An error that ended the session earlier is reported once, by the work that it ended, and a logout that the target requested
/// is no error.
///
/// # Cancel safety
/// When the future is dropped, the connection is closed without waiting for the response.
async fn log_out(session: Session, failure: Option<&Failure>) {
    let logout = async {
        if failure.is_some_and(Failure::is_interruption) {
            abort_commands(&session).await;
        }
        Ok(session.logout().await?)
    };
    match until_interrupted(logout).await {
        Err(Failure::Initiator(error)) if failure.and_then(Failure::of_initiator) == Some(&error) => {}
        Err(Failure::Initiator(error @ Error::LogoutRequested)) => tracing::info!(%error),
        Err(failure) => warn(&format!("logout: {failure}")),
        Ok(()) => {}
    }
}

/// Aborts the commands that an interruption left. Aborts that fail are only logged, since the logout follows.
///
/// # Cancel safety
/// When the future is dropped, the aborts stay under way.
pub(crate) async fn abort_commands(session: &Session) {
    match timeout(LAST_ABORTS, session.abort_all()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the commands were not aborted"),
        Err(_) => tracing::info!(limit = ?LAST_ABORTS, "the target has not answered all aborts"),
    }
}

//! A session: a cheap handle to the task that owns its connection.

mod pending_command;

use std::sync::Arc;
use std::time::Duration;

use iscsi_login::initiator::CompletedLogin;
use iscsi_login::{DiscoveredTargets, ObservedDeviation, Strictness, Tolerance, parse_send_targets};
use iscsi_pdu::{IscsiName, Isid, LogoutReason, Lun, Portal, TextWriter};
use iscsi_secrets::StoreError;

use super::units::Units;
use crate::config::Config;
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::login::{LoginTimes, RedirectKind, Unauthenticated};
use crate::nexus::{Nexus, RecoveryPolicy};
use crate::runtime::{BufferPool, Connection, Exchange, Link, Redial, Reply, Stream, start_session};
use crate::scsi::{Command, Completion, RawCommand};
use crate::session::{Outcome, ProtocolError, Request, SessionState};
use crate::status::RetryPolicy;
pub use pending_command::PendingCommand;
pub(crate) use pending_command::data_of;

/// A session in full feature phase ([RFC 7143, section 4.2.5](https://www.rfc-editor.org/rfc/rfc7143#section-4.2.5)).
/// Clones share it; when the last one is dropped, the session logs out in the background, as long as the runtime runs.
///
/// Every wait has a limit. A command has [`Config::command_timeout`](crate::Config::command_timeout) from the call
/// to its end, including the time in the queue; so does a request such as
/// [`send_targets`](Self::send_targets). A logout has the same limit, but at most 30 seconds, whether a caller, the
/// drop of the last clone, or the target causes it. When a limit is exceeded, the session ends and its connection is
/// closed.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

/// State shared by all clones.
struct Inner {
    link: Link,
    details: SessionDetails,
    strictness: Strictness,
    retry: RetryPolicy,
    /// Whether it is replaced when it is lost.
    is_lasting: bool,
    /// The portals of the target that may be used beside the first one; `None` for all.
    other_portals: Option<Vec<Portal>>,
    units: Units,
}

/// Results of the login of a session
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionDetails {
    /// The target; `None` for a discovery session.
    pub target: Option<IscsiName>,
    /// The name of the initiator; with `isid` it makes the initiator port.
    pub initiator_name: IscsiName,
    /// The portal that the initiator is connected to, after redirections.
    pub portal: Portal,
    /// The kind of redirection that led to this portal; `None` without one.
    pub redirect_kind: Option<RedirectKind>,
    /// The initiator's part of the session identifier.
    pub isid: Isid,
    /// The negotiated parameters and the authentication that took place.
    pub completed: CompletedLogin,
    /// The reason why the session has no authentication although the mode was not [`AuthenticationMode::None`].
    ///
    /// [`AuthenticationMode::None`]: crate::AuthenticationMode::None
    pub unauthenticated: Option<Unauthenticated>,
    /// The reason why the secret store could not be read, for a login that needed no secret from it: the mode asked for
    /// no authentication, or all credentials were given. Neither the store's policy nor the reuse of secrets was
    /// checked then.
    pub unread_store: Option<StoreError>,
    /// Durations of the parts of the login.
    pub times: LoginTimes,
}

impl Session {
    pub(crate) fn start<S: Stream>(
        connection: Connection<S>,
        lease: IsidLease,
        details: SessionDetails,
        tolerance: Tolerance,
        config: &Config,
        redial: Option<Arc<dyn Redial<S>>>,
    ) -> Self {
        let CompletedLogin {
            parameters, cmd_sn, exp_stat_sn, numbers, target_portal_group_tag: group, ..
        } = details.completed;
        let strictness = tolerance.strictness();
        let session = SessionState::new(parameters, cmd_sn, exp_stat_sn, numbers, tolerance, config.limits());
        let policy = if redial.is_some() { config.recovery } else { RecoveryPolicy::OFF };
        // Differs between the sessions of a host.
        let seed = u64::from(cmd_sn.0);
        let nexus = Nexus::new(policy, group, seed, Duration::ZERO);
        let is_lasting = redial.is_some();
        if is_lasting {
            connection.limit_silence(config.silence_limit());
        }
        let link = start_session(connection, lease, session, nexus, redial);
        let (retry, units) = (config.retry, Units::default());
        let other_portals = config.redirect_to.clone();
        let inner = Inner { link, details, strictness, retry, is_lasting, other_portals, units };
        Self { inner: Arc::new(inner) }
    }

    /// Returns the harmless deviations of the target from RFC 7143 that were tolerated so far, from the login on; at
    /// most four of each row of the [table](iscsi_login::Deviation).
    #[must_use]
    pub fn deviations(&self) -> Vec<ObservedDeviation> {
        self.inner.link.deviations()
    }

    /// Returns the results of the login: the first one, if the session was lost and replaced.
    #[must_use]
    pub fn details(&self) -> &SessionDetails {
        &self.inner.details
    }

    /// Sends a command and waits for its [completion](PendingCommand::completion).
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, [`Error::Incomplete`] when not all of the data moved, or the
    /// error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn execute(&self, lun: Lun, command: RawCommand) -> Result<Completion, Error> {
        self.submit(lun, command).await?.completion().await
    }

    /// Sends a command and waits for its answer.
    ///
    /// ```no_run
    /// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
    /// use iscsi_initiator::{Lun, scsi::TestUnitReady};
    /// session.send(Lun::ZERO, &TestUnitReady).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and [`Error::InvalidResponse`] for an answer that is not one.
    ///
    /// # Cancel safety
    /// As [`execute`](Self::execute).
    pub async fn send<C: Command>(&self, lun: Lun, command: &C) -> Result<C::Answer, Error> {
        let completion = self.execute(lun, RawCommand::of(command)).await?;
        Ok(command.parse(completion.data)?)
    }

    /// Submits a command without waiting for its end; commands are sent in the order of these calls. The call waits
    /// while too many commands are in flight.
    ///
    /// # Errors
    /// The error that ended the session, including [`Error::Timeout`] when a command ahead of this one got no response
    /// in time.
    ///
    /// # Cancel safety
    /// A future that is dropped has not sent the command.
    pub async fn submit(&self, lun: Lun, command: RawCommand) -> Result<PendingCommand, Error> {
        let name = command.name;
        let reply = self.request(Request::command(lun, command)).await?;
        Ok(PendingCommand { name, lun, reply, session: Arc::downgrade(&self.inner) })
    }

    /// Sends `SendTargets` with this value: `All` in a discovery session, a target name, or an empty value for the
    /// target of this session ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
    ///
    /// # Errors
    /// [`Error::Protocol`] for a malformed answer, or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer.
    pub async fn send_targets(&self, names: &str) -> Result<DiscoveredTargets, Error> {
        const NAME: &str = "SendTargets";
        let question = TextWriter::new().pair(NAME, names).finish();
        let question = question.map_err(|error| Error::InvalidArgument(error.to_string()))?;
        match self.request(Request::text(NAME, question)).await?.outcome().await? {
            Outcome::Text(answer) => {
                Ok(parse_send_targets(&answer, self.inner.strictness).map_err(ProtocolError::from)?)
            }
            Outcome::Unanswered(limit) => Err(Error::Timeout { operation: NAME, limit }),
            Outcome::Ambiguous(old_task) => Err(Error::Ambiguous { command: NAME, old_task }),
            Outcome::Rejected(reason) => Err(Error::Rejected { request: NAME, reason }),
            Outcome::NoSession => Err(Error::NoSession { request: NAME }),
            _ => Err(wrong_answer(NAME)),
        }
    }

    /// Logs out and closes the connection ([RFC 7143, section
    /// 11.14](https://www.rfc-editor.org/rfc/rfc7143#section-11.14)). Commands submitted before are sent before the
    /// logout as far as the target's command window permits; those that do not end before the logout fail. Takes at
    /// most as long as a command may, and at most 30 seconds.
    ///
    /// # Errors
    /// [`Error::Logout`] when the target does not grant it, [`Error::Timeout`] when it does not answer, or the error
    /// that ended the session before. Logging out twice is not an error.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the logout going on in the background.
    pub async fn logout(self) -> Result<(), Error> {
        self.logout_for(LogoutReason::CLOSE_SESSION).await
    }

    /// Logs out like [`logout`](Self::logout), for another reason. A session has one connection, so it ends whatever the
    /// reason is. Targets at error recovery level 0 do not remove a connection for recovery: they answer
    /// [`RECOVERY_NOT_SUPPORTED`](crate::LogoutResponseCode::RECOVERY_NOT_SUPPORTED).
    ///
    /// # Errors
    /// As [`logout`](Self::logout), and [`Error::InvalidArgument`] for a reason that RFC 7143 does not know.
    ///
    /// # Cancel safety
    /// As [`logout`](Self::logout).
    pub async fn logout_for(self, reason: LogoutReason) -> Result<(), Error> {
        if reason.0 > LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY.0 {
            return Err(Error::InvalidArgument(format!("RFC 7143 has no logout for reason {}", reason.0)));
        }
        self.inner.link.log_out_for(reason);
        // The session ends with any answer; its ISID is free when this returns.
        match self.ended().await {
            Error::LoggedOut | Error::LogoutRequested => Ok(()),
            error => Err(error),
        }
    }

    /// Waits until the session has ended, and returns the reason: [`Error::LoggedOut`] after [`logout`](Self::logout),
    /// [`Error::LogoutRequested`] when the target requested it, otherwise the error that ended it. Does not end the
    /// session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn ended(&self) -> Error {
        self.inner.link.ended().await
    }

    /// Returns the reason why the session has ended, or `None` while it is open.
    #[must_use]
    pub fn end_reason(&self) -> Option<Error> {
        self.inner.link.end_reason()
    }

    pub(super) fn link(&self) -> &Link {
        &self.inner.link
    }

    pub(super) fn units(&self) -> &Units {
        &self.inner.units
    }

    /// Whether another portal of the target may be used.
    pub(super) fn permits(&self, portal: &Portal) -> bool {
        self.inner.other_portals.as_ref().is_none_or(|portals| portals.contains(portal))
    }

    /// Whether it is replaced when it is lost.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.inner.is_lasting
    }

    pub(super) fn retry_policy(&self) -> RetryPolicy {
        self.inner.retry
    }

    /// Whether the target takes another command at present.
    pub(crate) fn is_window_open(&self) -> bool {
        self.inner.link.is_window_open()
    }

    /// Buffers for read data.
    pub(crate) fn buffers(&self) -> &BufferPool {
        self.inner.link.buffers()
    }

    /// Submits a command, and waits for its outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped has not sent the command, or abandons its outcome.
    #[inline]
    pub(crate) fn carry_out(&self, lun: Lun, command: RawCommand) -> Exchange<'_> {
        self.inner.link.carry_out(Request::command(lun, command))
    }

    pub(super) async fn request(&self, request: Request) -> Result<Reply, Error> {
        self.inner.link.submit(request).await
    }
}

/// The error for an outcome of the wrong kind, which only a mistake in this library can cause.
pub(super) fn wrong_answer(command: &'static str) -> Error {
    Error::InvalidResponse { command, reason: "the session answered another request".to_owned() }
}

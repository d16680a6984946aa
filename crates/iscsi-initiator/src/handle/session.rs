//! A session as a program holds it: a cheap handle to the task that owns the socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iscsi_login::initiator::CompletedLogin;
use iscsi_login::{DiscoveredTargets, ObservedDeviation, Strictness, Tolerance, parse_send_targets};
use iscsi_pdu::{IscsiName, Isid, Lun, Portal, TextWriter};
use iscsi_secrets::StoreError;

use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::login::{LoginTimes, RedirectKind, Unauthenticated};
use crate::runtime::{Connection, Limits, Link, Reply, start_session};
use crate::scsi::{Command, Completion, TransferLength};
use crate::session::{Outcome, ProtocolError, ScsiRequest, SessionRequest, SessionState};

/// A target that means to answer a logout does so at once.
const LONGEST_LOGOUT: Duration = Duration::from_secs(30);

/// A session in full feature phase. Clones share it; when the last one is dropped the session logs out by itself, as
/// long as the runtime lives.
///
/// No wait is without a limit. A command has [`Config::command_timeout`](crate::Config::command_timeout) from the call
/// to its end, the time in which it waits for its turn included; so has a question like
/// [`send_targets`](Self::send_targets). A logout has as long, and at most 30 seconds, whoever wants it: a caller, the
/// drop of the last clone, or the target. When a limit is exceeded the session is over and its connection is closed.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

/// What all clones share.
struct Inner {
    link: Link,
    details: SessionDetails,
    strictness: Strictness,
    command_timeout: Duration,
}

/// What is known of a session since its login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionDetails {
    /// The target; `None` for a discovery session.
    pub target: Option<IscsiName>,
    /// The portal we are connected to, after redirections.
    pub portal: Portal,
    /// Whether the target sent us there from another portal, and for how long.
    pub redirect_kind: Option<RedirectKind>,
    /// Our part of the session identifier.
    pub isid: Isid,
    /// What was agreed on, and who authenticated whom.
    pub completed: CompletedLogin,
    /// Why there is no authentication, if there is none and it was not [`AuthenticationMode::None`] that was demanded.
    ///
    /// [`AuthenticationMode::None`]: crate::AuthenticationMode::None
    pub unauthenticated: Option<Unauthenticated>,
    /// Why the secret store could not be read, for a login that took no secret from it: no authentication was demanded,
    /// or all credentials were given. Neither the store's policy nor the reuse of secrets was checked then.
    pub unread_store: Option<StoreError>,
    /// How long the login took.
    pub times: LoginTimes,
}

impl Session {
    pub(crate) fn start(
        connection: Connection,
        lease: IsidLease,
        details: SessionDetails,
        tolerance: Tolerance,
        command_timeout: Duration,
    ) -> Self {
        let CompletedLogin { parameters, cmd_sn, exp_stat_sn, numbers, .. } = details.completed;
        let strictness = tolerance.strictness();
        let session = SessionState::new(parameters, cmd_sn, exp_stat_sn, numbers, tolerance);
        let limits = Limits { command: command_timeout, logout: command_timeout.min(LONGEST_LOGOUT) };
        let link = start_session(connection, lease, session, limits);
        Self { inner: Arc::new(Inner { link, details, strictness, command_timeout }) }
    }

    /// Harmless deviations of the target from RFC 7143 that were tolerated so far, those of the login first; at most
    /// four of each row of the [table](iscsi_login::Deviation).
    #[must_use]
    pub fn deviations(&self) -> Vec<ObservedDeviation> {
        self.inner.link.deviations()
    }

    /// What is known since the login.
    #[must_use]
    pub fn details(&self) -> &SessionDetails {
        &self.inner.details
    }

    /// Sends a command and waits for its end, as [`PendingCommand::completion`] does.
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, [`Error::Incomplete`] when not all of the data moved, or whatever
    /// ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn execute(&self, lun: Lun, command: Command) -> Result<Completion, Error> {
        self.submit(lun, command).await?.completion().await
    }

    /// Hands a command to the session without waiting for its end; commands leave in the order of these calls. While
    /// too many are under way it waits for its turn.
    ///
    /// # Errors
    /// Whatever ended the session: also [`Error::Timeout`], when a command ahead of it had no answer in time.
    ///
    /// # Cancel safety
    /// A future that is dropped has not sent the command.
    pub async fn submit(&self, lun: Lun, command: Command) -> Result<PendingCommand, Error> {
        let name = command.name;
        let exact = command.transfer_length == TransferLength::Exact;
        let request = ScsiRequest { lun, cdb: command.cdb, transfer: command.transfer, exact };
        let reply = self.request(SessionRequest::Scsi(request), name).await?;
        Ok(PendingCommand { name, lun, reply })
    }

    /// Asks for targets: `All` in a discovery session, a name, or nothing for the target of this session
    /// (RFC 7143, appendix C).
    ///
    /// # Errors
    /// A malformed answer, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer.
    pub async fn send_targets(&self, names: &str) -> Result<DiscoveredTargets, Error> {
        const NAME: &str = "SendTargets";
        let question = TextWriter::new().pair(NAME, names).finish();
        let question = question.map_err(|error| Error::InvalidArgument(error.to_string()))?;
        match self.request(SessionRequest::Text(question), NAME).await?.outcome().await? {
            Outcome::Text(answer) => {
                Ok(parse_send_targets(&answer, self.inner.strictness).map_err(ProtocolError::from)?)
            }
            _ => Err(wrong_answer(NAME)),
        }
    }

    /// Ends the session: the target is told, and the connection closes. Commands handed over before leave before the
    /// logout as far as the target's command window lets them; those that do not end, fail. Takes at most the limit of
    /// a command, and at most 30 seconds.
    ///
    /// # Errors
    /// [`Error::Logout`] when the target does not grant it, [`Error::Timeout`] when it does not answer, or whatever
    /// ended the session before. A session that was logged out already is no error.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the session ending by itself.
    pub async fn logout(self) -> Result<(), Error> {
        self.inner.link.log_out();
        // Whatever the answer, the session is over; its ISID is free when this returns.
        match self.ended().await {
            Error::LoggedOut | Error::LogoutRequested => Ok(()),
            error => Err(error),
        }
    }

    /// Waits until the session is over, and says why: [`Error::LoggedOut`] after [`logout`](Self::logout),
    /// [`Error::LogoutRequested`] when the target wanted it, else what went wrong. Does not end the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn ended(&self) -> Error {
        self.inner.link.ended().await
    }

    /// Why the session is over, if it is.
    #[must_use]
    pub fn end_reason(&self) -> Option<Error> {
        self.inner.link.end_reason()
    }

    async fn request(&self, request: SessionRequest, name: &'static str) -> Result<Reply, Error> {
        self.inner.link.request(request, name, self.inner.command_timeout).await
    }
}

/// A command that was handed over and has not ended.
#[must_use = "a command whose result is dropped may still be carried out"]
pub struct PendingCommand {
    name: &'static str,
    lun: Lun,
    reply: Reply,
}

impl PendingCommand {
    /// Waits for the end; a status other than GOOD is an error, unless it reports an error from which the logical unit
    /// recovered ([`Completion::recovered_error`]).
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, [`Error::Incomplete`] when not all of the data moved, or whatever
    /// ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn completion(self) -> Result<Completion, Error> {
        let Self { name, lun, reply } = self;
        match reply.outcome().await? {
            Outcome::Scsi(completion) => {
                let completion = completion.into_good(name)?;
                if let Some(sense) = completion.recovered_error() {
                    tracing::info!(command = name, %lun, %sense, "recovered error");
                }
                Ok(completion)
            }
            Outcome::TargetFailure(response) => Err(Error::TargetFailure { command: name, response }),
            Outcome::Text(_) => Err(wrong_answer(name)),
        }
    }

    /// The same, for the data alone.
    ///
    /// # Errors
    /// As [`Self::completion`].
    ///
    /// # Cancel safety
    /// As [`Self::completion`].
    pub async fn data(self) -> Result<Bytes, Error> {
        Ok(self.completion().await?.data)
    }
}

/// A session answers each request in kind; this is for a mistake of this library.
fn wrong_answer(command: &'static str) -> Error {
    Error::InvalidResponse { command, reason: "the session answered another request".to_owned() }
}

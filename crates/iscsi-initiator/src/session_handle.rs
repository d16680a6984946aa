//! A session as a program holds it: a cheap handle to the task that owns the socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iscsi_login::initiator::CompletedLogin;
use iscsi_login::{DiscoveredTargets, ObservedDeviation, Strictness, Tolerance, parse_send_targets};
use iscsi_pdu::{IscsiName, Isid, TextWriter};
use iscsi_secrets::StoreError;
use tokio::sync::oneshot;

use crate::connection::{Driver, Limits, Link, Request, Shared, Transport, deadline_after};
use crate::isid_pool::IsidLease;
use crate::redirects::RedirectKind;
use crate::scsi::{Command, TransferLength};
use crate::session::{Completion, Finished, Protocol, ScsiRequest, SessionRequest};
use crate::{Error, LoginTimes, Lun, Portal, Unauthenticated};

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
        transport: Transport,
        lease: IsidLease,
        details: SessionDetails,
        tolerance: Tolerance,
        command_timeout: Duration,
    ) -> Self {
        let CompletedLogin { parameters, cmd_sn, exp_stat_sn, numbers, .. } = details.completed;
        let strictness = tolerance.strictness();
        let protocol = Protocol::new(parameters, cmd_sn, exp_stat_sn, numbers, tolerance);
        let limits = Limits { command: command_timeout, logout: command_timeout.min(LONGEST_LOGOUT) };
        let (driver, link) = Driver::new(transport, lease, protocol, limits);
        tokio::spawn(driver.run());
        Self { inner: Arc::new(Inner { link, details, strictness, command_timeout }) }
    }

    /// Harmless deviations of the target from RFC 7143 that were tolerated so far, those of the login first; at most four
    /// of each row of the [table](iscsi_login::Deviation).
    #[must_use]
    pub fn deviations(&self) -> Vec<ObservedDeviation> {
        self.inner.link.shared.deviations()
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
        let result = self.request(SessionRequest::Scsi(request), name).await?;
        Ok(PendingCommand { name, lun, result, shared: Arc::clone(&self.inner.link.shared) })
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
        let question = question.map_err(|error| Error::Caller(error.to_string()))?;
        let result = self.request(SessionRequest::Text(question), NAME).await?;
        match self.wait(result).await? {
            Finished::Text(answer) => Ok(parse_send_targets(&answer, self.inner.strictness)?),
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
        self.inner.link.shared.logout.notify_one();
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
        self.inner.link.requests.closed().await;
        self.inner.link.shared.session_over()
    }

    /// Why the session is over, if it is.
    #[must_use]
    pub fn end_reason(&self) -> Option<Error> {
        let Link { requests, shared } = &self.inner.link;
        requests.is_closed().then(|| shared.session_over())
    }

    async fn request(&self, request: SessionRequest, what: &'static str) -> Result<Receiver, Error> {
        let (result, receiver) = oneshot::channel();
        let deadline = deadline_after(self.inner.command_timeout);
        let Link { requests, shared } = &self.inner.link;
        // The wait for a place in the queue is limited too: whatever is ahead has an earlier deadline, and with the first
        // that is missed the session ends.
        let sent = requests.send(Request { what, asked: request, deadline, result }).await;
        sent.map_err(|_| shared.session_over())?;
        Ok(receiver)
    }

    async fn wait(&self, result: Receiver) -> Result<Finished, Error> {
        result.await.unwrap_or_else(|_| Err(self.inner.link.shared.session_over()))
    }
}

type Receiver = oneshot::Receiver<Result<Finished, Error>>;

/// A command that was handed over and has not ended.
#[must_use = "a command whose result is dropped may still be carried out"]
pub struct PendingCommand {
    name: &'static str,
    lun: Lun,
    result: Receiver,
    shared: Arc<Shared>,
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
        let Self { name, lun, result, shared } = self;
        match result.await.unwrap_or_else(|_| Err(shared.session_over()))? {
            Finished::Scsi(completion) => {
                let completion = completion.into_good(name)?;
                if let Some(sense) = completion.recovered_error() {
                    tracing::info!(command = name, %lun, %sense, "recovered error");
                }
                Ok(completion)
            }
            Finished::TargetFailure(response) => Err(Error::TargetFailure { command: name, response }),
            Finished::Text(_) => Err(wrong_answer(name)),
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

impl Shared {
    /// Why the session is over.
    fn session_over(&self) -> Error {
        self.ended.get().cloned().unwrap_or_else(|| Error::SessionEnded("its task is gone".to_owned()))
    }
}

/// The protocol answers each request in kind; this is for a mistake of ours.
fn wrong_answer(command: &'static str) -> Error {
    Error::Answer { command, reason: "the session answered another request".to_owned() }
}

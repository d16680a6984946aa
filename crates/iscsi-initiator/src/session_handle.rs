//! A session as a program holds it: a cheap handle to the task that owns the socket.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use iscsi_login::initiator::Completed;
use iscsi_login::{DiscoveredTarget, parse_send_targets};
use iscsi_pdu::{IscsiName, Isid, LogoutResponseCode, TextWriter};
use iscsi_secrets::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::connection::{Driver, Request, Transport};
use crate::isid_pool::IsidLease;
use crate::redirects::Moved;
use crate::scsi::Command;
use crate::session::{Completion, Finished, Protocol, ScsiRequest, SessionRequest};
use crate::{Error, LoginTimes, Lun, Portal, Unauthenticated};

/// A target that means to answer a logout does so at once.
const LONGEST_LOGOUT: Duration = Duration::from_secs(30);
/// Requests that may wait between handles and driver.
const QUEUE_LENGTH: usize = 64;

/// A session in full feature phase. Clones share it; when the last one is dropped the session logs out by itself, as
/// long as the runtime lives.
#[derive(Clone)]
pub struct Session {
    requests: mpsc::Sender<Request>,
    details: Arc<SessionDetails>,
    ended: Arc<OnceLock<Error>>,
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
    pub moved: Option<Moved>,
    /// Our part of the session identifier.
    pub isid: Isid,
    /// What was agreed on, and who authenticated whom.
    pub completed: Completed,
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
        command_timeout: Duration,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let ended = Arc::new(OnceLock::new());
        let protocol = Protocol::new(&details.completed);
        let logout_limit = command_timeout.min(LONGEST_LOGOUT);
        let driver = Driver::new(transport, lease, protocol, receiver, Arc::clone(&ended), logout_limit);
        tokio::spawn(driver.run());
        Self { requests: sender, details: Arc::new(details), ended, command_timeout }
    }

    /// What is known since the login.
    #[must_use]
    pub fn details(&self) -> &SessionDetails {
        &self.details
    }

    /// Sends a command and waits for its end; a status other than GOOD is an error.
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn execute(&self, lun: Lun, command: Command) -> Result<Completion, Error> {
        self.submit(lun, command).await?.completion().await
    }

    /// Hands a command to the session without waiting for its end; commands leave in the order of these calls.
    ///
    /// # Errors
    /// Whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has not sent the command.
    pub async fn submit(&self, lun: Lun, command: Command) -> Result<PendingCommand, Error> {
        let name = command.name;
        let request = ScsiRequest { lun, cdb: command.cdb, transfer: command.transfer };
        let result = self.request(SessionRequest::Scsi(request), name).await?;
        Ok(PendingCommand { name, result, ended: Arc::clone(&self.ended) })
    }

    /// Asks for targets: `All` in a discovery session, a name, or nothing for the target of this session
    /// (RFC 7143, appendix C).
    ///
    /// # Errors
    /// A malformed answer, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer.
    pub async fn send_targets(&self, whom: &str) -> Result<Vec<DiscoveredTarget>, Error> {
        const NAME: &str = "SendTargets";
        let question = TextWriter::new().pair(NAME, whom).finish();
        let question = question.map_err(|error| Error::Caller(error.to_string()))?;
        let result = self.request(SessionRequest::Text(question), NAME).await?;
        match self.wait(result).await? {
            Finished::Text(answer) => Ok(parse_send_targets(&answer)?),
            _ => Err(wrong_answer(NAME)),
        }
    }

    /// Ends the session: the target is told, and the connection closes. Commands under way may still end; those that
    /// do not, fail.
    ///
    /// # Errors
    /// [`Error::Logout`] when the target does not grant it, or whatever ended the session before.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the session ending by itself.
    pub async fn logout(self) -> Result<(), Error> {
        let result = self.request(SessionRequest::Logout, "logout").await?;
        let finished = self.wait(result).await;
        // Whatever the answer, the session is over; its ISID is free when this returns.
        self.requests.closed().await;
        match finished? {
            Finished::Logout(LogoutResponseCode::CLOSED) => Ok(()),
            Finished::Logout(code) => Err(Error::Logout(code)),
            _ => Err(wrong_answer("logout")),
        }
    }

    async fn request(&self, request: SessionRequest, what: &'static str) -> Result<Receiver, Error> {
        let (result, receiver) = oneshot::channel();
        let longest = if matches!(request, SessionRequest::Logout) { LONGEST_LOGOUT } else { Duration::MAX };
        let limit = self.command_timeout.min(longest);
        let request = Request { what, asked: request, limit, result };
        self.requests.send(request).await.map_err(|_| session_over(&self.ended))?;
        Ok(receiver)
    }

    async fn wait(&self, result: Receiver) -> Result<Finished, Error> {
        result.await.unwrap_or_else(|_| Err(session_over(&self.ended)))
    }
}

type Receiver = oneshot::Receiver<Result<Finished, Error>>;

/// A command that was handed over and has not ended.
#[must_use = "a command whose result is dropped may still be carried out"]
pub struct PendingCommand {
    name: &'static str,
    result: Receiver,
    ended: Arc<OnceLock<Error>>,
}

impl PendingCommand {
    /// Waits for the end; a status other than GOOD is an error.
    ///
    /// # Errors
    /// [`Error::Command`] with status and sense data, or whatever ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the result: the command may have been carried out, now or later.
    pub async fn completion(self) -> Result<Completion, Error> {
        let Self { name, result, ended } = self;
        match result.await.unwrap_or_else(|_| Err(session_over(&ended)))? {
            Finished::Scsi(completion) => completion.into_good(name),
            Finished::TargetFailure(response) => Err(Error::TargetFailure { command: name, response }),
            Finished::Text(_) | Finished::Logout(_) => Err(wrong_answer(name)),
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

fn session_over(ended: &OnceLock<Error>) -> Error {
    ended.get().cloned().unwrap_or_else(|| Error::SessionEnded("its task is gone".to_owned()))
}

/// The protocol answers each request in kind; this is for a mistake of ours.
fn wrong_answer(command: &'static str) -> Error {
    Error::Answer { command, reason: "the session answered another request".to_owned() }
}

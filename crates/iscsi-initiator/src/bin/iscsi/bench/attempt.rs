//! Attempts: what a run repeats, the login and logout of `iscsi bench login`, and why one failed.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iscsi_initiator::{AuthenticationRequest, Error, Initiator, Session, TargetUrl};

use crate::failure::Exit;

/// The operation that a run repeats.
pub(crate) trait Attempts: Clone + Send + 'static {
    /// Makes the attempt of this number.
    fn attempt(&self, number: u64) -> impl Future<Output = Result<Success, FailedAttempt>> + Send;
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    /// The cause, in one line.
    pub(crate) cause: String,
    /// The exit code of the program for this failure.
    pub(crate) exit: Exit,
}

/// The durations of a successful attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Success {
    /// From the call of the login to full feature phase: its parts, and the work of this process between them.
    pub(crate) login: Duration,
    pub(crate) connect: Duration,
    pub(crate) security: Duration,
    pub(crate) operational: Duration,
    pub(crate) logout: Duration,
    /// Requests sent and answered up to full feature phase.
    pub(crate) round_trips: u32,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// When it was due, counted from the beginning of the run.
    pub(crate) due: Duration,
    /// When it began.
    pub(crate) began: Duration,
    /// When it ended.
    pub(crate) ended: Duration,
    /// The durations of its parts, or why it failed.
    pub(crate) result: Result<Success, FailedAttempt>,
}

impl Outcome {
    /// The time from when the login was due until it was complete.
    pub(crate) fn latency(&self, success: &Success) -> Duration {
        self.began.saturating_sub(self.due) + success.login
    }
}

/// A target, and the initiator and credentials to log in with.
pub(crate) struct Destination {
    pub(crate) initiator: Initiator,
    pub(crate) url: TargetUrl,
    pub(crate) request: AuthenticationRequest,
}

/// Logs in to the destinations in turn.
#[derive(Clone)]
pub(crate) struct LoginAttempts(Arc<[Destination]>);

impl LoginAttempts {
    /// Makes the attempts; there must be at least one destination.
    pub(crate) fn to(destinations: Vec<Destination>) -> Self {
        Self(destinations.into())
    }

    /// Logs in, and leaves the session to the caller.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    pub(crate) async fn log_in(&self, number: u64) -> Result<Session, Error> {
        let turn = usize::try_from(number).unwrap_or_default().checked_rem(self.0.len()).unwrap_or_default();
        let Some(Destination { initiator, url, request }) = self.0.get(turn) else {
            return Err(Error::InvalidArgument("there is no target".to_owned()));
        };
        initiator.login(&url.target, &url.portal, request).await
    }

    async fn log_in_and_out(&self, number: u64) -> Result<Success, Error> {
        let began = Instant::now();
        let session = self.log_in(number).await?;
        let login = began.elapsed();
        let (times, round_trips) = (session.details().times, session.details().completed.round_trips);
        let began = Instant::now();
        session.logout().await?;
        Ok(Success {
            login,
            connect: times.connect,
            security: times.security,
            operational: times.operational,
            logout: began.elapsed(),
            round_trips,
        })
    }
}

impl Attempts for LoginAttempts {
    async fn attempt(&self, number: u64) -> Result<Success, FailedAttempt> {
        self.log_in_and_out(number).await.map_err(|error| failure_cause(&error))
    }
}

/// Longer texts are cut: they are counted, and shown in a table.
const MAX_CHARACTERS: usize = 160;

/// Describes an error with its causes.
pub(crate) fn failure_cause(error: &Error) -> FailedAttempt {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    if text.chars().count() > MAX_CHARACTERS {
        text = text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect();
    }
    FailedAttempt { cause: text, exit: error.fault().into() }
}

//! The attempts of `iscsi bench login`: a login and a logout.

use std::sync::Arc;
use std::time::Instant;

use iscsi_initiator::{AuthenticationRequest, Error, Initiator, Session, TargetUrl};

use super::attempt::{Attempts, FailedAttempt, Success};
use super::failure_cause::failure_cause;

/// Whom to log in to, and with what.
pub(crate) struct Destination {
    pub(crate) initiator: Initiator,
    pub(crate) url: TargetUrl,
    pub(crate) request: AuthenticationRequest,
}

/// Logs in to the destinations in turn.
#[derive(Clone)]
pub(crate) struct LoginAttempts(Arc<[Destination]>);

impl LoginAttempts {
    /// At least one.
    pub(crate) fn to(destinations: Vec<Destination>) -> Self {
        Self(destinations.into())
    }

    /// A login that the caller keeps.
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

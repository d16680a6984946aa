//! An open session, and what its initiator needs to log in again.

use iscsi_initiator::{AuthenticationRequest, Config, Initiator, Session, TargetUrl};

use super::{initiator, other_portals, recovery, until_interrupted};
use crate::arguments::{Policies, SessionOptions};
use crate::credentials::{self, secret_source};
use crate::failure::Failure;
use crate::output::remarks::tell_unauthenticated;

/// A session, and with what its initiator logs in.
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(super) initiator: Initiator,
    pub(super) request: AuthenticationRequest,
}

impl Opened {
    /// Logs in.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    pub(super) async fn log_in(
        options: &SessionOptions,
        policies: Policies,
        url: TargetUrl,
    ) -> Result<Self, Failure> {
        Self::log_in_with(options, policies, url, |_| ()).await
    }

    /// Logs in with settings that are changed first.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    pub(crate) async fn log_in_with(
        options: &SessionOptions,
        policies: Policies,
        url: TargetUrl,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, Failure> {
        secret_source::check_standard_input(options.files())?;
        let request = credentials::request(options, url.credentials)?;
        let initiator = initiator(options, policies, url.header_digest, &request, change)?;
        let login = async { Ok(initiator.login(&url.target, &url.portal, &request).await?) };
        let session = until_interrupted(login).await?;
        tell_unauthenticated(session.details());
        Ok(Self { session, initiator, request })
    }

    /// The settings of its initiator.
    pub(crate) fn config(&self) -> &Config {
        self.initiator.config()
    }

    /// Does work in the session. Meanwhile the other portals of the target are learned, and what becomes of the session is told.
    ///
    /// # Cancel safety
    /// When the future is dropped, so is the work.
    pub(crate) async fn accompany<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            outcome = recovery::with_remarks(&self.session, work) => outcome,
            never = other_portals::learn(self) => match never {},
        }
    }
}

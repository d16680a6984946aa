//! The logins of a session after its first one: with the same ISID, the secrets that the store holds then, and no less
//! authentication than before.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use iscsi_login::initiator::{Authenticated, SessionType};
use iscsi_pdu::{IscsiName, Isid, Portal};
use iscsi_secrets::Requirement;

use super::initiator::{Initiator, start};
use super::session::Session;
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::login::{AuthenticationRequest, CredentialScope, Exchange, LoggedIn, LoginSettings};
use crate::runtime::{Attempt, Clock, Connection, Redial, Redialed, Socket, Stream, log_in};
use crate::wire::Inbox;

/// What the first login of a session was made with.
struct Redialer {
    initiator: Initiator,
    target: IscsiName,
    portal: Portal,
    request: AuthenticationRequest,
    isid: Isid,
    /// The authentication that the first login reached.
    reached: Requirement,
}

impl Initiator {
    /// The later logins of a session; `None` for those that are not replaced.
    pub(super) fn redialer(
        &self,
        session_type: SessionType<'_>,
        portal: &Portal,
        request: &AuthenticationRequest,
        lease: &IsidLease,
        authenticated: &Authenticated,
    ) -> Option<Arc<dyn Redial<Socket>>> {
        let SessionType::Normal(target) = session_type else { return None };
        if !self.config().recovery.is_on() {
            return None;
        }
        Some(Arc::new(Redialer {
            initiator: self.clone(),
            target: target.clone(),
            portal: portal.clone(),
            request: request.clone(),
            isid: lease.isid(),
            reached: level(authenticated),
        }))
    }
}

impl Redialer {
    async fn log_in_again(&self, portal: &Portal) -> Result<Redialed<Socket>, Error> {
        let scope = CredentialScope::Target(self.target.clone());
        let _turn = self.initiator.turn(&scope).await?;
        let clock = Clock::start();
        let mut credentials = self.initiator.credentials(&scope, portal, &self.request).await?;
        credentials.demand(self.reached)?;
        let settings = self.initiator.settings(SessionType::Normal(&self.target), self.isid, &credentials);
        let settings = LoginSettings { reinstates: true, ..settings };
        let mut exchange = Exchange::new(settings, portal, Duration::ZERO);
        let (stream, complete) = log_in(&mut exchange, clock).await?;
        let (logged_in, inbox) = *complete;
        let connection = Connection::new(stream, inbox, &logged_in);
        connection.limit_silence(self.initiator.config().silence_limit());
        Ok(Redialed { connection, logged_in })
    }
}

impl Redial<Socket> for Redialer {
    fn log_in(&self, portal: Option<Portal>) -> Attempt<'_, Socket> {
        Box::pin(async move { self.log_in_again(portal.as_ref().unwrap_or(&self.portal)).await })
    }
}

/// A login for another session under way, with its stream and the bytes that follow it.
pub type Relogin<S> = Pin<Box<dyn Future<Output = Result<(S, Inbox, LoggedIn), Error>> + Send>>;

/// Starts a session like [`session_over`](super::session_over), which is replaced by what `log_in` returns when it is lost, as the
/// settings say.
#[must_use]
pub fn lasting_session_over<S: Stream>(
    stream: S,
    inbox: Inbox,
    lease: IsidLease,
    settings: &LoginSettings<'_>,
    logged_in: LoggedIn,
    log_in: impl Fn() -> Relogin<S> + Send + Sync + 'static,
) -> Session {
    start(stream, inbox, lease, settings, logged_in, Some(Arc::new(Relogins(log_in))))
}

/// The logins of a function.
struct Relogins<F>(F);

impl<S: Stream, F: Fn() -> Relogin<S> + Send + Sync + 'static> Redial<S> for Relogins<F> {
    fn log_in(&self, _: Option<Portal>) -> Attempt<'_, S> {
        let login = (self.0)();
        Box::pin(async move {
            let (stream, inbox, logged_in) = login.await?;
            Ok(Redialed { connection: Connection::new(stream, inbox, &logged_in), logged_in })
        })
    }
}

/// The requirement that an authentication meets.
const fn level(authenticated: &Authenticated) -> Requirement {
    match authenticated {
        Authenticated::None => Requirement::None,
        Authenticated::Initiator { .. } => Requirement::Chap,
        Authenticated::Mutual(_) => Requirement::Mutual,
    }
}

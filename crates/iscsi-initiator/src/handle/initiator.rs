//! The initiator: settings and a secret store, discovery and login.

use std::sync::Arc;
use std::time::Duration;

use iscsi_login::initiator::SessionType;
use iscsi_login::{DiscoveredTarget, DiscoveredTargets, PreparedOffer};
use iscsi_pdu::{IscsiName, Isid, Portal};
use iscsi_secrets::vds::VdsServiceIscsi;
use iscsi_secrets::{MemoryStore, SecretStore, StoreError, StoreSnapshot};

use super::session::{Session, SessionDetails};
use crate::config::Config;
use crate::error::{Error, LoginStep};
use crate::isid_pool::IsidLease;
use crate::login::{
    AuthenticationRequest, CredentialScope, Credentials, Exchange, LoggedIn, LoginSettings, Secrets,
};
use crate::runtime::{
    Clock, Connection, LoginQueue, Redial, Stream, Turn, blocking, is_own_challenge, log_in, within,
};
use crate::wire::Inbox;

/// An iSCSI initiator, which discovers targets and logs in to them. Cheap to clone; all clones share the store.
#[derive(Clone)]
pub struct Initiator {
    config: Arc<Config>,
    /// [`Config::offer`], written once.
    offer: Arc<PreparedOffer>,
    queue: Arc<LoginQueue>,
    secrets: Secrets,
    pub(super) vds: Arc<VdsServiceIscsi>,
}

/// The result of a discovery
/// ([RFC 7143, appendix C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Discovery {
    /// The targets, in the order in which the portal named them, and the unusable records.
    pub found: DiscoveredTargets,
    /// Details of the discovery session, which has ended.
    pub session: SessionDetails,
}

impl Initiator {
    /// Returns an initiator that reads its secrets from `store`, anew for every login.
    #[must_use]
    pub fn new(config: Config, store: Arc<dyn SecretStore>) -> Self {
        Self::of(config, Secrets { store, is_given: true })
    }

    /// Returns an initiator without a store: credentials come with each [`AuthenticationRequest`]. Secrets set by the
    /// VDS calls are kept in memory.
    #[must_use]
    pub fn without_store(config: Config) -> Self {
        Self::of(config, Secrets { store: Arc::new(MemoryStore::new()), is_given: false })
    }

    fn of(config: Config, secrets: Secrets) -> Self {
        let store = Arc::clone(&secrets.store);
        let vds = Arc::new(VdsServiceIscsi::new(store, config.initiator_name.as_str()));
        let offer = Arc::new(config.offer.into());
        let queue = Arc::new(LoginQueue::new(config.most_logins, config.most_logins_per_target));
        Self { config: Arc::new(config), offer, queue, secrets, vds }
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Asks a portal for its targets: `SendTargets=All` in a discovery session ([RFC 7143, appendix
    /// C](https://www.rfc-editor.org/rfc/rfc7143#appendix-C)). The initiator then knows their ids, so that VDS calls
    /// can name them; nothing is written to the store.
    ///
    /// A malformed record does not hide the others, unless [`Config::strictness`] refuses all deviations.
    ///
    /// # Errors
    /// [`Error`] when the connection or the login fails, or the target does not answer the request.
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection.
    pub async fn discover(
        &self,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<DiscoveredTargets, Error> {
        Ok(self.discover_with_details(portal, authentication).await?.found)
    }

    /// Asks a portal for its targets like [`discover`](Self::discover), and returns the details of the discovery
    /// session too, such as its authentication.
    ///
    /// # Errors
    /// As [`discover`](Self::discover).
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection.
    pub async fn discover_with_details(
        &self,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<Discovery, Error> {
        let scope = CredentialScope::Portal(portal.clone());
        let session = self.log_in(SessionType::Discovery, scope, portal, authentication).await?;
        let found = session.send_targets("All").await;
        let (details, deviations) = (session.details().clone(), session.deviations());
        if let Err(error) = session.logout().await {
            // DIS-13: a target may end a discovery session by itself, which does not invalidate its answer.
            tracing::debug!(%portal, %error, "discovery ended without a logout");
        }
        let mut found = found?;
        found.login_deviations = deviations;
        found.targets.iter().for_each(log_deviations);
        self.vds.add_targets(found.targets.iter().map(|target| target.name.clone()));
        Ok(Discovery { found, session: details })
    }

    /// Logs in to a target with the secrets that the store holds at this moment, and follows redirections ([RFC 7143,
    /// section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
    ///
    /// # Errors
    /// [`Error`], with the side at [`fault`](Error::fault). If a required authentication did not take place, the login
    /// fails before any data flows.
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection, and with it the login.
    pub async fn login(
        &self,
        target: &IscsiName,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<Session, Error> {
        let scope = CredentialScope::Target(target.clone());
        self.log_in(SessionType::Normal(target), scope, portal, authentication).await
    }

    /// Waits until it is a login's turn.
    pub(super) async fn turn<'a>(&'a self, scope: &'a CredentialScope) -> Result<Turn<'a>, Error> {
        let limit = self.config.login_turn_timeout;
        let turn = within(limit, self.queue.turn(scope)).await.flatten();
        turn.ok_or(Error::Timeout { operation: "the wait for other logins", limit })
    }

    /// Logs in within the time limit, which includes reading the store: its disk may not answer either.
    async fn log_in(
        &self,
        session_type: SessionType<'_>,
        scope: CredentialScope,
        portal: &Portal,
        request: &AuthenticationRequest,
    ) -> Result<Session, Error> {
        let _turn = self.turn(&scope).await?;
        let clock = Clock::start();
        let credentials = self.credentials(&scope, portal, request).await?;
        let lease = self.config.isids.lease(target_of(session_type))?;
        let settings = self.settings(session_type, lease.isid(), &credentials);
        let mut exchange = Exchange::new(settings, portal, Duration::ZERO);
        let (stream, complete) = log_in(&mut exchange, clock).await?;
        let (logged_in, inbox) = *complete;
        let redial = self.redialer(session_type, portal, request, &lease, &logged_in.completed.authenticated);
        Ok(start(stream, inbox, lease, &settings, logged_in, redial))
    }

    /// The credentials that the store holds at this moment.
    pub(super) async fn credentials(
        &self,
        scope: &CredentialScope,
        portal: &Portal,
        request: &AuthenticationRequest,
    ) -> Result<Credentials, Error> {
        let limit = self.config.login_timeout;
        let snapshot = within(limit, current_snapshot(&self.secrets.store)).await;
        let snapshot = snapshot.ok_or_else(|| not_begun(portal, limit))?;
        Credentials::of(scope, request, &self.secrets, snapshot, &self.config)
    }

    /// The settings of a login.
    pub(super) fn settings<'a>(
        &'a self,
        session_type: SessionType<'a>,
        isid: Isid,
        credentials: &'a Credentials,
    ) -> LoginSettings<'a> {
        LoginSettings {
            config: &self.config,
            offer: &self.offer,
            session_type,
            isid,
            credentials,
            reinstates: false,
            is_own_challenge: &is_own_challenge,
        }
    }
}

/// The error of a login for which the store could not be read in time.
fn not_begun(portal: &Portal, limit: Duration) -> Error {
    let (portal, first) = (portal.clone(), portal.clone());
    Error::LoginTimeout { portal, redirects: 0, first, step: LoginStep::Connecting, limit }
}

/// Starts the session of a login that an [`Exchange`] has completed, over any stream. The inbox has the bytes that followed
/// the login, and the lease is the one of the login's ISID. Needs a tokio runtime.
#[must_use]
pub fn session_over<S: Stream>(
    stream: S,
    inbox: Inbox,
    lease: IsidLease,
    settings: &LoginSettings<'_>,
    logged_in: LoggedIn,
) -> Session {
    start(stream, inbox, lease, settings, logged_in, None)
}

pub(super) fn start<S: Stream>(
    stream: S,
    inbox: Inbox,
    lease: IsidLease,
    settings: &LoginSettings<'_>,
    logged_in: LoggedIn,
    redial: Option<Arc<dyn Redial<S>>>,
) -> Session {
    let connection = Connection::new(stream, inbox, &logged_in);
    let LoggedIn { portal, redirect_kind, completed, tolerance, times } = logged_in;
    let credentials = settings.credentials;
    let details = SessionDetails {
        target: target_of(settings.session_type).cloned(),
        initiator_name: settings.config.initiator_name.clone(),
        portal,
        redirect_kind,
        isid: settings.isid,
        unauthenticated: credentials.why_unauthenticated(&completed.authenticated),
        unread_store: credentials.unread_store(),
        completed,
        times,
    };
    Session::start(connection, lease, details, tolerance, settings.config, redial)
}

/// The store's content, read on a blocking thread if that involves a disk or another process.
async fn current_snapshot(store: &Arc<dyn SecretStore>) -> Result<Arc<StoreSnapshot>, StoreError> {
    if let Some(snapshot) = store.snapshot_now() {
        return Ok(snapshot);
    }
    let store = Arc::clone(store);
    blocking((), move |()| store.snapshot()).await
}

/// Logs one line for each deviation of a record, with the addresses of its target.
fn log_deviations(target: &DiscoveredTarget) {
    let addresses: Vec<_> = target.addresses.iter().map(ToString::to_string).collect();
    let of_addresses = target.deviations.iter().map(|deviation| &deviation.observed);
    for observed in target.name_deviation.iter().chain(of_addresses) {
        tracing::info!(id = observed.deviation.id, detail = ?observed.detail, ?addresses, "deviation tolerated");
    }
}

/// The target of a session; `None` for a discovery.
const fn target_of(session_type: SessionType<'_>) -> Option<&IscsiName> {
    match session_type {
        SessionType::Normal(target) => Some(target),
        SessionType::Discovery => None,
    }
}

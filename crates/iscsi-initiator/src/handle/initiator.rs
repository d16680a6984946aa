//! The initiator: a name, settings, and the secrets to log in with.

use std::sync::Arc;

use iscsi_login::initiator::SessionType;
use iscsi_login::{DiscoveredTarget, DiscoveredTargets, ObservedDeviation, Tolerance};
use iscsi_pdu::{IscsiName, Portal};
use iscsi_secrets::vds::VdsServiceIscsi;
use iscsi_secrets::{MemoryStore, SecretStore, StoreError, StoreSnapshot};

use super::session::{Session, SessionDetails};
use crate::config::Config;
use crate::error::Error;
use crate::login::{AuthenticationRequest, CredentialScope, Credentials, LoginProgress, Redirects, Secrets};
use crate::runtime::{LoginAttempt, LoginOutcome, blocking, log_in, within};

/// What a program holds to log in with. Cheap to clone; all clones share the store.
#[derive(Clone)]
pub struct Initiator {
    config: Arc<Config>,
    secrets: Secrets,
    pub(super) vds: Arc<VdsServiceIscsi>,
}

/// The answer to a discovery.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Discovery {
    /// The targets, in the order in which the portal named them, and what cannot be used.
    pub found: DiscoveredTargets,
    /// What is known of the discovery session, which is over.
    pub session: SessionDetails,
}

impl Initiator {
    /// An initiator of these settings that takes its secrets from `store`, anew for every login.
    #[must_use]
    pub fn new(config: Config, store: Arc<dyn SecretStore>) -> Self {
        Self::of(config, Secrets { store, is_given: true })
    }

    /// An initiator without a store: credentials come with each [`AuthenticationRequest`]. What is set by the VDS calls
    /// is kept in memory.
    #[must_use]
    pub fn without_store(config: Config) -> Self {
        Self::of(config, Secrets { store: Arc::new(MemoryStore::new()), is_given: false })
    }

    fn of(config: Config, secrets: Secrets) -> Self {
        let store = Arc::clone(&secrets.store);
        let vds = Arc::new(VdsServiceIscsi::new(store, config.initiator_name.as_str()));
        Self { config: Arc::new(config), secrets, vds }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Asks a portal for its targets (`SendTargets=All` in a discovery session). From then on they are known to this
    /// process, so that their ids resolve in VDS calls; nothing is written to the store.
    ///
    /// A malformed record does not hide the others, unless [`Config::strictness`] refuses all deviations.
    ///
    /// # Errors
    /// [`Error`] of connecting, of the login, or for an answer that refuses the question.
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

    /// The same with what is known of the discovery session, such as who authenticated whom.
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
            // DIS-13: a target may end a discovery by itself; the answer counts.
            tracing::debug!(%portal, %error, "discovery ended without a logout");
        }
        let mut found = found?;
        found.login_deviations = deviations;
        found.targets.iter().for_each(log_deviations);
        self.vds.add_targets(found.targets.iter().map(|target| target.name.clone()));
        Ok(Discovery { found, session: details })
    }

    /// Logs in to a target, following redirections, with the secrets the store holds at this moment.
    ///
    /// # Errors
    /// [`Error`]; its [`fault`](Error::fault) says who is to blame. A demanded authentication that did not take place
    /// is an error before any data flows.
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection; the target sees a login that was given up.
    pub async fn login(
        &self,
        target: &IscsiName,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<Session, Error> {
        let scope = CredentialScope::Target(target.clone());
        self.log_in(SessionType::Normal(target), scope, portal, authentication).await
    }

    /// The limit counts from the first look into the store: its disk may not answer either.
    async fn log_in(
        &self,
        session_type: SessionType<'_>,
        scope: CredentialScope,
        portal: &Portal,
        request: &AuthenticationRequest,
    ) -> Result<Session, Error> {
        let (limit, progress) = (self.config.login_timeout, LoginProgress::new(portal));
        let login = async {
            let credentials = Credentials::of(
                &scope,
                request,
                &self.secrets,
                current_snapshot(&self.secrets.store).await,
                &self.config,
            )?;
            self.follow_redirects(session_type, portal, &credentials, &progress).await
        };
        within(limit, login).await.unwrap_or_else(|| Err(progress.timeout(limit)))
    }

    /// LOG-30, LOG-31: every hop is a login from scratch, with the same demands.
    async fn follow_redirects(
        &self,
        session_type: SessionType<'_>,
        portal: &Portal,
        credentials: &Credentials,
        progress: &LoginProgress,
    ) -> Result<Session, Error> {
        // LOG-11: the same one on every hop.
        let lease = self.config.isids.lease(target_of(session_type))?;
        let mut redirects = Redirects::new(self.config.redirect_to.as_deref());
        let mut portal = portal.clone();
        let mut tolerance = Tolerance::new(self.config.strictness);
        loop {
            let attempt = LoginAttempt {
                config: &self.config,
                session_type,
                isid: lease.isid(),
                portal: &portal,
                credentials,
                progress,
            };
            portal = match log_in(&attempt).await {
                Ok(LoginOutcome::Complete(connection, completed, times)) => {
                    record(&mut tolerance, &completed.deviations);
                    let (target, redirect_kind) =
                        (target_of(session_type).cloned(), redirects.redirect_kind());
                    let isid = lease.isid();
                    let unauthenticated = credentials.why_unauthenticated(&completed.authenticated);
                    let unread_store = credentials.unread_store();
                    let details = SessionDetails {
                        target,
                        portal,
                        redirect_kind,
                        isid,
                        completed,
                        unauthenticated,
                        unread_store,
                        times,
                    };
                    return Ok(Session::start(
                        connection,
                        lease,
                        details,
                        tolerance,
                        self.config.command_timeout,
                    ));
                }
                Ok(LoginOutcome::Redirect(redirect)) => {
                    record(&mut tolerance, &redirect.deviations);
                    redirects.follow(portal, &redirect)?
                }
                Err(error) => redirects.instead(portal, error)?,
            };
            progress.move_to(&portal, redirects.hops());
            tracing::info!(%portal, "login redirected");
        }
    }
}

/// The store's content, read on a thread that may block if that takes a disk or another process.
async fn current_snapshot(store: &Arc<dyn SecretStore>) -> Result<Arc<StoreSnapshot>, StoreError> {
    if let Some(snapshot) = store.snapshot_now() {
        return Ok(snapshot);
    }
    let store = Arc::clone(store);
    blocking((), move |()| store.snapshot()).await
}

/// Adds what was tolerated on one hop.
fn record(tolerance: &mut Tolerance, deviations: &[ObservedDeviation]) {
    for observed in deviations {
        tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        tolerance.record(observed.clone());
    }
}

/// One log line for each oddity of a record, with the addresses of its target.
fn log_deviations(target: &DiscoveredTarget) {
    let addresses: Vec<_> = target.addresses.iter().map(ToString::to_string).collect();
    let of_addresses = target.deviations.iter().map(|deviation| &deviation.observed);
    for observed in target.name_deviation.iter().chain(of_addresses) {
        tracing::info!(id = observed.deviation.id, detail = ?observed.detail, ?addresses, "deviation tolerated");
    }
}

/// `None` for a discovery.
const fn target_of(session_type: SessionType<'_>) -> Option<&IscsiName> {
    match session_type {
        SessionType::Normal(target) => Some(target),
        SessionType::Discovery => None,
    }
}

//! Logins by mutual CHAP with the secrets of a store in memory.

use std::error::Error;
use std::sync::Arc;

use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, Config, Initiator, IscsiName, Portal,
    RecoveryPolicy, Session,
};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Scope, Secret, SecretStore as _};
use iscsi_tests::chap_environment::{INITIATOR_SECRET, TARGET_SECRET, secret};
use tokio::task::JoinSet;

use crate::arguments::Arguments;

/// The initiator and the target of every login; clones share them.
#[derive(Clone)]
pub(crate) struct Logins {
    initiator: Initiator,
    target: IscsiName,
    portal: Portal,
}

impl Logins {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::new("iqn.2001-04.com.example:stress".parse()?)?;
        // Logins are counted, not the pings of the sessions beside them.
        config.noop_out_interval = None;
        config.recovery = if arguments.recovery { RecoveryPolicy::default() } else { RecoveryPolicy::OFF };
        let initiator = Initiator::new(config, Arc::new(store(arguments)?));
        Ok(Self { initiator, target: arguments.target.clone(), portal: arguments.portal.clone() })
    }

    /// One login by mutual CHAP.
    pub(crate) async fn log_in(&self) -> Result<Session, iscsi_initiator::Error> {
        let request =
            AuthenticationRequest { mode: AuthenticationMode::Mutual, ..AuthenticationRequest::default() };
        let session = self.initiator.login(&self.target, &self.portal, &request).await?;
        assert!(matches!(session.details().completed.authenticated, Authenticated::Mutual(_)));
        Ok(session)
    }

    /// One login with its logout.
    pub(crate) async fn log_in_and_out(&self) -> Result<(), iscsi_initiator::Error> {
        self.log_in().await?.logout().await
    }

    /// Makes this many logins concurrently.
    pub(crate) async fn log_in_at_once(&self, count: usize) -> Result<Vec<Session>, iscsi_initiator::Error> {
        let mut logins = JoinSet::new();
        for _ in 0..count {
            let this = self.clone();
            logins.spawn(async move { this.log_in().await });
        }
        logins.join_all().await.into_iter().collect()
    }
}

fn store(arguments: &Arguments) -> Result<MemoryStore, Box<dyn Error>> {
    let store = MemoryStore::new();
    let target = IscsiName::new(arguments.target.as_str())?;
    let bytes = |variable| Ok::<_, Box<dyn Error>>(Secret::from_bytes(&secret(variable)?)?);
    let forward = ForwardCredential::new(Some(arguments.initiator_user.clone()), bytes(INITIATOR_SECRET)?)?;
    let reverse = ReverseCredential::new(Some(arguments.target_user.clone()), bytes(TARGET_SECRET)?)?;
    store.set_forward(target.clone().into(), forward)?;
    store.set_reverse(Scope::Target(target), reverse)?;
    Ok(store)
}

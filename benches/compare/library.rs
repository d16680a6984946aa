//! The contender `ours`: logins and logouts by the library, as in `iscsi bench login`.

use std::sync::Arc;

use iscsi_initiator::{
    Authenticated, AuthenticationMode, AuthenticationRequest, Config, Initiator, IscsiName, Portal,
};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Secret};

use crate::Failure;
use crate::accounts::{Account, FORWARD, INITIATOR, REVERSE};
use crate::arguments::Login;
use crate::case::Authentication;
use crate::closed_loop::{Attempt, measure};
use crate::sample::ClientSample;

/// One sample.
pub(crate) fn run(login: &Login) -> Result<ClientSample, Failure> {
    let library = Library::new(&login.portal.to_string(), &login.target, login.authentication)?;
    login.runtime.build()?.block_on(measure(&library, login.amount))
}

/// The values that every login needs, made once.
#[derive(Clone)]
pub(crate) struct Library {
    initiator: Initiator,
    target: Arc<IscsiName>,
    portal: Portal,
    request: AuthenticationRequest,
    authentication: Authentication,
}

impl Library {
    pub(crate) fn new(portal: &str, target: &str, authentication: Authentication) -> Result<Self, Failure> {
        let mut config = Config::new(INITIATOR.parse()?)?;
        // The case says how many logins are under way.
        (config.most_logins, config.most_logins_per_target) = (usize::MAX, usize::MAX);
        Ok(Self {
            initiator: Initiator::new(config, Arc::new(MemoryStore::new())),
            target: Arc::new(target.parse()?),
            portal: portal.parse()?,
            request: request(authentication)?,
            authentication,
        })
    }
}

impl Attempt for Library {
    async fn attempt(&self) -> Result<(), Failure> {
        let session = self.initiator.login(&self.target, &self.portal, &self.request).await?;
        if proved(&session.details().completed.authenticated) != self.authentication {
            return Err(format!("not a login with {}", self.authentication).into());
        }
        Ok(session.logout().await?)
    }
}

const fn proved(authenticated: &Authenticated) -> Authentication {
    match authenticated {
        Authenticated::None => Authentication::None,
        Authenticated::Initiator { .. } => Authentication::Chap,
        Authenticated::Mutual(_) => Authentication::Mutual,
    }
}

fn request(authentication: Authentication) -> Result<AuthenticationRequest, Failure> {
    let mode = match authentication {
        Authentication::None => AuthenticationMode::None,
        Authentication::Chap => AuthenticationMode::Chap,
        Authentication::Mutual => AuthenticationMode::Mutual,
    };
    let (name, secret) = credential(&FORWARD)?;
    let forward = ForwardCredential::new(name, secret)?;
    let (name, secret) = credential(&REVERSE)?;
    let reverse = ReverseCredential::new(name, secret)?;
    Ok(AuthenticationRequest { mode, forward: Some(Arc::new(forward)), reverse: Some(Arc::new(reverse)) })
}

fn credential(account: &Account) -> Result<(Option<String>, Secret), Failure> {
    Ok((Some(account.name.to_owned()), Secret::from_bytes(account.secret.as_bytes())?))
}

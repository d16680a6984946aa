//! Joining the secret store to the login: which credentials, and how much they must prove.

use std::sync::Arc;

use iscsi_login::{Authentication, ForwardSecret, ReverseSecret};
use iscsi_pdu::{IscsiName, Portal};
use iscsi_secrets::{
    ForwardCredential, ReverseCredential, ReverseLookup, SecretBook, SecretStore, StoreError,
};

use crate::Error;
use crate::blocking::blocking;

/// How much authentication a login demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthenticationMode {
    /// As much as the known secrets allow: mutual with a reverse secret, else CHAP with a forward one, else none.
    #[default]
    Automatic,
    /// None, whatever is known.
    None,
    /// We prove ourselves if the target asks for it; whether it did is told afterwards.
    IfAsked,
    /// We prove ourselves to the target.
    Chap,
    /// Both prove themselves.
    Mutual,
}

/// The demand, and credentials that go before those of the store. Holds secrets: no `Debug`.
#[derive(Clone, Default)]
pub struct AuthenticationRequest {
    /// How much is demanded.
    pub mode: AuthenticationMode,
    /// What we prove, instead of what the store knows.
    pub forward: Option<Arc<ForwardCredential>>,
    /// What the target proves, instead of what the store knows.
    pub reverse: Option<Arc<ReverseCredential>>,
}

/// What one login will use: owned, so that it stays what it was while the store changes.
pub(crate) struct Credentials {
    forward: Option<Arc<ForwardCredential>>,
    reverse: Option<Arc<ReverseCredential>>,
    only_if_asked: bool,
    initiator_name: String,
}

/// Whose credentials are looked up in a store.
pub(crate) enum Whose {
    /// Those of a target.
    Target(IscsiName),
    /// Those of a discovery at a portal, which has its own (CHP-30).
    Portal(Portal),
}

impl Whose {
    /// Both directions, from one state of the store.
    fn look_up(&self, book: &SecretBook) -> Result<Known, StoreError> {
        Ok(match self {
            Self::Target(name) => (book.forward(name)?, book.reverse(name)?),
            Self::Portal(name) => (book.discovery_forward(name)?, book.discovery_reverse(name)?),
        })
    }
}

/// What a store knows for both directions.
type Known = (Option<Arc<ForwardCredential>>, ReverseLookup);

impl AuthenticationRequest {
    /// Whether anything is left for the store to say.
    fn leaves_open(&self) -> bool {
        match self.mode {
            AuthenticationMode::None => false,
            AuthenticationMode::Chap | AuthenticationMode::IfAsked => self.forward.is_none(),
            AuthenticationMode::Automatic | AuthenticationMode::Mutual => {
                self.forward.is_none() || self.reverse.is_none()
            }
        }
    }
}

impl Credentials {
    /// Decides for one login: what the caller gives goes before what the store knows. The store is asked once, on a
    /// thread that may block if it has to wait, and not at all if nothing is left for it to say.
    pub(crate) async fn of(
        whose: Whose,
        request: &AuthenticationRequest,
        store: &Arc<dyn SecretStore>,
        initiator_name: &IscsiName,
    ) -> Result<Self, Error> {
        let (forward, reverse) = if request.leaves_open() {
            let book = current_book(store).await.map_err(Error::Secrets)?;
            whose.look_up(&book).map_err(Error::Secrets)?
        } else {
            (None, ReverseLookup::Unknown)
        };
        let forward = request.forward.clone().or(forward);
        let reverse = request.reverse.clone().map_or(reverse, ReverseLookup::Known);
        Self::decide(request.mode, forward, reverse, initiator_name)
    }

    fn decide(
        mode: AuthenticationMode,
        forward: Option<Arc<ForwardCredential>>,
        reverse: ReverseLookup,
        initiator_name: &IscsiName,
    ) -> Result<Self, Error> {
        let (forward, reverse) = match (mode, forward, reverse) {
            (AuthenticationMode::None, ..)
            | (AuthenticationMode::Automatic, None, ReverseLookup::Unknown) => (None, None),
            (AuthenticationMode::Automatic | AuthenticationMode::Mutual, _, ReverseLookup::Cleared) => {
                return Err(policy("the target must authenticate itself, but its secret was cleared"));
            }
            (AuthenticationMode::Mutual, _, ReverseLookup::Unknown) => {
                return Err(policy("mutual CHAP is demanded, but no secret is set for the target to prove"));
            }
            (AuthenticationMode::Automatic | AuthenticationMode::Mutual, None, ReverseLookup::Known(_)) => {
                return Err(policy("mutual CHAP is demanded, but no secret is remembered for us to prove"));
            }
            (AuthenticationMode::Chap, None, _) => {
                return Err(policy("CHAP is demanded, but no secret is remembered for us to prove"));
            }
            (AuthenticationMode::Chap | AuthenticationMode::IfAsked, forward, _)
            | (AuthenticationMode::Automatic, forward, ReverseLookup::Unknown) => (forward, None),
            (_, forward, ReverseLookup::Known(reverse)) => (forward, Some(reverse)),
        };
        let only_if_asked = mode == AuthenticationMode::IfAsked;
        Ok(Self { forward, reverse, only_if_asked, initiator_name: initiator_name.as_str().to_owned() })
    }

    /// The borrowed form the login takes.
    pub(crate) fn as_authentication(&self) -> Authentication<'_> {
        let Some(forward) = self.forward.as_deref() else { return Authentication::None };
        let forward = iscsi_login::ForwardCredential {
            name: forward.name().unwrap_or(&self.initiator_name),
            secret: ForwardSecret::new(forward.secret().expose_secret()),
        };
        match self.reverse.as_deref() {
            None if self.only_if_asked => Authentication::IfAsked(forward),
            None => Authentication::Chap(forward),
            Some(reverse) => Authentication::Mutual(
                forward,
                iscsi_login::ReverseCredential {
                    name: reverse.name(),
                    secret: ReverseSecret::new(reverse.secret().expose_secret()),
                },
            ),
        }
    }
}

fn policy(reason: &str) -> Error {
    Error::Policy(reason.to_owned())
}

async fn current_book(store: &Arc<dyn SecretStore>) -> Result<Arc<SecretBook>, StoreError> {
    if let Some(book) = store.snapshot_now() {
        return Ok(book);
    }
    let store = Arc::clone(store);
    blocking((), move |()| store.snapshot()).await
}

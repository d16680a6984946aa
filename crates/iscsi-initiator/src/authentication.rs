//! Joining the secret store to the login: which credentials, and how much they must prove.

use std::sync::Arc;

use iscsi_login::{Authentication, ForwardSecret, ReverseSecret};
use iscsi_pdu::IscsiName;
use iscsi_secrets::{
    ForwardCredential, PortalName, ReverseCredential, ReverseLookup, SecretBook, SecretStore, StoreError,
    TargetName,
};

use crate::{Error, Portal};

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

/// What a store knows for both directions.
type Known = (Option<Arc<ForwardCredential>>, ReverseLookup);

impl Credentials {
    /// Decides for a target; reads the store once, so that both directions are of one state of it.
    pub(crate) fn for_target(
        request: &AuthenticationRequest,
        store: &dyn SecretStore,
        target: &IscsiName,
        initiator_name: &IscsiName,
    ) -> Result<Self, Error> {
        let name = TargetName::new(target.as_str())
            .map_err(|error| Error::Caller(format!("target name cannot be looked up: {error}")))?;
        Self::look_up(request, store, initiator_name, |book| Ok((book.forward(&name)?, book.reverse(&name)?)))
    }

    /// Decides for a discovery session, which has credentials of its own (CHP-30): what the caller gives, else what
    /// the store knows for the portal.
    pub(crate) fn for_discovery(
        request: &AuthenticationRequest,
        store: &dyn SecretStore,
        portal: &Portal,
        initiator_name: &IscsiName,
    ) -> Result<Self, Error> {
        let name = PortalName::try_from(portal)
            .map_err(|error| Error::Caller(format!("portal cannot be looked up: {error}")))?;
        Self::look_up(request, store, initiator_name, |book| {
            Ok((book.discovery_forward(&name)?, book.discovery_reverse(&name)?))
        })
    }

    /// What the caller gives goes before what the store knows; with mode `None` the store is not asked.
    fn look_up(
        request: &AuthenticationRequest,
        store: &dyn SecretStore,
        initiator_name: &IscsiName,
        known: impl FnOnce(&SecretBook) -> Result<Known, StoreError>,
    ) -> Result<Self, Error> {
        let (forward, reverse) = if request.mode == AuthenticationMode::None {
            (None, ReverseLookup::Unknown)
        } else {
            store.snapshot().and_then(|book| known(&book)).map_err(Error::Secrets)?
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

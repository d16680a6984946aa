//! Credentials and required authentication of a login, from the caller's request, the secret store and the settings.

use std::sync::Arc;

use iscsi_login::initiator::Authenticated;
use iscsi_login::{Authentication, ForwardSecret, ReverseSecret};
use iscsi_pdu::{IscsiName, Portal};
use iscsi_secrets::{
    Direction, ForwardCredential, Policy, Requirement, ReverseCredential, ReverseLookup, SecretStore,
    StoreError, StoreOrigin, StoreSnapshot,
};

use crate::config::Config;
use crate::error::Error;

/// The authentication that a caller requests for a login ([RFC 7143, section
/// 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthenticationMode {
    /// The most that the known secrets allow: mutual CHAP with a reverse secret, one-way CHAP with a forward secret,
    /// and no authentication without secrets. In the last case
    /// [`SessionDetails::unauthenticated`](crate::SessionDetails::unauthenticated) states the reason.
    #[default]
    Automatic,
    /// No authentication, even if secrets are known.
    None,
    /// The initiator authenticates itself if the target asks for it; the result of the login tells whether it did.
    IfAsked,
    /// The initiator authenticates itself to the target (one-way CHAP).
    Chap,
    /// The initiator and the target authenticate themselves to each other (mutual CHAP).
    Mutual,
}

/// The requested authentication ([RFC 7143, section 12.1](https://www.rfc-editor.org/rfc/rfc7143#section-12.1)), with
/// credentials that take precedence over those of the store. Holds secrets: no `Debug`.
#[derive(Clone, Default)]
pub struct AuthenticationRequest {
    /// The requested authentication.
    pub mode: AuthenticationMode,
    /// The credential of the initiator, instead of the store's.
    pub forward: Option<Arc<ForwardCredential>>,
    /// The credential of the target, instead of the store's.
    pub reverse: Option<Arc<ReverseCredential>>,
}

/// The reason why a session has no authentication although the mode was not [`AuthenticationMode::None`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unauthenticated {
    /// The initiator has no store, and no credentials were given.
    NoStore,
    /// The store has neither a secret for the target or portal nor a default.
    NoSecret {
        /// The store that was read.
        store: StoreOrigin,
        /// Whether the store has no secret at all.
        is_empty: bool,
    },
    /// The initiator was ready to authenticate itself, but the target did not ask for it
    /// ([`AuthenticationMode::IfAsked`]).
    NotAsked,
}

/// The store of an initiator.
#[derive(Clone)]
pub struct Secrets {
    /// The store.
    pub store: Arc<dyn SecretStore>,
    /// False for the empty store in memory of an initiator without a store.
    pub is_given: bool,
}

/// The credentials of one login, owned so that a change of the store does not affect a login in progress.
pub struct Credentials {
    forward: Option<Arc<ForwardCredential>>,
    reverse: Option<Arc<ReverseCredential>>,
    only_if_asked: bool,
    initiator_name: String,
    /// The reason why the session may have no authentication; `None` if the caller requested none.
    unauthenticated: Option<Unauthenticated>,
    /// The reason why the store could not be read, for a login that takes no secret from it.
    unread_store: Option<StoreError>,
}

/// The scope of credentials in a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialScope {
    /// Sessions to a target.
    Target(IscsiName),
    /// Discovery at a portal, which has credentials of its own (CHP-30).
    Portal(Portal),
}

impl CredentialScope {
    /// The store's policy for this scope.
    fn policy(&self, snapshot: &StoreSnapshot) -> Option<Policy> {
        match self {
            Self::Target(name) => snapshot.requirement(name),
            Self::Portal(name) => snapshot.discovery_requirement(name),
        }
    }

    /// The credentials of both directions, from one snapshot of the store.
    fn look_up(&self, snapshot: &StoreSnapshot) -> Result<Known, StoreError> {
        Ok(match self {
            Self::Target(name) => (snapshot.forward(name)?, snapshot.reverse(name)?),
            Self::Portal(name) => (snapshot.discovery_forward(name)?, snapshot.discovery_reverse(name)?),
        })
    }
}

/// A store's credentials for both directions.
type Known = (Option<Arc<ForwardCredential>>, ReverseLookup);

impl AuthenticationRequest {
    /// Returns whether the store has to provide a secret. If not, a store that cannot be read does not fail the login.
    #[must_use]
    pub fn takes_from_store(&self) -> bool {
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
    /// Chooses the credentials of one login. The caller's take precedence over those of the store; the store's policy
    /// applies to both.
    ///
    /// A store that cannot be read is an error if a secret could have come from it. Otherwise the login goes on with
    /// what the caller requested explicitly, and `unread_store` has the error.
    ///
    /// # Errors
    /// [`Error`] for secrets that cannot be read or do not suffice, or that may not be used in this way.
    pub fn of(
        scope: &CredentialScope,
        request: &AuthenticationRequest,
        secrets: &Secrets,
        snapshot: Result<Arc<StoreSnapshot>, StoreError>,
        config: &Config,
    ) -> Result<Self, Error> {
        let takes_from_store = request.takes_from_store();
        let (snapshot, unread_store) = match snapshot {
            Ok(snapshot) => (snapshot, None),
            Err(error) if takes_from_store => return Err(Error::Secrets(error)),
            Err(error) => (Arc::default(), Some(error)),
        };
        let known =
            if takes_from_store { scope.look_up(&snapshot) } else { Ok((None, ReverseLookup::Unknown)) };
        let (forward, reverse) = known.map_err(Error::Secrets)?;
        let forward = request.forward.clone().or(forward);
        let reverse = request.reverse.clone().map_or(reverse, ReverseLookup::Known);
        let mut credentials = Self::decide(request.mode, forward, reverse, &config.initiator_name)?;
        credentials.check_requirement(scope.policy(&snapshot), config.require)?;
        if !config.allow_shared_secret {
            credentials.check_reuse(&snapshot).map_err(Error::Secrets)?.map_or(Ok(()), Err)?;
        }
        credentials.unauthenticated = credentials.reason(request.mode, secrets, &snapshot);
        credentials.unread_store = unread_store;
        Ok(credentials)
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
                return Err(policy("mutual CHAP is requested, but no secret of the target is known"));
            }
            (AuthenticationMode::Automatic | AuthenticationMode::Mutual, None, ReverseLookup::Known(_)) => {
                return Err(policy("mutual CHAP is requested, but no secret of the initiator is known"));
            }
            (AuthenticationMode::Chap, None, _) => {
                return Err(policy("CHAP is requested, but no secret of the initiator is known"));
            }
            (AuthenticationMode::Chap | AuthenticationMode::IfAsked, forward, _)
            | (AuthenticationMode::Automatic, forward, ReverseLookup::Unknown) => (forward, None),
            (_, forward, ReverseLookup::Known(reverse)) => (forward, Some(reverse)),
        };
        Ok(Self {
            forward,
            reverse,
            only_if_asked: mode == AuthenticationMode::IfAsked,
            initiator_name: initiator_name.as_str().to_owned(),
            unauthenticated: None,
            unread_store: None,
        })
    }

    /// Checks the planned authentication against the stricter of the store's policy and the setting.
    fn check_requirement(&self, policy: Option<Policy>, setting: Requirement) -> Result<(), Error> {
        let (required, set_for) = match policy {
            Some(policy) if policy.requirement >= setting => (policy.requirement, Some(policy.set_for)),
            _ => (setting, None),
        };
        let planned = self.level();
        if planned >= required { Ok(()) } else { Err(Error::BelowRequirement { planned, required, set_for }) }
    }

    /// Demands at least the authentication that an earlier login of the session had: the secrets may have changed since, the
    /// demand has not.
    ///
    /// # Errors
    /// [`Error::BelowRequirement`] when the secrets no longer suffice for it.
    pub fn demand(&mut self, reached: Requirement) -> Result<(), Error> {
        self.only_if_asked &= reached == Requirement::None;
        self.check_requirement(None, reached)
    }

    /// The least authentication that a session with these credentials will have.
    fn level(&self) -> Requirement {
        match (&self.forward, &self.reverse) {
            (None, _) => Requirement::None,
            (Some(_), _) if self.only_if_asked => Requirement::None,
            (Some(_), None) => Requirement::Chap,
            (Some(_), Some(_)) => Requirement::Mutual,
        }
    }

    /// Looks for a secret that is used towards one target and expected from another, which lets a challenge be
    /// reflected between two processes (RFC 7143, 9.2.1). One secret for both directions of this login is not looked
    /// for here, because the login itself always refuses it.
    fn check_reuse(&self, snapshot: &StoreSnapshot) -> Result<Option<Error>, StoreError> {
        let Some(forward) = &self.forward else { return Ok(None) };
        let elsewhere = match &self.reverse {
            Some(reverse) if reverse.secret().same_bytes(forward.secret()) => return Ok(None),
            Some(reverse) => snapshot.opposite_uses(reverse.secret(), Direction::Reverse)?,
            None => Vec::new(),
        };
        let uses = [snapshot.opposite_uses(forward.secret(), Direction::Forward)?, elsewhere].concat();
        Ok((!uses.is_empty()).then_some(Error::SharedSecret { uses }))
    }

    fn reason(
        &self,
        mode: AuthenticationMode,
        secrets: &Secrets,
        snapshot: &StoreSnapshot,
    ) -> Option<Unauthenticated> {
        match (mode, &self.forward) {
            (AuthenticationMode::None, _) => None,
            (_, Some(_)) => Some(Unauthenticated::NotAsked),
            (_, None) if !secrets.is_given => Some(Unauthenticated::NoStore),
            (_, None) => {
                let store = secrets.store.origin();
                Some(Unauthenticated::NoSecret { store, is_empty: !snapshot.has_secrets() })
            }
        }
    }

    /// The reason why the session has no authentication, if the caller did not request that.
    pub(crate) fn why_unauthenticated(&self, authenticated: &Authenticated) -> Option<Unauthenticated> {
        self.unauthenticated.clone().filter(|_| matches!(authenticated, Authenticated::None))
    }

    /// The reason why the store could not be read, for a login that takes no secret from it.
    pub(crate) fn unread_store(&self) -> Option<StoreError> {
        self.unread_store.clone()
    }

    /// The borrowed form that the login takes.
    pub(super) fn as_authentication(&self) -> Authentication<'_> {
        let Some(forward) = self.forward.as_deref() else { return Authentication::None };
        let forward = iscsi_login::ForwardCredentialRef {
            name: forward.name().unwrap_or(&self.initiator_name),
            secret: ForwardSecret::new(forward.secret().expose_secret()),
        };
        match self.reverse.as_deref() {
            None if self.only_if_asked => Authentication::IfAsked(forward),
            None => Authentication::Chap(forward),
            Some(reverse) => Authentication::Mutual(
                forward,
                iscsi_login::ReverseCredentialRef {
                    name: reverse.name(),
                    secret: ReverseSecret::new(reverse.secret().expose_secret()),
                },
            ),
        }
    }
}

fn policy(reason: &str) -> Error {
    Error::AuthPolicy(reason.to_owned())
}

#[cfg(test)]
mod tests;

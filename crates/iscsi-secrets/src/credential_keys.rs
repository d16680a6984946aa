//! The names under which open-iscsi, and whoever follows it, keeps the two halves of a credential.

use crate::change::Change;
use crate::credential::{ChapNameError, ForwardCredential, ReverseCredential};
use crate::scope::Scope;
use crate::secret::Secret;

/// Who proves a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// We do.
    Forward,
    /// The target does.
    Reverse,
}

/// Where the halves of one credential stand.
#[derive(Debug)]
pub(crate) struct CredentialKeys {
    pub(crate) direction: Direction,
    /// The key of the CHAP name.
    pub(crate) name: &'static str,
    pub(crate) secret: &'static str,
}

/// Logins to targets.
#[cfg(feature = "file")]
pub(crate) const SESSION: [CredentialKeys; 2] = [
    CredentialKeys {
        direction: Direction::Forward,
        name: "node.session.auth.username",
        secret: "node.session.auth.password",
    },
    CredentialKeys {
        direction: Direction::Reverse,
        name: "node.session.auth.username_in",
        secret: "node.session.auth.password_in",
    },
];

/// Discoveries.
#[cfg(feature = "file")]
pub(crate) const DISCOVERY: [CredentialKeys; 2] = [
    CredentialKeys {
        direction: Direction::Forward,
        name: "discovery.sendtargets.auth.username",
        secret: "discovery.sendtargets.auth.password",
    },
    CredentialKeys {
        direction: Direction::Reverse,
        name: "discovery.sendtargets.auth.username_in",
        secret: "discovery.sendtargets.auth.password_in",
    },
];

impl Direction {
    /// The change that stores a credential of this direction.
    pub(crate) fn change(
        self,
        scope: Scope,
        name: Option<String>,
        secret: Secret,
    ) -> Result<Change, ChapNameError> {
        Ok(match self {
            Self::Forward => Change::SetForward(scope, ForwardCredential::new(name, secret)?),
            Self::Reverse => Change::SetReverse(scope, ReverseCredential::new(name, secret)?),
        })
    }
}

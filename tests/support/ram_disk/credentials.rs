//! Accounts of a target, and the authentication that it requires.

use std::sync::Arc;

use iscsi_login::{Authentication, ForwardCredentialRef, ForwardSecret, ReverseCredentialRef, ReverseSecret};
use iscsi_pdu::{LoginRequest, TextKeys};
use iscsi_secrets::vds::{TargetLogin, VdsIscsiTarget};
use zeroize::Zeroizing;

/// A CHAP name and its secret. No `Debug`, wiped when dropped.
pub struct Account {
    name: String,
    secret: Zeroizing<Vec<u8>>,
}

impl Account {
    /// An account of this name with a copy of this secret.
    #[must_use]
    pub fn new(name: &str, secret: &[u8]) -> Self {
        Self { name: name.to_owned(), secret: Zeroizing::new(secret.to_vec()) }
    }
}

/// The required authentication, with owned accounts.
#[derive(Default)]
pub enum Credentials {
    /// Nobody anything.
    #[default]
    None,
    /// The initiator, by CHAP.
    Chap(Account),
    /// Both; an initiator that sends no challenge is refused.
    Mutual {
        /// The account of the initiator.
        initiator: Account,
        /// The account of the target.
        target: Account,
    },
    /// The accounts set through the target's side of the VDS API, as they are when a login begins. Not for discovery,
    /// which has no authentication with this setting.
    Managed(Arc<VdsIscsiTarget>),
}

impl Credentials {
    /// The credentials in the form that the login takes; managed ones have been looked up before.
    #[must_use]
    pub fn as_authentication(&self) -> Authentication<'_> {
        match self {
            Self::None | Self::Managed(_) => Authentication::None,
            Self::Chap(initiator) => Authentication::Chap(forward_credential(initiator)),
            Self::Mutual { initiator, target } => Authentication::Mutual(
                forward_credential(initiator),
                ReverseCredentialRef { name: Some(&target.name), secret: ReverseSecret::new(&target.secret) },
            ),
        }
    }

    /// The credentials for a login of this initiator, if they are managed.
    pub(super) fn managed(&self, initiator: &str, unguessable: &[u8]) -> Option<Self> {
        match self {
            Self::Managed(managed) => Some(credentials_of(managed, initiator, unguessable)),
            _ => None,
        }
    }
}

fn forward_credential(account: &Account) -> ForwardCredentialRef<'_> {
    ForwardCredentialRef { name: &account.name, secret: ForwardSecret::new(&account.secret) }
}

/// Without an account, or after the target was deleted, no login succeeds: nobody knows the secret.
fn credentials_of(managed: &VdsIscsiTarget, initiator: &str, unguessable: &[u8]) -> Credentials {
    match managed.login_of(initiator) {
        Ok(TargetLogin::Open) => Credentials::None,
        Ok(TargetLogin::Account { target_secret, initiator_secret }) => {
            let account = Account::new(initiator, target_secret.expose_secret());
            match initiator_secret {
                None => Credentials::Chap(account),
                Some(secret) => Credentials::Mutual {
                    initiator: account,
                    target: Account::new(managed.name().as_str(), secret.expose_secret()),
                },
            }
        }
        _ => Credentials::Chap(Account::new(initiator, unguessable)),
    }
}

/// The initiator name in the first request (RFC 7143, 13.6); empty if it is missing.
pub(super) fn initiator_name(first: &LoginRequest) -> String {
    let keys = TextKeys::parse(&first.text).ok();
    keys.and_then(|keys| keys.get("InitiatorName").map(str::to_owned)).unwrap_or_default()
}

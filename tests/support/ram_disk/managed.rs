//! Accounts that an administrator may change between two logins.

use iscsi_pdu::{LoginRequest, TextKeys};
use iscsi_secrets::generate_secret;
use iscsi_secrets::vds::{TargetLogin, VdsIscsiTarget};

use super::fault::Fault;
use super::{Account, Credentials};

/// The credentials for a login of this initiator. Without an account, or after the target was deleted, no login succeeds.
pub(super) fn credentials_of(managed: &VdsIscsiTarget, initiator: &str) -> Result<Credentials, Fault> {
    Ok(match managed.login_of(initiator) {
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
        _ => {
            let secret = generate_secret().map_err(|error| Fault::NoRandomBytes(error.to_string()))?;
            Credentials::Chap(Account::new(initiator, secret.expose_secret()))
        }
    })
}

/// The initiator name in the first request (RFC 7143, 13.6); empty if it is missing.
pub(super) fn initiator_name(first: &LoginRequest) -> String {
    let keys = TextKeys::parse(&first.text).ok();
    keys.and_then(|keys| keys.get("InitiatorName").map(str::to_owned)).unwrap_or_default()
}

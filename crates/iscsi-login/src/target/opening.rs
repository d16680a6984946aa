//! What the first request says: who logs in, and to what (RFC 7143, 6.3).

use iscsi_pdu::{IscsiName, LoginStatus, SerialNumber};

use super::{Completed, Config, Refusal};
use crate::error::ProtocolViolation;
use crate::received_keys::ReceivedKeys;
use crate::{Authentication, Parameters};

/// The declarations of the leading request, and what has been proved since.
#[derive(Clone)]
pub(super) struct Opening<'a> {
    initiator_name: IscsiName,
    account: Option<usize>,
    pub(super) authentication: Authentication<'a>,
    pub(super) initiator_authenticated: bool,
    pub(super) target_authenticated: bool,
}

impl<'a> Opening<'a> {
    pub(super) fn take(config: &Config<'a>, keys: &mut ReceivedKeys<'_>) -> Result<Self, Refusal> {
        let initiator_name = keys.take("InitiatorName")?.ok_or_else(|| missing("InitiatorName"))?;
        keys.take("InitiatorAlias")?;
        let (account, authentication) = match keys.take("SessionType")? {
            Some("Discovery") => {
                keys.take("TargetName")?;
                (None, config.discovery)
            }
            None | Some("Normal") => {
                let at =
                    find_account(config, keys.take("TargetName")?.ok_or_else(|| missing("TargetName"))?)?;
                (Some(at.0), at.1)
            }
            Some(_) => {
                return Err(Refusal::new(LoginStatus::SESSION_TYPE_NOT_SUPPORTED, "unknown session type"));
            }
        };
        Ok(Self {
            initiator_name: IscsiName::new(initiator_name)
                .map_err(|error| ProtocolViolation::Name { key: "InitiatorName", error })?,
            account,
            authentication,
            initiator_authenticated: false,
            target_authenticated: false,
        })
    }

    pub(super) const fn is_discovery(&self) -> bool {
        self.account.is_none()
    }

    pub(super) fn complete(
        self,
        parameters: Parameters,
        cmd_sn: SerialNumber,
        stat_sn: SerialNumber,
    ) -> Completed {
        Completed {
            parameters,
            initiator_name: self.initiator_name,
            account: self.account,
            initiator_authenticated: self.initiator_authenticated,
            target_authenticated: self.target_authenticated,
            cmd_sn,
            stat_sn,
        }
    }
}

fn find_account<'a>(config: &Config<'a>, name: &str) -> Result<(usize, Authentication<'a>), Refusal> {
    let found = config.accounts.iter().enumerate().find(|(_, account)| account.name.as_str() == name);
    found
        .map(|(at, account)| (at, account.authentication))
        .ok_or_else(|| Refusal::new(LoginStatus::NOT_FOUND, "no such target"))
}

fn missing(key: &str) -> Refusal {
    Refusal::new(LoginStatus::MISSING_PARAMETER, format!("{key} is missing"))
}

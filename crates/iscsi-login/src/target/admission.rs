//! Admission to a target: its settings and accounts, the leading request, and the two ends of a login.

use iscsi_pdu::{IscsiName, LoginStatus, SerialNumber};

use crate::chap::ChapAlgorithm;
use crate::credentials::Authentication;
use crate::error::ProtocolViolation;
use crate::login_key::LoginKey;
use crate::login_text::ReceivedKeys;
use crate::negotiation::Negotiation;
use crate::parameters::{Offer, Parameters};

/// A target name and the authentication that a login to it requires.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The target.
    pub name: &'a IscsiName,
    /// The required authentication; [`Authentication::Mutual`] refuses initiators that do not challenge the target.
    pub authentication: Authentication<'a>,
}

/// The settings of a target's logins.
#[derive(Clone, Copy)]
pub struct TargetConfig<'a> {
    /// The targets of this portal.
    pub accounts: &'a [Account<'a>],
    /// The authentication that a discovery session requires.
    pub discovery: Authentication<'a>,
    /// Acceptable algorithms; the target chooses the first of the initiator's list that is among them.
    pub algorithms: &'a [ChapAlgorithm],
    /// The operational parameters.
    pub offer: Offer,
    /// The portal group of this portal.
    pub portal_group_tag: u16,
}

impl<'a> TargetConfig<'a> {
    pub(super) fn negotiation(&self, opening: &Opening) -> Box<Negotiation> {
        Box::new(Negotiation::new(self.offer, opening.is_discovery()))
    }

    /// The authentication that this login requires.
    pub(super) fn authentication(&self, opening: &Opening) -> Result<Authentication<'a>, Refusal> {
        let Some(at) = opening.account else { return Ok(self.discovery) };
        let account = self.accounts.get(at).map(|account| account.authentication);
        account.ok_or_else(|| Refusal::new(LoginStatus::TARGET_ERROR, "the account of this login is gone"))
    }
}

/// A login that the target accepted into full feature phase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedLogin {
    /// The agreed parameters, as seen from the target.
    pub parameters: Parameters,
    /// The initiator's name.
    pub initiator_name: IscsiName,
    /// The index in [`TargetConfig::accounts`]; `None` for a discovery session.
    pub account: Option<usize>,
    /// Whether the initiator authenticated itself.
    pub initiator_authenticated: bool,
    /// Whether the target answered a challenge of the initiator.
    pub target_authenticated: bool,
    /// `CmdSN` of the first command.
    pub cmd_sn: SerialNumber,
    /// The next status number to use.
    pub stat_sn: SerialNumber,
}

/// A refused login: the status sent to the initiator, and the reason for the target's log
/// ([RFC 7143, section 11.13.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.13.5)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {reason}")]
pub struct Refusal {
    /// The status sent.
    pub status: LoginStatus,
    /// The reason.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(status: LoginStatus, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl From<ProtocolViolation> for Refusal {
    fn from(violation: ProtocolViolation) -> Self {
        Self::new(LoginStatus::INITIATOR_ERROR, violation.to_string())
    }
}

/// The declarations of the leading request (RFC 7143, 6.3), and the authentication so far.
#[derive(Clone)]
pub(super) struct Opening {
    initiator_name: IscsiName,
    account: Option<usize>,
    pub(super) initiator_authenticated: bool,
    pub(super) target_authenticated: bool,
}

impl Opening {
    pub(super) fn take(config: &TargetConfig<'_>, keys: &mut ReceivedKeys<'_>) -> Result<Self, Refusal> {
        let initiator_name = keys.take(LoginKey::InitiatorName)?.ok_or_else(|| missing("InitiatorName"))?;
        keys.take(LoginKey::InitiatorAlias)?;
        let account = match keys.take(LoginKey::SessionType)? {
            Some("Discovery") => {
                keys.take(LoginKey::TargetName)?;
                None
            }
            None | Some("Normal") => {
                let name = keys.take(LoginKey::TargetName)?.ok_or_else(|| missing("TargetName"))?;
                Some(find_account(config, name)?)
            }
            Some(_) => {
                return Err(Refusal::new(LoginStatus::SESSION_TYPE_NOT_SUPPORTED, "unknown session type"));
            }
        };
        Ok(Self {
            initiator_name: IscsiName::new(initiator_name)
                .map_err(|error| ProtocolViolation::Name { key: "InitiatorName", error })?,
            account,
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
    ) -> AcceptedLogin {
        AcceptedLogin {
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

fn find_account(config: &TargetConfig<'_>, name: &str) -> Result<usize, Refusal> {
    let found = config.accounts.iter().position(|account| account.name.as_str() == name);
    found.ok_or_else(|| Refusal::new(LoginStatus::NOT_FOUND, "no target of this name"))
}

fn missing(key: &str) -> Refusal {
    Refusal::new(LoginStatus::MISSING_PARAMETER, format!("{key} is missing"))
}

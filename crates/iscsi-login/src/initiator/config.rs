//! Settings of an initiator's login, and the declarations that follow from them.

use iscsi_pdu::{InitiatorTaskTag, IscsiName, Isid, SerialNumber, TextWriter, check_local_name};

use crate::chap::{ChapAlgorithm, Nonce};
use crate::credentials::{Authentication, ConfigError};
use crate::parameters::Offer;
use crate::tolerance::Strictness;

/// The type of a session, and its target
/// ([RFC 7143, section 13.21](https://www.rfc-editor.org/rfc/rfc7143#section-13.21)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType<'a> {
    /// A discovery session, for `SendTargets` only.
    Discovery,
    /// A session for SCSI commands to this target.
    Normal(&'a IscsiName),
}

/// The settings of a login.
#[derive(Clone, Copy)]
pub struct LoginConfig<'a> {
    /// The initiator's name.
    pub initiator_name: &'a IscsiName,
    /// A description of the initiator for administrators of the target; not sent when `None`.
    pub initiator_alias: Option<&'a str>,
    /// The type of the session.
    pub session_type: SessionType<'a>,
    /// The initiator part of the session identifier.
    pub isid: Isid,
    /// The connection identifier, unique in the session.
    pub cid: u16,
    /// The task tag of all requests of the login.
    pub itt: InitiatorTaskTag,
    /// `CmdSN` of the session's first command.
    pub cmd_sn: SerialNumber,
    /// The required authentication.
    pub authentication: Authentication<'a>,
    /// Acceptable algorithms in order of preference. Every offer must contain MD5 (CHP-02): if it is not in the list, it is
    /// offered last, and the login fails when the target chooses it.
    pub algorithms: &'a [ChapAlgorithm],
    /// The operational parameters to offer.
    pub offer: Offer,
    /// Whether harmless [deviations](crate::Deviation) are tolerated.
    pub strictness: Strictness,
    /// Fresh random bytes for the initiator's challenge.
    pub nonce: Nonce,
    /// Whether a challenge is one that this initiator sent on any connection and that is not answered yet. A target that sends
    /// such a challenge wants the initiator to compute the target's response (CHP-17).
    pub is_own_challenge: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

impl LoginConfig<'_> {
    /// Checks the settings that can be wrong before anything is sent.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.authentication.check()?;
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm);
        }
        self.initiator_alias.map_or(Ok(()), check_local_name).map_err(ConfigError::Alias)
    }

    pub(super) const fn is_discovery(&self) -> bool {
        matches!(self.session_type, SessionType::Discovery)
    }

    /// The declarations of the first request (LOG-04, LOG-05).
    pub(super) fn declarations(&self) -> TextWriter {
        let mut text = TextWriter::new().pair("InitiatorName", self.initiator_name);
        if let Some(alias) = self.initiator_alias {
            text.push("InitiatorAlias", alias);
        }
        match self.session_type {
            SessionType::Discovery => text.pair("SessionType", "Discovery"),
            SessionType::Normal(target) => text.pair("SessionType", "Normal").pair("TargetName", target),
        }
    }

    /// Whether a received value is the one that the initiator declared, or contradicts no declaration; `None` for a key that the
    /// initiator does not declare.
    pub(super) fn is_echo(&self, key: &str, value: &str) -> Option<bool> {
        let sent = match (key, self.session_type) {
            ("InitiatorName", _) => self.initiator_name.as_str(),
            ("InitiatorAlias", _) => self.initiator_alias.unwrap_or(value),
            ("SessionType", SessionType::Discovery) => "Discovery",
            ("SessionType", SessionType::Normal(_)) => "Normal",
            ("TargetName", SessionType::Normal(target)) => target.as_str(),
            ("TargetName", SessionType::Discovery) => value,
            _ => return None,
        };
        Some(value.eq_ignore_ascii_case(sent))
    }
}

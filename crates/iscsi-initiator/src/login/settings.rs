//! The settings of a login, which are the same at every portal, and the random values of one portal.

use iscsi_login::initiator::{LoginConfig, SessionType};
use iscsi_login::{Nonce, PreparedOffer};
use iscsi_pdu::{InitiatorTaskTag, Isid, SerialNumber};

use super::authentication::Credentials;
use crate::config::Config;

/// Connection identifier of the leading connection.
const LEADING_CID: u16 = 0;

/// The settings of a login, which are the same at every portal (LOG-30, LOG-31).
#[derive(Clone, Copy)]
pub struct LoginSettings<'a> {
    /// The settings of the initiator.
    pub config: &'a Config,
    /// [`Config::offer`].
    pub offer: &'a PreparedOffer,
    /// The type of the session, and its target.
    pub session_type: SessionType<'a>,
    /// The initiator's part of the session identifier (LOG-11).
    pub isid: Isid,
    /// The credentials, from which the required authentication follows.
    pub credentials: &'a Credentials,
    /// Whether the login replaces a session with this ISID.
    pub reinstates: bool,
    /// Whether a challenge is one that this process has sent and that is not answered yet (CHP-17).
    pub is_own_challenge: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

impl<'a> LoginSettings<'a> {
    pub(super) fn login_config(&self, draw: Draw) -> LoginConfig<'a> {
        LoginConfig {
            initiator_name: &self.config.initiator_name,
            initiator_alias: self.config.alias.as_deref(),
            session_type: self.session_type,
            isid: self.isid,
            cid: LEADING_CID,
            itt: InitiatorTaskTag(0),
            cmd_sn: draw.cmd_sn,
            authentication: self.credentials.as_authentication(),
            reinstates: self.reinstates,
            algorithms: &self.config.algorithms,
            offer: self.offer,
            strictness: self.config.strictness,
            nonce: draw.nonce,
            is_own_challenge: self.is_own_challenge,
        }
    }
}

/// The random values of a login at one portal.
#[derive(Clone, Copy)]
pub struct Draw {
    /// Identifier and challenge, in case the target has to authenticate itself.
    pub nonce: Nonce,
    /// `CmdSN` of the first command.
    pub cmd_sn: SerialNumber,
}

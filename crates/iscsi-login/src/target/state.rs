//! What a target's login waits for.

use iscsi_pdu::{LoginRequest, LoginStatus, Stage};

use super::Refusal;
use super::opening::Opening;
use super::security::Security;
use crate::negotiation::Negotiation;

/// What the login waits for.
pub(super) enum State<'a> {
    First,
    Security(Opening<'a>, Security),
    Operational(Opening<'a>, Box<Negotiation>),
}

impl State<'_> {
    /// The stage of the request is the one the login stands in, and the stage asked for is a later one (LOG-13).
    pub(super) fn check_stages(&self, request: &LoginRequest) -> Result<(), Refusal> {
        let LoginRequest { current_stage, next_stage, transit, .. } = *request;
        let in_place = match self {
            Self::First => matches!(current_stage, Stage::SECURITY | Stage::OPERATIONAL),
            Self::Security(..) => current_stage == Stage::SECURITY,
            Self::Operational(..) => current_stage == Stage::OPERATIONAL,
        };
        let later =
            next_stage > current_stage && matches!(next_stage, Stage::OPERATIONAL | Stage::FULL_FEATURE);
        if in_place && (later || !transit) {
            return Ok(());
        }
        let reason = format!("{next_stage} asked for in {current_stage}, which is out of place");
        Err(Refusal::new(LoginStatus::INVALID_DURING_LOGIN, reason))
    }
}

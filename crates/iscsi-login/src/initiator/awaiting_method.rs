//! Step 2 of CHAP: which method does the target choose? (RFC 7143, 12.1)

use iscsi_pdu::{Stage, TextWriter};

use super::awaiting_challenge::AwaitingChallenge;
use super::awaiting_proof::{begin_parameters, leave_security};
use super::exchange::Exchange;
use super::{Next, Outgoing, State};
use crate::error::{ProtocolViolation, TargetAuthError};
use crate::received_keys::ReceivedKeys;
use crate::{Authentication, ChapAlgorithm, Deviation, LoginError};

/// `AuthMethod` was offered: `CHAP`, and `None` only where the policy says so (CHP-23).
#[derive(Debug)]
pub(super) struct AwaitingMethod;

impl AwaitingMethod {
    /// Where a choice of `None` is welcome, the target may end the stage with it.
    pub(super) fn begin<'a>(
        offered: &str,
        transit_to: Option<Stage>,
        text: TextWriter,
    ) -> (State<'a>, Outgoing) {
        let text = text.pair("AuthMethod", offered);
        (State::Method(Self), Outgoing { stage: Stage::SECURITY, transit_to, text })
    }

    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    pub(super) fn receive<'a>(
        self,
        exchange: &mut Exchange<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        let chosen = keys.take("AuthMethod")?;
        exchange.set_aside(keys, "the choice of the authentication method")?;
        let chosen = chosen.map_or_else(|| nothing_chosen(exchange, granted), |chosen| Ok(Some(chosen)))?;
        match (chosen, granted, exchange.config.authentication) {
            (Some("CHAP"), None, _) => Ok(offer_algorithms(exchange.config.algorithms)),
            (Some("None"), None, Authentication::IfAsked(_)) => Ok(leave_security()),
            (Some("None"), Some(_), Authentication::IfAsked(_)) => Ok(begin_parameters(exchange)),
            (_, Some(next), _) => Err(TargetAuthError::Skipped { next }.into()),
            (Some(chosen), None, _) => Err(TargetAuthError::Method { chosen: chosen.to_owned() }.into()),
            (None, None, _) => Err(ProtocolViolation::MissingKey { key: "AuthMethod" }.into()),
        }
    }
}

/// A target that chooses nothing asks for nothing; that is enough only where nothing is required (CHP-23).
fn nothing_chosen(
    exchange: &mut Exchange<'_>,
    granted: Option<Stage>,
) -> Result<Option<&'static str>, LoginError> {
    if !matches!(exchange.config.authentication, Authentication::IfAsked(_)) {
        return Ok(None);
    }
    let error: LoginError = granted.map_or_else(
        || ProtocolViolation::MissingKey { key: "AuthMethod" }.into(),
        |next| TargetAuthError::Skipped { next }.into(),
    );
    let detail = "no AuthMethod in answer to None,CHAP";
    exchange.tolerance.tolerate(&Deviation::SECURITY_STAGE_SKIPPED, detail, error)?;
    Ok(Some("None"))
}

/// CHP-02: MD5 is in every offer.
fn offer_algorithms<'a>(acceptable: &[ChapAlgorithm]) -> Next<'a> {
    let last = (!acceptable.contains(&ChapAlgorithm::Md5)).then_some(ChapAlgorithm::Md5);
    let offered: Vec<_> =
        acceptable.iter().copied().chain(last).map(|algorithm| algorithm.number().to_string()).collect();
    let text = TextWriter::new().pair("CHAP_A", offered.join(","));
    Next::Send(
        State::Challenge(AwaitingChallenge),
        Outgoing { stage: Stage::SECURITY, transit_to: None, text },
    )
}

//! Step 2 of CHAP: which method does the target choose? (RFC 7143, 12.1)

use iscsi_pdu::{Stage, TextWriter};

use super::awaiting_challenge::AwaitingChallenge;
use super::awaiting_proof::leave_security;
use super::exchange::Exchange;
use super::{Next, Outgoing, State};
use crate::error::NotAuthenticated;
use crate::received_keys::ReceivedKeys;
use crate::{Authentication, ChapAlgorithm, LoginError};

/// `AuthMethod` was offered: `CHAP`, and `None` only where the policy says so (CHP-23).
#[derive(Debug)]
pub(super) struct AwaitingMethod;

impl AwaitingMethod {
    pub(super) fn begin<'a>(offered: &str, text: TextWriter) -> (State<'a>, Outgoing) {
        let text = text.pair("AuthMethod", offered);
        (State::Method(Self), Outgoing { stage: Stage::SECURITY, transit_to: None, text })
    }

    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    pub(super) fn receive<'a>(
        self,
        exchange: &Exchange<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if let Some(next) = granted {
            return Err(NotAuthenticated::Skipped { next }.into());
        }
        let chosen = keys.take_required("AuthMethod")?;
        keys.expect_none_left("the choice of the authentication method")?;
        match (chosen, exchange.config.authentication) {
            ("CHAP", _) => Ok(offer_algorithms(exchange.config.algorithms)),
            ("None", Authentication::IfAsked(_)) => Ok(leave_security()),
            _ => Err(NotAuthenticated::Method { chosen: chosen.to_owned() }.into()),
        }
    }
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

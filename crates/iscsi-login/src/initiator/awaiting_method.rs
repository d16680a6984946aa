//! Step 2 of CHAP: which method does the target choose? (RFC 7143, 12.1)

use iscsi_pdu::{Stage, TextWriter};

use super::awaiting_challenge::AwaitingChallenge;
use super::exchange::Exchange;
use super::{Next, Outgoing, State};
use crate::LoginError;
use crate::error::NotAuthenticated;
use crate::received_keys::ReceivedKeys;

/// `AuthMethod=CHAP` was offered, and nothing else (CHP-23).
pub(super) struct AwaitingMethod;

impl AwaitingMethod {
    pub(super) fn begin<'a>(text: TextWriter) -> (State<'a>, Outgoing) {
        let text = text.pair("AuthMethod", "CHAP");
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
        if chosen != "CHAP" {
            return Err(NotAuthenticated::Method { chosen: chosen.to_owned() }.into());
        }
        keys.expect_none_left("the choice of the authentication method")?;
        let offered: Vec<_> =
            exchange.config.algorithms.iter().map(|algorithm| algorithm.number().to_string()).collect();
        let text = TextWriter::new().pair("CHAP_A", offered.join(","));
        Ok(Next::Send(
            State::Challenge(AwaitingChallenge),
            Outgoing { stage: Stage::SECURITY, transit_to: None, text },
        ))
    }
}

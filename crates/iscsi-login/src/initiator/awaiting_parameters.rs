//! The operational stage: both sides settle the parameters (RFC 7143, 6.2 and 6.3).

use iscsi_pdu::{Stage, TextWriter};

use super::exchange::Exchange;
use super::{Config, Next, Outgoing, SessionType, State};
use crate::LoginError;
use crate::negotiation::Negotiation;
use crate::received_keys::ReceivedKeys;

/// Our offers were sent.
#[derive(Debug)]
pub(super) struct AwaitingParameters {
    negotiation: Negotiation,
}

impl AwaitingParameters {
    /// A login without authentication begins here (LOG-23).
    pub(super) fn begin<'a>(config: &Config<'a>, text: TextWriter) -> (State<'a>, Outgoing) {
        Self::offer(config, text)
    }

    /// The security stage is over.
    pub(super) fn begin_after_security<'a>(exchange: &Exchange<'a>) -> (State<'a>, Outgoing) {
        Self::offer(&exchange.config, TextWriter::new())
    }

    /// Everything is offered at once: a target that has to ask for keys takes more rounds.
    fn offer<'a>(config: &Config<'a>, mut text: TextWriter) -> (State<'a>, Outgoing) {
        let discovery = matches!(config.session_type, SessionType::Discovery);
        let mut negotiation = Negotiation::new(config.offer, discovery);
        negotiation.write_offers(&mut text);
        (State::Parameters(Box::new(Self { negotiation })), outgoing(text))
    }

    pub(super) fn receive<'a>(
        mut self: Box<Self>,
        exchange: &mut Exchange<'a>,
        keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        for (key, value) in keys.rest() {
            if !exchange.ignores(key, value, "the operational stage")? {
                self.negotiation.receive(&mut exchange.tolerance, (key, value), granted.is_some())?;
            }
        }
        if granted.is_none() {
            let answers = self.negotiation.take_answers();
            return Ok(Next::Send(State::Parameters(self), outgoing(answers)));
        }
        Ok(Next::Complete(self.negotiation.finish(&exchange.early)?))
    }
}

const fn outgoing(text: TextWriter) -> Outgoing {
    Outgoing { stage: Stage::OPERATIONAL, transit_to: Some(Stage::FULL_FEATURE), text }
}

//! The operational stage: both sides settle the parameters (RFC 7143, 6.2 and 6.3).

use iscsi_pdu::{Stage, TextWriter};

use super::exchange::Exchange;
use super::{Config, Next, Outgoing, SessionType, State};
use crate::LoginError;
use crate::error::Violation;
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
        keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        for (key, value) in keys.rest() {
            self.negotiation.receive(key, value)?;
        }
        let answers = self.negotiation.take_answers();
        if granted.is_none() {
            return Ok(Next::Send(State::Parameters(self), outgoing(answers)));
        }
        if !answers.is_empty() {
            let rule = "no transition while an answer is due (6.3)";
            return Err(Violation::Header { field: "T", received: 1, expected: 0, rule }.into());
        }
        Ok(Next::Complete(self.negotiation.finish()))
    }
}

const fn outgoing(text: TextWriter) -> Outgoing {
    Outgoing { stage: Stage::OPERATIONAL, transit_to: Some(Stage::FULL_FEATURE), text }
}

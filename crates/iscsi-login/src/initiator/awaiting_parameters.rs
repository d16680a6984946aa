//! The operational stage: both sides settle the parameters (RFC 7143, 6.2 and 6.3).

use iscsi_pdu::{Stage, TextWriter};

use super::exchange::Exchange;
use super::{Config, Next, Outgoing, SessionType, State};
use crate::LoginError;
use crate::early_values::EarlyValues;
use crate::error::ProtocolViolation;
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
        Self::offer(config, EarlyValues::default(), text)
    }

    /// The security stage is over.
    pub(super) fn begin_after_security<'a>(exchange: &mut Exchange<'a>) -> (State<'a>, Outgoing) {
        let early = std::mem::take(&mut exchange.early);
        Self::offer(&exchange.config, early, TextWriter::new())
    }

    /// Everything is offered at once: a target that has to ask for keys takes more rounds.
    fn offer<'a>(config: &Config<'a>, early: EarlyValues, mut text: TextWriter) -> (State<'a>, Outgoing) {
        let discovery = matches!(config.session_type, SessionType::Discovery);
        let mut negotiation = Negotiation::new(config.offer, discovery, early);
        negotiation.write_offers(&mut text);
        (State::Parameters(Box::new(Self { negotiation })), outgoing(text))
    }

    pub(super) fn receive<'a>(
        mut self: Box<Self>,
        exchange: &mut Exchange<'a>,
        keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        self.take(exchange, keys, granted.is_some())?;
        if granted.is_none() {
            let answers = self.negotiation.take_answers();
            return Ok(Next::Send(State::Parameters(self), outgoing(answers)));
        }
        Ok(Next::Complete(self.negotiation.finish()?))
    }

    fn take(
        &mut self,
        exchange: &mut Exchange<'_>,
        keys: ReceivedKeys<'_>,
        is_last: bool,
    ) -> Result<(), ProtocolViolation> {
        for pair in keys.rest() {
            let tolerance = &mut exchange.tolerance;
            if !self.negotiation.receive(tolerance, pair, is_last)?
                && !exchange.ignores(pair, "the operational stage")?
            {
                self.negotiation.receive_unknown(&mut exchange.tolerance, pair, is_last)?;
            }
        }
        Ok(())
    }
}

const fn outgoing(text: TextWriter) -> Outgoing {
    Outgoing { stage: Stage::OPERATIONAL, transit_to: Some(Stage::FULL_FEATURE), text }
}

//! What a state makes of a request.

use iscsi_pdu::{LoginRequest, Stage, TextWriter};

use super::Refusal;
use super::opening::Opening;
use super::security::Security;
use super::state::State;
use crate::negotiation::Negotiation;
use crate::received_keys::ReceivedKeys;
use crate::{Strictness, Tolerance};

/// What a state answers.
pub(super) struct Answer<'a> {
    pub(super) next: Next<'a>,
    pub(super) text: TextWriter,
}

pub(super) enum Next<'a> {
    /// Stay in the stage.
    Stay(State<'a>),
    /// Grant the transition asked for.
    Transit(Opening<'a>),
    /// Grant it into full feature phase.
    Complete(Opening<'a>, Box<Negotiation>),
}

impl<'a> Next<'a> {
    /// What to wait for while the answer is not whole: its transition is granted when it is asked for again.
    pub(super) fn without_transition(self) -> State<'a> {
        match self {
            Self::Stay(state) => state,
            Self::Transit(opening) => State::Security(opening, Security::Done),
            Self::Complete(opening, negotiation) => State::Operational(opening, negotiation),
        }
    }
}

/// The operational stage: answer what is offered, declare our segment length once.
pub(super) fn operational<'a>(
    opening: Opening<'a>,
    mut negotiation: Box<Negotiation>,
    request: &LoginRequest,
    keys: ReceivedKeys<'_>,
    mut text: TextWriter,
) -> Result<Answer<'a>, Refusal> {
    let mut strict = Tolerance::new(Strictness::Strict);
    for pair in keys.rest() {
        if !negotiation.receive(&mut strict, pair, false)? {
            negotiation.receive_unknown(&mut strict, pair, false)?;
        }
    }
    text.append(&negotiation.take_answers());
    negotiation.write_declaration(&mut text);
    let rejected = negotiation.take_rejected();
    let next = if request.transit && request.next_stage == Stage::FULL_FEATURE && !rejected {
        Next::Complete(opening, negotiation)
    } else {
        Next::Stay(State::Operational(opening, negotiation))
    };
    Ok(Answer { next, text })
}

//! Step 6 of CHAP: the target proves itself, or lets us in on our proof alone (RFC 7143, 12.1.3).

use iscsi_pdu::{Stage, TextWriter};

use super::awaiting_parameters::AwaitingParameters;
use super::exchange::Exchange;
use super::{Next, Outgoing, State};
use crate::LoginError;
use crate::chap::{Proof, ProofExpected};
use crate::error::TargetAuthError;
use crate::received_keys::ReceivedKeys;

/// Our proof was sent; `expected` holds what the target still has to prove.
#[derive(Debug)]
pub(super) struct AwaitingProof<'a> {
    pub(super) expected: Option<ProofExpected<'a>>,
}

impl<'a> AwaitingProof<'a> {
    /// The proof is judged before the target's wish to move on is looked at.
    pub(super) fn receive(
        self,
        exchange: &mut Exchange<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if let Some(expected) = &self.expected {
            let proof =
                Proof::take(&mut keys, &mut exchange.tolerance)?.ok_or(TargetAuthError::NoResponse)?;
            exchange.proof = Some(expected.verify(&proof)?);
        }
        exchange.set_aside(keys, "the end of the authentication")?;
        match granted {
            Some(_) => Ok(begin_parameters(exchange)),
            None => Ok(leave_security()),
        }
    }
}

/// The security stage is over.
pub(super) fn begin_parameters<'a>(exchange: &mut Exchange<'a>) -> Next<'a> {
    let (state, outgoing) = AwaitingParameters::begin_after_security(exchange);
    Next::Send(state, outgoing)
}

/// Nothing more is to be proved: the transition is asked for until it is granted (LOG-16).
pub(super) fn leave_security<'a>() -> Next<'a> {
    let outgoing =
        Outgoing { stage: Stage::SECURITY, transit_to: Some(Stage::OPERATIONAL), text: TextWriter::new() };
    Next::Send(State::Proof(AwaitingProof { expected: None }), outgoing)
}

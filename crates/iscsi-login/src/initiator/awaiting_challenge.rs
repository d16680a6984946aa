//! Step 4 of CHAP: the target challenges us (RFC 7143, 12.1.3).

use iscsi_pdu::{Stage, TextWriter, encode_hex, parse_number};

use super::awaiting_proof::AwaitingProof;
use super::exchange::Exchange;
use super::{Next, Outgoing, State};
use crate::chap::{Challenge, ChapResponse, ProofExpected};
use crate::error::{ProtocolViolation, TargetAuthError};
use crate::received_keys::ReceivedKeys;
use crate::{ChapAlgorithm, LoginError, ReverseCredential};

/// `CHAP_A` was offered.
#[derive(Debug)]
pub(super) struct AwaitingChallenge;

impl AwaitingChallenge {
    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    pub(super) fn receive<'a>(
        self,
        exchange: &mut Exchange<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if let Some(next) = granted {
            return Err(TargetAuthError::Skipped { next }.into());
        }
        let algorithm = chosen_algorithm(exchange.config.algorithms, keys.take_required("CHAP_A")?)?;
        let challenge = Challenge::take(&mut keys, &mut exchange.tolerance)?
            .ok_or(ProtocolViolation::MissingKey { key: "CHAP_C" })?;
        exchange.algorithm = Some(algorithm);
        exchange.set_aside(keys, "the target's challenge")?;
        if (exchange.config.is_own_challenge)(&challenge.bytes) {
            return Err(TargetAuthError::ReflectedChallenge.into());
        }
        answer(exchange, algorithm, &challenge)
    }
}

/// CHP-03: one number, one that was offered, and more than offered for the RFC's sake.
fn chosen_algorithm(acceptable: &[ChapAlgorithm], text: &str) -> Result<ChapAlgorithm, LoginError> {
    const KEY: &str = "CHAP_A";
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: KEY, error })?;
    match ChapAlgorithm::from_number(number) {
        Some(algorithm) if acceptable.contains(&algorithm) => Ok(algorithm),
        Some(chosen @ ChapAlgorithm::Md5) => Err(TargetAuthError::Algorithm { chosen }.into()),
        _ => Err(ProtocolViolation::Rule { key: KEY, rule: "one of the algorithms offered (12.1.3)" }.into()),
    }
}

/// CHP-08: our proof, and in the same step our challenge if the target has to prove itself.
fn answer<'a>(
    exchange: &Exchange<'a>,
    algorithm: ChapAlgorithm,
    challenge: &Challenge,
) -> Result<Next<'a>, LoginError> {
    let Some(forward) = exchange.config.authentication.forward() else {
        return Err(ProtocolViolation::UnexpectedKey {
            key: "CHAP_C".to_owned(),
            step: "a login without CHAP",
        }
        .into());
    };
    let response = ChapResponse::compute(
        algorithm,
        challenge.identifier,
        forward.secret.expose_secret(),
        &challenge.bytes,
    );
    let text = TextWriter::new().pair("CHAP_N", forward.name).pair("CHAP_R", response.to_text());
    let reverse = exchange.config.authentication.reverse();
    let ours = reverse.map(|reverse| our_challenge(exchange, algorithm, challenge, reverse)).transpose()?;
    let text = match &ours {
        None => text,
        Some((ours, _)) => text.pair("CHAP_I", ours.identifier).pair("CHAP_C", encode_hex(&ours.bytes)),
    };
    let expected = ours.map(|(challenge, reverse)| ProofExpected { algorithm, challenge, forward, reverse });
    let transit_to = Some(Stage::OPERATIONAL);
    Ok(Next::Send(
        State::Proof(AwaitingProof { expected }),
        Outgoing { stage: Stage::SECURITY, transit_to, text },
    ))
}

/// CHP-16: a challenge of ours that came from the target is never sent.
fn our_challenge<'a>(
    exchange: &Exchange<'a>,
    algorithm: ChapAlgorithm,
    theirs: &Challenge,
    reverse: ReverseCredential<'a>,
) -> Result<(Challenge, ReverseCredential<'a>), LoginError> {
    let nonce = &exchange.config.nonce;
    let bytes = nonce.challenge(algorithm).to_vec();
    if bytes == theirs.bytes {
        return Err(TargetAuthError::ReflectedChallenge.into());
    }
    // RFC 1994, 4.1: the identifier differs from the target's, so that a response cannot serve in both directions.
    let identifier = match nonce.identifier() {
        same if same == theirs.identifier => same.wrapping_add(1),
        other => other,
    };
    Ok((Challenge { identifier, bytes }, reverse))
}

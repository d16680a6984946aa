//! The security stage seen from the target (RFC 7143, 12.1.3).

use iscsi_pdu::{LoginRequest, LoginStatus, Stage, TextWriter, encode_hex, parse_list, parse_number};

use super::answer::{Answer, Next};
use super::opening::Opening;
use super::state::State;
use super::{Config, Refusal};
use crate::chap::{Challenge, ChapResponse, Proof};
use crate::error::ProtocolViolation;
use crate::received_keys::ReceivedKeys;
use crate::{Authentication, ChapAlgorithm, Strictness, Tolerance};

/// What the security stage waits for.
pub(super) enum Security {
    /// The list of algorithms.
    Algorithms,
    /// The initiator's proof, and perhaps its challenge.
    Proof { algorithm: ChapAlgorithm, challenge: Challenge },
    /// Nothing but the wish to move on.
    Done,
}

const NONE: &str = "None";
const CHAP: &str = "CHAP";

/// The first method of the initiator's list that the policy allows; one that offers none goes without (LOG-23).
fn choose_method(authentication: Authentication<'_>, offered: Option<&str>) -> Option<&'static str> {
    let allowed: &[&str] = match authentication {
        Authentication::None => &[NONE],
        Authentication::IfAsked(_) => &[CHAP, NONE],
        Authentication::Chap(_) | Authentication::Mutual(..) => &[CHAP],
    };
    let mut wanted = parse_list(offered.unwrap_or(NONE));
    wanted.find_map(|wanted| allowed.iter().copied().find(|method| *method == wanted))
}

/// Only a target that asks for nothing lets the security stage be skipped.
pub(super) fn check_may_skip(authentication: Authentication<'_>) -> Result<(), Refusal> {
    match authentication {
        Authentication::None | Authentication::IfAsked(_) => Ok(()),
        Authentication::Chap(_) | Authentication::Mutual(..) => {
            Err(refuse("security stage skipped, authentication is required"))
        }
    }
}

impl Security {
    /// The first request: the choice of the method.
    pub(super) fn open<'a>(
        config: &Config<'a>,
        opening: Opening<'a>,
        request: &LoginRequest,
        mut keys: ReceivedKeys<'_>,
        text: TextWriter,
    ) -> Result<Answer<'a>, Refusal> {
        let offered = keys.take("AuthMethod")?;
        keys.expect_none_left("the first request of the security stage")?;
        let method = choose_method(opening.authentication, offered)
            .ok_or_else(|| refuse("no common authentication method"))?;
        let text = if offered.is_some() { text.pair("AuthMethod", method) } else { text };
        if method == NONE {
            return Ok(Self::done(config, opening, request, text));
        }
        Ok(Answer { next: Next::Stay(State::Security(opening, Self::Algorithms)), text })
    }

    pub(super) fn receive<'a>(
        self,
        config: &Config<'a>,
        opening: Opening<'a>,
        request: &LoginRequest,
        mut keys: ReceivedKeys<'_>,
    ) -> Result<Answer<'a>, Refusal> {
        match self {
            Self::Algorithms => {
                let list = keys.take_required("CHAP_A")?;
                keys.expect_none_left("the offer of algorithms")?;
                challenge(config, opening, list)
            }
            Self::Proof { algorithm, challenge } => {
                let (opening, text) = judge(opening, algorithm, &challenge, keys)?;
                Ok(Self::done(config, opening, request, text))
            }
            Self::Done => {
                keys.expect_none_left("the end of the security stage")?;
                Ok(Self::done(config, opening, request, TextWriter::new()))
            }
        }
    }

    /// Nothing is left to prove: grant the transition if the initiator asks for one.
    fn done<'a>(
        config: &Config<'a>,
        opening: Opening<'a>,
        request: &LoginRequest,
        text: TextWriter,
    ) -> Answer<'a> {
        let next = match (request.transit, request.next_stage) {
            (true, Stage::OPERATIONAL) => Next::Transit(opening),
            (true, Stage::FULL_FEATURE) => {
                let negotiation = config.negotiation(&opening);
                Next::Complete(opening, negotiation)
            }
            _ => Next::Stay(State::Security(opening, Self::Done)),
        };
        Answer { next, text }
    }
}

/// Chooses the first algorithm of the initiator's list that we accept, and challenges.
fn challenge<'a>(config: &Config<'a>, opening: Opening<'a>, list: &str) -> Result<Answer<'a>, Refusal> {
    let algorithm = parse_list(list)
        .filter_map(|item| parse_number(item).ok().and_then(ChapAlgorithm::from_number))
        .find(|algorithm| config.algorithms.contains(algorithm))
        .ok_or_else(|| refuse("no common CHAP algorithm"))?;
    let challenge = Challenge {
        identifier: config.nonce.identifier(),
        bytes: config.nonce.challenge(algorithm).to_vec(),
    };
    let text = TextWriter::new()
        .pair("CHAP_A", algorithm.number())
        .pair("CHAP_I", challenge.identifier)
        .pair("CHAP_C", encode_hex(&challenge.bytes));
    let next = Next::Stay(State::Security(opening, Security::Proof { algorithm, challenge }));
    Ok(Answer { next, text })
}

/// Judges the initiator's proof and answers its challenge.
fn judge<'a>(
    mut opening: Opening<'a>,
    algorithm: ChapAlgorithm,
    ours: &Challenge,
    mut keys: ReceivedKeys<'_>,
) -> Result<(Opening<'a>, TextWriter), Refusal> {
    let mut strict = Tolerance::new(Strictness::Strict);
    let proof =
        Proof::take(&mut keys, &mut strict)?.ok_or(ProtocolViolation::MissingKey { key: "CHAP_R" })?;
    let theirs = Challenge::take(&mut keys, &mut strict)?;
    keys.expect_none_left("the proof of the initiator")?;
    let Some(forward) = opening.authentication.forward() else { return Err(refuse("no account for CHAP")) };
    let expected =
        ChapResponse::compute(algorithm, ours.identifier, forward.secret.expose_secret(), &ours.bytes);
    proof.check_length(algorithm)?;
    if !expected.matches(&proof.response) || proof.name != forward.name {
        return Err(refuse("wrong name or secret of the initiator"));
    }
    opening.initiator_authenticated = true;
    let text = match (theirs, opening.authentication) {
        (None, Authentication::Mutual(..)) => {
            return Err(refuse("the initiator does not ask for mutual CHAP"));
        }
        (None, _) => TextWriter::new(),
        (Some(theirs), authentication) => {
            opening.target_authenticated = true;
            prove(algorithm, ours, &theirs, authentication)?
        }
    };
    Ok((opening, text))
}

/// Our own proof; a reflected challenge is refused (9.2.1).
fn prove(
    algorithm: ChapAlgorithm,
    ours: &Challenge,
    theirs: &Challenge,
    authentication: Authentication<'_>,
) -> Result<TextWriter, Refusal> {
    if theirs.bytes == ours.bytes {
        return Err(refuse("the initiator reflects our challenge"));
    }
    let Some(reverse) = authentication.reverse() else {
        return Err(refuse("no account to prove ourselves with"));
    };
    let response =
        ChapResponse::compute(algorithm, theirs.identifier, reverse.secret.expose_secret(), &theirs.bytes);
    Ok(TextWriter::new().pair("CHAP_N", reverse.name.unwrap_or("target")).pair("CHAP_R", response.to_text()))
}

fn refuse(reason: &str) -> Refusal {
    Refusal::new(LoginStatus::AUTHENTICATION_FAILURE, reason)
}

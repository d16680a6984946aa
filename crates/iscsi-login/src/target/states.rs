//! The states of a target's login, and its answers in them (RFC 7143, 6.3 and 12.1.3).

use iscsi_pdu::{LoginRequest, LoginStatus, Stage, TextWriter, parse_list, parse_number};

use super::admission::{Opening, Refusal, TargetConfig};
use crate::chap::{ChapAlgorithm, ChapResponse, Nonce, SentChallenge};
use crate::chap_exchange::{EMPTY, ReceivedChallenge, ReceivedResponse};
use crate::credentials::Authentication;
use crate::login_key::LoginKey;
use crate::login_text::{ReceivedKeys, missing};
use crate::negotiation::Negotiation;
use crate::tolerance::{Strictness, Tolerance};

/// The request that the login awaits.
#[derive(Clone)]
pub(super) enum State {
    /// The leading request.
    First,
    /// A request of the security stage.
    Security(Opening, Security),
    /// A request of the operational stage.
    Operational(Opening, Box<Negotiation>),
}

/// The answer to a request.
pub(super) struct Answer {
    pub(super) next: Next,
    pub(super) text: TextWriter,
}

/// The state after an answer.
pub(super) enum Next {
    /// The stage does not change.
    Stay(State),
    /// The requested transition to the operational stage is granted.
    Transit(Opening),
    /// The requested transition to full feature phase is granted.
    Complete(Opening, Box<Negotiation>),
}

impl Next {
    /// The state while the answer is incomplete. A transition is granted when it is requested again after the last piece.
    pub(super) fn without_transition(self) -> State {
        match self {
            Self::Stay(state) => state,
            Self::Transit(opening) => State::Security(opening, Security::Done),
            Self::Complete(opening, negotiation) => State::Operational(opening, negotiation),
        }
    }
}

impl State {
    /// Checks that the request is in the current stage, and asks for a later one if any (LOG-13).
    pub(super) fn check_stages(&self, request: &LoginRequest) -> Result<(), Refusal> {
        let LoginRequest { current_stage, next_stage, transit, .. } = *request;
        let in_place = match self {
            Self::First => matches!(current_stage, Stage::SECURITY | Stage::OPERATIONAL),
            Self::Security(..) => current_stage == Stage::SECURITY,
            Self::Operational(..) => current_stage == Stage::OPERATIONAL,
        };
        let later =
            next_stage > current_stage && matches!(next_stage, Stage::OPERATIONAL | Stage::FULL_FEATURE);
        if in_place && (later || !transit) {
            return Ok(());
        }
        let reason = format!("request in {current_stage} for {next_stage} does not fit the current stage");
        Err(Refusal::new(LoginStatus::INVALID_DURING_LOGIN, reason))
    }

    /// Answers the keys of a complete text.
    pub(super) fn receive(
        self,
        config: &TargetConfig<'_>,
        nonce: &Nonce,
        request: &LoginRequest,
        keys: ReceivedKeys<'_>,
    ) -> Result<Answer, Refusal> {
        match self {
            State::First => first(config, request, keys),
            State::Security(opening, security) => security.receive(config, nonce, opening, request, keys),
            State::Operational(opening, negotiation) => {
                operational(opening, negotiation, request, keys, TextWriter::new())
            }
        }
    }
}

/// Answers the leading request.
fn first(
    config: &TargetConfig<'_>,
    request: &LoginRequest,
    mut keys: ReceivedKeys<'_>,
) -> Result<Answer, Refusal> {
    let opening = Opening::take(config, &mut keys)?;
    let mut text = TextWriter::new();
    if !opening.is_discovery() {
        text.push_number(LoginKey::TargetPortalGroupTag.key(), config.portal_group_tag.into());
    }
    if request.current_stage == Stage::OPERATIONAL {
        check_may_skip(config.authentication(&opening)?)?;
        let negotiation = config.negotiation(&opening);
        return operational(opening, negotiation, request, keys, text);
    }
    Security::open(config, opening, request, keys, text)
}

/// Answers a request of the operational stage, and declares the target's segment length once.
fn operational(
    opening: Opening,
    mut negotiation: Box<Negotiation>,
    request: &LoginRequest,
    keys: ReceivedKeys<'_>,
    mut text: TextWriter,
) -> Result<Answer, Refusal> {
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

/// The request that the security stage awaits.
#[derive(Clone)]
pub(super) enum Security {
    /// The list of algorithms.
    Algorithms,
    /// The initiator's CHAP response, with its challenge for mutual CHAP.
    Response { algorithm: ChapAlgorithm, challenge: SentChallenge },
    /// A transition; authentication is complete.
    Done,
}

const NONE: &str = "None";
const CHAP: &str = "CHAP";

/// Chooses the first method of the initiator's list that the policy allows; without a list the method is `None` (LOG-23).
fn choose_method(authentication: Authentication<'_>, offered: Option<&str>) -> Option<&'static str> {
    let allowed: &[&str] = match authentication {
        Authentication::None => &[NONE],
        Authentication::IfAsked(_) => &[CHAP, NONE],
        Authentication::Chap(_) | Authentication::Mutual(..) => &[CHAP],
    };
    let mut offered = parse_list(offered.unwrap_or(NONE));
    offered.find_map(|offered| allowed.iter().copied().find(|method| *method == offered))
}

/// Refuses a login that skips the security stage where authentication is required.
fn check_may_skip(authentication: Authentication<'_>) -> Result<(), Refusal> {
    match authentication {
        Authentication::None | Authentication::IfAsked(_) => Ok(()),
        Authentication::Chap(_) | Authentication::Mutual(..) => {
            Err(refuse("security stage skipped, authentication is required"))
        }
    }
}

impl Security {
    /// Answers the leading request with the choice of the method.
    fn open(
        config: &TargetConfig<'_>,
        opening: Opening,
        request: &LoginRequest,
        mut keys: ReceivedKeys<'_>,
        mut text: TextWriter,
    ) -> Result<Answer, Refusal> {
        let offered = keys.take(LoginKey::AuthMethod)?;
        keys.expect_none_left("the first request of the security stage")?;
        let method = choose_method(config.authentication(&opening)?, offered)
            .ok_or_else(|| refuse("no common authentication method"))?;
        if offered.is_some() {
            text.push_text(LoginKey::AuthMethod.key(), method);
        }
        if method == NONE {
            return Ok(Self::done(config, opening, request, text));
        }
        Ok(Answer { next: Next::Stay(State::Security(opening, Self::Algorithms)), text })
    }

    fn receive(
        self,
        config: &TargetConfig<'_>,
        nonce: &Nonce,
        opening: Opening,
        request: &LoginRequest,
        mut keys: ReceivedKeys<'_>,
    ) -> Result<Answer, Refusal> {
        match self {
            Self::Algorithms => {
                let list = keys.take_required(LoginKey::ChapA)?;
                keys.expect_none_left("the offer of algorithms")?;
                challenge(config, nonce, opening, list)
            }
            Self::Response { algorithm, challenge } => {
                let (opening, text) = check_response(config, opening, algorithm, &challenge, keys)?;
                Ok(Self::done(config, opening, request, text))
            }
            Self::Done => {
                keys.expect_none_left("the end of the security stage")?;
                Ok(Self::done(config, opening, request, TextWriter::new()))
            }
        }
    }

    /// Ends the authentication, and grants the transition if the initiator asks for one.
    fn done(config: &TargetConfig<'_>, opening: Opening, request: &LoginRequest, text: TextWriter) -> Answer {
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

/// Chooses the first acceptable algorithm of the initiator's list, and sends the target's challenge.
fn challenge(
    config: &TargetConfig<'_>,
    nonce: &Nonce,
    opening: Opening,
    list: &str,
) -> Result<Answer, Refusal> {
    let algorithm = parse_list(list)
        .filter_map(|item| parse_number(item).ok().and_then(ChapAlgorithm::from_number))
        .find(|algorithm| config.algorithms.contains(algorithm))
        .ok_or_else(|| refuse("no common CHAP algorithm"))?;
    let challenge = nonce.challenge();
    let mut text = TextWriter::new();
    text.push_number(LoginKey::ChapA.key(), algorithm.number().into());
    text.push_number(LoginKey::ChapI.key(), challenge.identifier.into());
    text.push_hex(LoginKey::ChapC.key(), challenge.bytes(algorithm));
    let next = Next::Stay(State::Security(opening, Security::Response { algorithm, challenge }));
    Ok(Answer { next, text })
}

/// Checks the initiator's CHAP response, and answers its challenge if there is one.
fn check_response(
    config: &TargetConfig<'_>,
    mut opening: Opening,
    algorithm: ChapAlgorithm,
    own: &SentChallenge,
    mut keys: ReceivedKeys<'_>,
) -> Result<(Opening, TextWriter), Refusal> {
    let mut strict = Tolerance::new(Strictness::Strict);
    let (mut response, mut challenge) = (EMPTY, EMPTY);
    let received =
        ReceivedResponse::take(&mut keys, &mut response, &mut strict)?.ok_or(missing(LoginKey::ChapR))?;
    let challenge = ReceivedChallenge::take(&mut keys, &mut challenge, &mut strict)?;
    keys.expect_none_left("the initiator's CHAP response")?;
    let authentication = config.authentication(&opening)?;
    let Some(forward) = authentication.forward() else {
        return Err(refuse("no CHAP credential for the initiator"));
    };
    let expected = ChapResponse::compute(
        algorithm,
        own.identifier,
        forward.secret.expose_secret(),
        own.bytes(algorithm),
    );
    received.check_length(algorithm)?;
    if !expected.matches(received.response) || received.name != forward.name {
        return Err(refuse("wrong CHAP name or secret of the initiator"));
    }
    opening.initiator_authenticated = true;
    let text = match (challenge, authentication) {
        (None, Authentication::Mutual(..)) => {
            return Err(refuse("mutual CHAP is required, the initiator sent no challenge"));
        }
        (None, _) => TextWriter::new(),
        (Some(challenge), _) => {
            opening.target_authenticated = true;
            respond(algorithm, own, challenge, authentication)?
        }
    };
    Ok((opening, text))
}

/// The target's CHAP response. A challenge that is the target's own is refused (9.2.1).
fn respond(
    algorithm: ChapAlgorithm,
    own: &SentChallenge,
    received: ReceivedChallenge<'_>,
    authentication: Authentication<'_>,
) -> Result<TextWriter, Refusal> {
    if received.bytes == own.bytes(algorithm) {
        return Err(refuse("the initiator sent back the target's own challenge"));
    }
    let Some(reverse) = authentication.reverse() else {
        return Err(refuse("no CHAP credential for the target"));
    };
    let secret = reverse.secret.expose_secret();
    let response = ChapResponse::compute(algorithm, received.identifier, secret, received.bytes);
    let mut text = TextWriter::new();
    text.push_text(LoginKey::ChapN.key(), reverse.name.unwrap_or("target"));
    // The response is sent in the clear, so its copy in the text is not wiped.
    text.push_hex(LoginKey::ChapR.key(), response.as_bytes());
    Ok(text)
}

fn refuse(reason: &str) -> Refusal {
    Refusal::new(LoginStatus::AUTHENTICATION_FAILURE, reason)
}

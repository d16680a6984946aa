//! The states of an initiator's login, each named for the response that it awaits (RFC 7143, 6.3 and 12.1.3).
//!
//! ```text
//! security stage      AwaitingMethod → AwaitingChallenge → AwaitingResponse
//! operational stage   AwaitingParameters → full feature phase
//! ```

use iscsi_pdu::{Stage, parse_number};

use super::LoginConfig;
use super::context::{LoginContext, Outgoing};
use crate::chap::{ChapAlgorithm, ChapResponse, SentChallenge};
use crate::chap_exchange::{EMPTY, ExpectedResponse, ReceivedChallenge, ReceivedResponse};
use crate::credentials::Authentication;
use crate::deviation::Deviation;
use crate::error::{LoginError, ProtocolViolation, TargetAuthError};
use crate::login_key::{LoginKey, Pair};
use crate::login_text::{ReceivedKeys, missing};
use crate::parameters::Parameters;

/// The state of a login.
#[derive(Clone, Debug)]
pub(super) enum State<'a> {
    Method(AwaitingMethod),
    Challenge(AwaitingChallenge),
    Response(AwaitingResponse<'a>),
    Parameters(AwaitingParameters),
}

/// The result of a complete text in a state.
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub(super) enum Next<'a> {
    /// Send a request and enter another state.
    Send(State<'a>, Outgoing),
    /// Full feature phase begins.
    Complete(Parameters),
}

impl<'a> State<'a> {
    /// The first state, and the first request.
    pub(super) fn begin(context: &mut LoginContext<'a>) -> (Self, Outgoing) {
        context.config.declare(&mut context.text);
        match context.config.authentication {
            Authentication::None if context.config.reinstates => {
                AwaitingMethod::begin(context, "None", Some(Stage::OPERATIONAL))
            }
            Authentication::None => AwaitingParameters::begin(context),
            Authentication::IfAsked(_) => {
                AwaitingMethod::begin(context, "None,CHAP", Some(Stage::OPERATIONAL))
            }
            Authentication::Chap(_) | Authentication::Mutual(..) => {
                AwaitingMethod::begin(context, "CHAP", None)
            }
        }
    }

    /// Takes the keys of a complete text; `granted` is the stage that begins if the response grants a transition.
    pub(super) fn receive(
        self,
        context: &mut LoginContext<'a>,
        keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        match self {
            Self::Method(state) => state.receive(context, keys, granted),
            Self::Challenge(state) => state.receive(context, keys, granted),
            Self::Response(state) => state.receive(context, keys, granted),
            Self::Parameters(state) => state.receive(context, granted),
        }
    }
}

/// `AuthMethod` was offered: `CHAP`, and `None` only where the policy allows it (CHP-23).
#[derive(Clone, Debug)]
pub(super) struct AwaitingMethod;

impl AwaitingMethod {
    /// Offers the methods. Where `None` is acceptable, the target may end the stage with its choice.
    fn begin<'a>(
        context: &mut LoginContext<'a>,
        offered: &str,
        transit_to: Option<Stage>,
    ) -> (State<'a>, Outgoing) {
        context.text.push_text(LoginKey::AuthMethod.key(), offered);
        (State::Method(Self), security(transit_to))
    }

    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    fn receive<'a>(
        self,
        context: &mut LoginContext<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        let chosen = keys.take(LoginKey::AuthMethod)?;
        context.check_remaining(keys, "the choice of the authentication method")?;
        let chosen = chosen.map_or_else(|| missing_choice(context, granted), |chosen| Ok(Some(chosen)))?;
        // A granted transition ends the stage without authentication, whatever was chosen: it may only come with None
        // where None was offered.
        match (chosen, granted, context.config.authentication) {
            (Some("None"), None, Authentication::None | Authentication::IfAsked(_)) => Ok(leave_security()),
            (Some("None"), Some(_), Authentication::None | Authentication::IfAsked(_)) => {
                Ok(begin_parameters(context))
            }
            (Some("CHAP"), None, authentication) if authentication.forward().is_some() => {
                Ok(offer_algorithms(context))
            }
            (_, Some(next), _) => Err(TargetAuthError::Skipped { next }.into()),
            (Some(chosen), None, _) => Err(TargetAuthError::Method { chosen: chosen.to_owned() }.into()),
            (None, None, _) => Err(ProtocolViolation::MissingKey { key: "AuthMethod" }.into()),
        }
    }
}

/// The choice of a target that sent no `AuthMethod`: `None`, where that was offered (CHP-23).
fn missing_choice(
    context: &mut LoginContext<'_>,
    granted: Option<Stage>,
) -> Result<Option<&'static str>, LoginError> {
    let offered = match context.config.authentication {
        Authentication::None => "None",
        Authentication::IfAsked(_) => "None,CHAP",
        Authentication::Chap(_) | Authentication::Mutual(..) => return Ok(None),
    };
    let error: LoginError = granted.map_or_else(
        || ProtocolViolation::MissingKey { key: "AuthMethod" }.into(),
        |next| TargetAuthError::Skipped { next }.into(),
    );
    let detail = format!("no AuthMethod in answer to {offered}");
    context.tolerance.tolerate(&Deviation::SECURITY_STAGE_SKIPPED, detail, error)?;
    Ok(Some("None"))
}

/// Offers the acceptable algorithms, and MD5 in any case (CHP-02).
fn offer_algorithms<'a>(context: &mut LoginContext<'a>) -> Next<'a> {
    let acceptable = context.config.algorithms;
    let last = (!acceptable.contains(&ChapAlgorithm::Md5)).then_some(ChapAlgorithm::Md5);
    let numbers = acceptable.iter().copied().chain(last).map(ChapAlgorithm::number);
    context.text.push_numbers(LoginKey::ChapA.key(), numbers.map(u64::from));
    Next::Send(State::Challenge(AwaitingChallenge), security(None))
}

/// `CHAP_A` was offered.
#[derive(Clone, Debug)]
pub(super) struct AwaitingChallenge;

impl AwaitingChallenge {
    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    fn receive<'a>(
        self,
        context: &mut LoginContext<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if let Some(next) = granted {
            return Err(TargetAuthError::Skipped { next }.into());
        }
        let algorithm = chosen_algorithm(context.config.algorithms, keys.take_required(LoginKey::ChapA)?)?;
        let mut place = EMPTY;
        let challenge = ReceivedChallenge::take(&mut keys, &mut place, &mut context.tolerance)?
            .ok_or(missing(LoginKey::ChapC))?;
        // Set before the remaining keys are checked, since a repeated AuthMethod is compared with the method in use.
        context.algorithm = Some(algorithm);
        context.check_remaining(keys, "the target's challenge")?;
        if (context.config.is_own_challenge)(challenge.bytes) {
            return Err(TargetAuthError::ReflectedChallenge.into());
        }
        respond(context, algorithm, challenge)
    }
}

/// Parses the target's choice: one number that was offered and is acceptable (CHP-03).
fn chosen_algorithm(acceptable: &[ChapAlgorithm], text: &str) -> Result<ChapAlgorithm, LoginError> {
    const KEY: &str = "CHAP_A";
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: KEY, error })?;
    match ChapAlgorithm::from_number(number) {
        Some(algorithm) if acceptable.contains(&algorithm) => Ok(algorithm),
        Some(chosen @ ChapAlgorithm::Md5) => Err(TargetAuthError::Algorithm { chosen }.into()),
        _ => Err(ProtocolViolation::Rule { key: KEY, rule: "one of the algorithms offered (12.1.3)" }.into()),
    }
}

/// Sends the initiator's response, and for mutual CHAP its challenge in the same request (CHP-08).
fn respond<'a>(
    context: &mut LoginContext<'a>,
    algorithm: ChapAlgorithm,
    received: ReceivedChallenge<'_>,
) -> Result<Next<'a>, LoginError> {
    let Some(forward) = context.config.authentication.forward() else {
        return Err(ProtocolViolation::UnexpectedKey {
            key: "CHAP_C".to_owned(),
            step: "a login without CHAP",
        }
        .into());
    };
    let secret = forward.secret.expose_secret();
    let response = ChapResponse::compute(algorithm, received.identifier, secret, received.bytes);
    context.text.push_text(LoginKey::ChapN.key(), forward.name);
    // The response is sent in the clear, so its copy in the text is not wiped.
    context.text.push_hex(LoginKey::ChapR.key(), response.as_bytes());
    let expected = match context.config.authentication.reverse() {
        None => None,
        Some(reverse) => {
            let challenge = own_challenge(&context.config, algorithm, received)?;
            context.text.push_number(LoginKey::ChapI.key(), challenge.identifier.into());
            context.text.push_hex(LoginKey::ChapC.key(), challenge.bytes(algorithm));
            Some(ExpectedResponse { algorithm, challenge, forward, reverse })
        }
    };
    Ok(Next::Send(State::Response(AwaitingResponse { expected }), security(Some(Stage::OPERATIONAL))))
}

/// The initiator's challenge, unless the target has just sent the same bytes (CHP-16).
fn own_challenge(
    config: &LoginConfig<'_>,
    algorithm: ChapAlgorithm,
    received: ReceivedChallenge<'_>,
) -> Result<SentChallenge, LoginError> {
    let mut own = config.nonce.challenge();
    // The initiator's nonce was drawn before the target's challenge came, so equal bytes are no coincidence: the target
    // knows them from elsewhere.
    if own.bytes(algorithm) == received.bytes {
        return Err(TargetAuthError::ReflectedChallenge.into());
    }
    // The identifier differs from the target's, so that a response cannot serve in both directions (RFC 1994, 4.1).
    if own.identifier == received.identifier {
        own.identifier = own.identifier.wrapping_add(1);
    }
    Ok(own)
}

/// The initiator's response was sent; `expected` is set if the target still has to authenticate itself.
#[derive(Clone, Debug)]
pub(super) struct AwaitingResponse<'a> {
    expected: Option<ExpectedResponse<'a>>,
}

impl<'a> AwaitingResponse<'a> {
    /// The response is checked before the transition is considered.
    fn receive(
        self,
        context: &mut LoginContext<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if let Some(expected) = &self.expected {
            let mut place = EMPTY;
            let received = ReceivedResponse::take(&mut keys, &mut place, &mut context.tolerance)?
                .ok_or(TargetAuthError::NoResponse)?;
            context.target_authenticated = Some(expected.verify(&received)?);
        }
        context.check_remaining(keys, "the end of the authentication")?;
        match granted {
            Some(_) => Ok(begin_parameters(context)),
            None => Ok(leave_security()),
        }
    }
}

/// Asks for the operational stage until the target grants it; authentication is complete (LOG-16).
const fn leave_security<'a>() -> Next<'a> {
    let state = State::Response(AwaitingResponse { expected: None });
    Next::Send(state, security(Some(Stage::OPERATIONAL)))
}

/// Begins the operational stage after the security stage.
fn begin_parameters<'a>(context: &mut LoginContext<'a>) -> Next<'a> {
    let (state, outgoing) = AwaitingParameters::begin(context);
    Next::Send(state, outgoing)
}

/// The operational parameters were offered (RFC 7143, 6.2 and 6.3).
#[derive(Clone, Debug)]
pub(super) struct AwaitingParameters;

impl AwaitingParameters {
    /// Offers all parameters at once, since a target that has to ask for keys takes more round trips. A login without
    /// authentication begins here (LOG-23), unless it reinstates a session.
    fn begin<'a>(context: &mut LoginContext<'a>) -> (State<'a>, Outgoing) {
        context.negotiation.begin();
        let config = &context.config;
        context.text.append(config.offer.text(config.is_discovery()));
        (State::Parameters(Self), OPERATIONAL)
    }

    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    fn receive<'a>(
        self,
        context: &mut LoginContext<'a>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        if granted.is_none() {
            context.text.append(&context.negotiation.take_answers());
            return Ok(Next::Send(State::Parameters(Self), OPERATIONAL));
        }
        Ok(Next::Complete(context.negotiation.finish()?))
    }
}

/// Takes a pair of the operational stage.
pub(super) fn take_parameter(
    context: &mut LoginContext<'_>,
    pair: Pair<'_>,
    is_last: bool,
) -> Result<(), ProtocolViolation> {
    if !context.negotiation.receive(&mut context.tolerance, pair, is_last)?
        && !context.ignores(pair, "the operational stage")?
    {
        context.negotiation.receive_unknown(&mut context.tolerance, pair, is_last)?;
    }
    Ok(())
}

const fn security(transit_to: Option<Stage>) -> Outgoing {
    Outgoing { stage: Stage::SECURITY, transit_to }
}

const OPERATIONAL: Outgoing = Outgoing { stage: Stage::OPERATIONAL, transit_to: Some(Stage::FULL_FEATURE) };

//! The states of an initiator's login, each named for the response that it awaits (RFC 7143, 6.3 and 12.1.3).
//!
//! ```text
//! security stage      AwaitingMethod → AwaitingChallenge → AwaitingResponse
//! operational stage   AwaitingParameters → full feature phase
//! ```

use iscsi_pdu::{Stage, TextWriter, encode_hex, parse_number};

use super::LoginConfig;
use super::context::{LoginContext, Outgoing};
use crate::chap::{ChapAlgorithm, ChapResponse};
use crate::chap_exchange::{Challenge, ExpectedResponse, ReceivedResponse};
use crate::credentials::{Authentication, ReverseCredentialRef};
use crate::deviation::Deviation;
use crate::error::{LoginError, ProtocolViolation, TargetAuthError};
use crate::login_text::ReceivedKeys;
use crate::negotiation::Negotiation;
use crate::operational_keys::EarlyValues;
use crate::parameters::Parameters;

/// The state of a login.
#[derive(Clone, Debug)]
pub(super) enum State<'a> {
    Method(AwaitingMethod),
    Challenge(AwaitingChallenge),
    Response(AwaitingResponse<'a>),
    Parameters(Box<AwaitingParameters>),
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
    pub(super) fn begin(config: &LoginConfig<'a>) -> (Self, Outgoing) {
        let text = config.declarations();
        match config.authentication {
            Authentication::None => AwaitingParameters::begin(config, EarlyValues::default(), text),
            Authentication::IfAsked(_) => AwaitingMethod::begin("None,CHAP", Some(Stage::OPERATIONAL), text),
            Authentication::Chap(_) | Authentication::Mutual(..) => AwaitingMethod::begin("CHAP", None, text),
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
            Self::Parameters(state) => state.receive(context, keys, granted),
        }
    }
}

/// `AuthMethod` was offered: `CHAP`, and `None` only where the policy allows it (CHP-23).
#[derive(Clone, Debug)]
pub(super) struct AwaitingMethod;

impl AwaitingMethod {
    /// Offers the methods. Where `None` is acceptable, the target may end the stage with its choice.
    fn begin<'a>(offered: &str, transit_to: Option<Stage>, text: TextWriter) -> (State<'a>, Outgoing) {
        let text = text.pair("AuthMethod", offered);
        (State::Method(Self), Outgoing { stage: Stage::SECURITY, transit_to, text })
    }

    #[allow(clippy::unused_self, reason = "receiving consumes the state")]
    fn receive<'a>(
        self,
        context: &mut LoginContext<'a>,
        mut keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        let chosen = keys.take("AuthMethod")?;
        context.check_remaining(keys, "the choice of the authentication method")?;
        let chosen = chosen.map_or_else(|| missing_choice(context, granted), |chosen| Ok(Some(chosen)))?;
        // A granted transition ends the stage without authentication, whatever was chosen: it may only come with None
        // where None was offered.
        match (chosen, granted, context.config.authentication) {
            (Some("CHAP"), None, _) => Ok(offer_algorithms(context.config.algorithms)),
            (Some("None"), None, Authentication::IfAsked(_)) => Ok(leave_security()),
            (Some("None"), Some(_), Authentication::IfAsked(_)) => Ok(begin_parameters(context)),
            (_, Some(next), _) => Err(TargetAuthError::Skipped { next }.into()),
            (Some(chosen), None, _) => Err(TargetAuthError::Method { chosen: chosen.to_owned() }.into()),
            (None, None, _) => Err(ProtocolViolation::MissingKey { key: "AuthMethod" }.into()),
        }
    }
}

/// The choice of a target that sent no `AuthMethod`: `None`, where CHAP is used only if the target asks for it (CHP-23).
fn missing_choice(
    context: &mut LoginContext<'_>,
    granted: Option<Stage>,
) -> Result<Option<&'static str>, LoginError> {
    if !matches!(context.config.authentication, Authentication::IfAsked(_)) {
        return Ok(None);
    }
    let error: LoginError = granted.map_or_else(
        || ProtocolViolation::MissingKey { key: "AuthMethod" }.into(),
        |next| TargetAuthError::Skipped { next }.into(),
    );
    let detail = "no AuthMethod in answer to None,CHAP";
    context.tolerance.tolerate(&Deviation::SECURITY_STAGE_SKIPPED, detail, error)?;
    Ok(Some("None"))
}

/// Offers the acceptable algorithms, and MD5 in any case (CHP-02).
fn offer_algorithms<'a>(acceptable: &[ChapAlgorithm]) -> Next<'a> {
    let last = (!acceptable.contains(&ChapAlgorithm::Md5)).then_some(ChapAlgorithm::Md5);
    let offered: Vec<_> =
        acceptable.iter().copied().chain(last).map(|algorithm| algorithm.number().to_string()).collect();
    let text = TextWriter::new().pair("CHAP_A", offered.join(","));
    Next::Send(
        State::Challenge(AwaitingChallenge),
        Outgoing { stage: Stage::SECURITY, transit_to: None, text },
    )
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
        let algorithm = chosen_algorithm(context.config.algorithms, keys.take_required("CHAP_A")?)?;
        let challenge = Challenge::take(&mut keys, &mut context.tolerance)?
            .ok_or(ProtocolViolation::MissingKey { key: "CHAP_C" })?;
        // Set before the remaining keys are checked, since a repeated AuthMethod is compared with the method in use.
        context.algorithm = Some(algorithm);
        context.check_remaining(keys, "the target's challenge")?;
        if (context.config.is_own_challenge)(&challenge.bytes) {
            return Err(TargetAuthError::ReflectedChallenge.into());
        }
        respond(context, algorithm, &challenge)
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
    context: &LoginContext<'a>,
    algorithm: ChapAlgorithm,
    received: &Challenge,
) -> Result<Next<'a>, LoginError> {
    let Some(forward) = context.config.authentication.forward() else {
        return Err(ProtocolViolation::UnexpectedKey {
            key: "CHAP_C".to_owned(),
            step: "a login without CHAP",
        }
        .into());
    };
    let response = ChapResponse::compute(
        algorithm,
        received.identifier,
        forward.secret.expose_secret(),
        &received.bytes,
    );
    let text = TextWriter::new().pair("CHAP_N", forward.name).pair("CHAP_R", response.to_text());
    let reverse = context.config.authentication.reverse();
    let own = reverse.map(|reverse| own_challenge(context, algorithm, received, reverse)).transpose()?;
    let text = match &own {
        None => text,
        Some((own, _)) => text.pair("CHAP_I", own.identifier).pair("CHAP_C", encode_hex(&own.bytes)),
    };
    let expected =
        own.map(|(challenge, reverse)| ExpectedResponse { algorithm, challenge, forward, reverse });
    let transit_to = Some(Stage::OPERATIONAL);
    Ok(Next::Send(
        State::Response(AwaitingResponse { expected }),
        Outgoing { stage: Stage::SECURITY, transit_to, text },
    ))
}

/// The initiator's challenge, unless the target has just sent the same bytes (CHP-16).
fn own_challenge<'a>(
    context: &LoginContext<'a>,
    algorithm: ChapAlgorithm,
    received: &Challenge,
    reverse: ReverseCredentialRef<'a>,
) -> Result<(Challenge, ReverseCredentialRef<'a>), LoginError> {
    let nonce = &context.config.nonce;
    let bytes = nonce.challenge(algorithm).to_vec();
    // The initiator's nonce was drawn before the target's challenge came, so equal bytes are no coincidence: the target
    // knows them from elsewhere.
    if bytes == received.bytes {
        return Err(TargetAuthError::ReflectedChallenge.into());
    }
    // The identifier differs from the target's, so that a response cannot serve in both directions (RFC 1994, 4.1).
    let identifier = match nonce.identifier() {
        same if same == received.identifier => same.wrapping_add(1),
        other => other,
    };
    Ok((Challenge { identifier, bytes }, reverse))
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
            let received = ReceivedResponse::take(&mut keys, &mut context.tolerance)?
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
fn leave_security<'a>() -> Next<'a> {
    let outgoing =
        Outgoing { stage: Stage::SECURITY, transit_to: Some(Stage::OPERATIONAL), text: TextWriter::new() };
    Next::Send(State::Response(AwaitingResponse { expected: None }), outgoing)
}

/// Begins the operational stage after the security stage.
fn begin_parameters<'a>(context: &mut LoginContext<'a>) -> Next<'a> {
    let early = std::mem::take(&mut context.early);
    let (state, outgoing) = AwaitingParameters::begin(&context.config, early, TextWriter::new());
    Next::Send(state, outgoing)
}

/// The operational parameters were offered (RFC 7143, 6.2 and 6.3).
#[derive(Clone, Debug)]
pub(super) struct AwaitingParameters {
    negotiation: Negotiation,
}

impl AwaitingParameters {
    /// Offers all parameters at once, since a target that has to ask for keys takes more round trips. A login without
    /// authentication begins here (LOG-23).
    fn begin<'a>(
        config: &LoginConfig<'a>,
        early: EarlyValues,
        mut text: TextWriter,
    ) -> (State<'a>, Outgoing) {
        let mut negotiation = Negotiation::new(config.offer, config.is_discovery(), early);
        negotiation.write_offers(&mut text);
        (State::Parameters(Box::new(Self { negotiation })), operational(text))
    }

    fn receive<'a>(
        mut self: Box<Self>,
        context: &mut LoginContext<'a>,
        keys: ReceivedKeys<'_>,
        granted: Option<Stage>,
    ) -> Result<Next<'a>, LoginError> {
        self.take(context, keys, granted.is_some())?;
        if granted.is_none() {
            let answers = self.negotiation.take_answers();
            return Ok(Next::Send(State::Parameters(self), operational(answers)));
        }
        Ok(Next::Complete(self.negotiation.finish()?))
    }

    fn take(
        &mut self,
        context: &mut LoginContext<'_>,
        keys: ReceivedKeys<'_>,
        is_last: bool,
    ) -> Result<(), ProtocolViolation> {
        for pair in keys.rest() {
            if !self.negotiation.receive(&mut context.tolerance, pair, is_last)?
                && !context.ignores(pair, "the operational stage")?
            {
                self.negotiation.receive_unknown(&mut context.tolerance, pair, is_last)?;
            }
        }
        Ok(())
    }
}

const fn operational(text: TextWriter) -> Outgoing {
    Outgoing { stage: Stage::OPERATIONAL, transit_to: Some(Stage::FULL_FEATURE), text }
}

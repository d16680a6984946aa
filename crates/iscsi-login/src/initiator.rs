//! The initiator's half of a login: values in, values out (RFC 7143, 6.3 and 12.1.3).
//!
//! [`Login::start`] gives the first request; every response goes into [`Login::receive`], which consumes the login
//! and gives it back with the next request until it is over. After an error there is nothing left to go on with.

mod awaiting_challenge;
mod awaiting_method;
mod awaiting_parameters;
mod awaiting_proof;
mod completed;
mod exchange;
mod out_of_place;
mod redirect;
mod response_header;

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, SerialNumber, Stage, TextKeys,
    TextWriter, check_local_name,
};

use crate::received_keys::ReceivedKeys;
use crate::{Authentication, ChapAlgorithm, ConfigError, LoginError, Nonce, Offer, Parameters, Strictness};
use awaiting_challenge::AwaitingChallenge;
use awaiting_method::AwaitingMethod;
use awaiting_parameters::AwaitingParameters;
use awaiting_proof::AwaitingProof;
pub use completed::{Authenticated, Completed};
use exchange::Exchange;
pub use redirect::Redirect;

/// What kind of session is wanted, and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType<'a> {
    /// `SendTargets` only (4.3).
    Discovery,
    /// SCSI commands to this target.
    Normal(&'a IscsiName),
}

/// Everything a login needs to know beforehand.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// Our name.
    pub initiator_name: &'a IscsiName,
    /// What to show to people at the target; not sent when `None`.
    pub initiator_alias: Option<&'a str>,
    /// Kind of session.
    pub session_type: SessionType<'a>,
    /// Initiator part of the session identifier.
    pub isid: Isid,
    /// Connection identifier, unique in the session.
    pub cid: u16,
    /// Task tag of the whole login.
    pub itt: InitiatorTaskTag,
    /// `CmdSN` of the session's first command.
    pub cmd_sn: SerialNumber,
    /// Who has to prove what.
    pub authentication: Authentication<'a>,
    /// Acceptable algorithms in order of preference. MD5 has to be offered (CHP-02): without it in the list it is offered
    /// last, and refused when the target chooses it.
    pub algorithms: &'a [ChapAlgorithm],
    /// Operational parameters to offer.
    pub offer: Offer,
    /// What becomes of [deviations](crate::Deviation) that do no harm.
    pub strictness: Strictness,
    /// Fresh random bytes for our challenge.
    pub nonce: Nonce,
    /// Is this a challenge of ours, sent to whomever and not answered yet? A target that sends one wants us to answer
    /// ourselves (CHP-17).
    pub is_own_challenge: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

/// A login under way, waiting for the target's next response.
#[must_use = "a login that is dropped was given up"]
pub struct Login<'a> {
    exchange: Exchange<'a>,
    state: State<'a>,
}

/// What the login waits for.
#[derive(Debug)]
enum State<'a> {
    Method(AwaitingMethod),
    Challenge(AwaitingChallenge),
    Proof(AwaitingProof<'a>),
    Parameters(Box<AwaitingParameters>),
}

/// What a state does with a whole text sequence.
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
enum Next<'a> {
    /// Send this and wait in that state.
    Send(State<'a>, Outgoing),
    /// Full feature phase.
    Complete(Parameters),
}

/// The variable part of a request.
struct Outgoing {
    stage: Stage,
    transit_to: Option<Stage>,
    text: TextWriter,
}

/// What to do after a response.
#[must_use]
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub enum Step<'a> {
    /// Send the request and hand the next response to the login.
    Send(Login<'a>, LoginRequest),
    /// Full feature phase begins.
    Complete(Completed),
    /// Log in anew at another address (LOG-30).
    Redirect(Redirect),
}

/// Where the login stands, without the credentials.
impl fmt::Debug for Login<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange, state } = self;
        formatter.debug_struct("Login").field("state", state).field("exchange", exchange).finish()
    }
}

impl<'a> Login<'a> {
    /// Checks the settings and makes the first request.
    ///
    /// # Errors
    /// [`ConfigError`] for credentials that must not be used, an empty list of algorithms, or an alias that is none.
    /// Nothing was sent.
    pub fn start(config: Config<'a>) -> Result<(Self, LoginRequest), ConfigError> {
        config.authentication.check()?;
        if config.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm);
        }
        config.initiator_alias.map_or(Ok(()), check_local_name).map_err(ConfigError::Alias)?;
        let text = declarations(&config);
        let (state, outgoing) = match config.authentication {
            Authentication::None => AwaitingParameters::begin(&config, text),
            Authentication::IfAsked(_) => AwaitingMethod::begin("None,CHAP", Some(Stage::OPERATIONAL), text),
            Authentication::Chap(_) | Authentication::Mutual(..) => AwaitingMethod::begin("CHAP", None, text),
        };
        let mut exchange = Exchange::new(config);
        let request = exchange.request(outgoing)?;
        Ok((Self { exchange, state }, request))
    }

    /// The stage in which the login stands.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.exchange.stage()
    }

    /// Takes the target's next response.
    ///
    /// # Errors
    /// [`LoginError`] when the target refused, broke a rule, or did not authenticate itself as demanded. The
    /// connection must then be closed without another word (12.1.3).
    pub fn receive(mut self, response: &LoginResponse) -> Result<Step<'a>, LoginError> {
        if let Some(redirect) = self.exchange.check_status(response)? {
            return Ok(Step::Redirect(redirect));
        }
        self.exchange.check_header(response)?;
        if let Some(request) = self.exchange.go_on_sending(response)? {
            return Ok(Step::Send(self, request));
        }
        let Some(text) = self.exchange.join(response)? else {
            let request = self.exchange.empty_request();
            return Ok(Step::Send(self, request));
        };
        let next = self.dispatch(&text, response.transit.then_some(response.next_stage))?;
        self.follow(next, response)
    }

    /// Hands the joined text to the state; `granted` is the stage that begins if the target grants a transition.
    fn dispatch(&mut self, text: &Bytes, granted: Option<Stage>) -> Result<Next<'a>, LoginError> {
        let pairs = TextKeys::parse(text).map_err(crate::ProtocolViolation::from)?;
        let mut keys = ReceivedKeys::new(pairs);
        self.exchange.take_declarations(&mut keys)?;
        let state = std::mem::replace(&mut self.state, State::Method(AwaitingMethod));
        match state {
            State::Method(state) => state.receive(&mut self.exchange, keys, granted),
            State::Challenge(state) => state.receive(&mut self.exchange, keys, granted),
            State::Proof(state) => state.receive(&mut self.exchange, keys, granted),
            State::Parameters(state) => state.receive(&mut self.exchange, keys, granted),
        }
    }

    fn follow(mut self, next: Next<'a>, response: &LoginResponse) -> Result<Step<'a>, LoginError> {
        match next {
            Next::Send(state, outgoing) => {
                let request = self.exchange.request(outgoing)?;
                Ok(Step::Send(Self { state, ..self }, request))
            }
            Next::Complete(parameters) => self.exchange.complete(parameters, response).map(Step::Complete),
        }
    }
}

/// The keys of the first request: who we are and what we want (LOG-04, LOG-05).
fn declarations(config: &Config<'_>) -> TextWriter {
    let mut text = TextWriter::new().pair("InitiatorName", config.initiator_name);
    if let Some(alias) = config.initiator_alias {
        text.push("InitiatorAlias", alias);
    }
    match config.session_type {
        SessionType::Discovery => text.pair("SessionType", "Discovery"),
        SessionType::Normal(target) => text.pair("SessionType", "Normal").pair("TargetName", target),
    }
}

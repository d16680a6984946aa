//! The initiator's side of a login, without I/O
//! ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
//!
//! [`Login::start`] returns the first request. Each response goes to [`Login::receive`], which consumes the login and returns
//! it with the next request until the login is over. An error ends the login.

mod context;
mod outcome;
mod response_check;
mod states;

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, IscsiName, Isid, LoginRequest, LoginResponse, SerialNumber, Stage, TextWriter,
    check_local_name,
};

use crate::chap::{ChapAlgorithm, Nonce};
use crate::credentials::{Authentication, ConfigError};
use crate::error::{LoginError, ProtocolViolation};
use crate::login_key::LoginKey;
use crate::login_text::{ReceivedKeys, received_pairs};
use crate::prepared_offer::PreparedOffer;
use crate::tolerance::Strictness;
use context::{LoginContext, Seen};
pub use outcome::{Authenticated, CompletedLogin, Redirect};
use states::{AwaitingMethod, Next, State, take_parameter};

/// A login in progress, waiting for the target's next response
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
///
/// A clone goes on from the same point by itself, which lets a simulation try several continuations. It copies no secret: the
/// credentials are borrowed views.
#[derive(Clone)]
#[must_use = "dropping a login abandons it"]
pub struct Login<'a> {
    /// Boxed, because every step moves the login.
    context: Box<LoginContext<'a>>,
    state: State<'a>,
}

/// The next step after a response
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
#[must_use]
#[allow(clippy::large_enum_variant, reason = "matched at once and never stored")]
pub enum Step<'a> {
    /// Send the request and pass the next response to the login.
    Send(Login<'a>, LoginRequest),
    /// Full feature phase begins.
    Complete(CompletedLogin),
    /// Log in again at another address (LOG-30).
    Redirect(Redirect),
}

/// The state of the login, without the credentials.
impl fmt::Debug for Login<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { context, state } = self;
        formatter.debug_struct("Login").field("state", state).field("context", context).finish()
    }
}

impl<'a> Login<'a> {
    /// Checks the settings and returns the first request.
    ///
    /// # Errors
    /// [`ConfigError`] for unusable credentials, an empty list of algorithms, or an invalid alias. Nothing was sent.
    pub fn start(config: LoginConfig<'a>) -> Result<(Self, LoginRequest), ConfigError> {
        config.check()?;
        let mut context = Box::new(LoginContext::new(config));
        let (state, outgoing) = State::begin(&mut context);
        let request = context.request(outgoing)?;
        Ok((Self { context, state }, request))
    }

    /// The current stage of the login.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.context.stage()
    }

    /// Takes the target's next response.
    ///
    /// # Errors
    /// [`LoginError`] when the target refused the login, broke a rule, or did not authenticate itself as required. The
    /// connection must then be closed without sending anything else (12.1.3).
    pub fn receive(mut self, response: &LoginResponse) -> Result<Step<'a>, LoginError> {
        if let Some(redirect) = self.context.check_status(response)? {
            return Ok(Step::Redirect(redirect));
        }
        self.context.check_header(response)?;
        if let Some(request) = self.context.continue_text(response)? {
            return Ok(Step::Send(self, request));
        }
        let Some(text) = self.context.join(response)? else {
            let request = self.context.empty_request();
            return Ok(Step::Send(self, request));
        };
        let next = self.dispatch(&text, response.transit.then_some(response.next_stage))?;
        self.follow(next, response)
    }

    /// Passes a complete text to the state; `granted` is the stage that begins if the response grants a transition. Operational
    /// keys are taken one by one, those of a step of the security stage together.
    fn dispatch(&mut self, text: &Bytes, granted: Option<Stage>) -> Result<Next<'a>, LoginError> {
        let is_operational = matches!(self.state, State::Parameters(_));
        let (mut keys, mut seen) = (ReceivedKeys::default(), Seen::default());
        for pair in received_pairs(text).map_err(ProtocolViolation::from)? {
            let pair = pair.map_err(ProtocolViolation::from)?;
            if self.context.take_declaration(pair, &mut seen)? {
                continue;
            }
            if is_operational {
                take_parameter(&mut self.context, pair, granted.is_some())?;
            } else {
                keys.push(pair);
            }
        }
        let state = std::mem::replace(&mut self.state, State::Method(AwaitingMethod));
        state.receive(&mut self.context, keys, granted)
    }

    fn follow(mut self, next: Next<'a>, response: &LoginResponse) -> Result<Step<'a>, LoginError> {
        match next {
            Next::Send(state, outgoing) => {
                let request = self.context.request(outgoing)?;
                Ok(Step::Send(Self { state, ..self }, request))
            }
            Next::Complete(parameters) => self.context.complete(parameters, response).map(Step::Complete),
        }
    }
}

/// The type of a session, and its target
/// ([RFC 7143, section 13.21](https://www.rfc-editor.org/rfc/rfc7143#section-13.21)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType<'a> {
    /// A discovery session, for `SendTargets` only.
    Discovery,
    /// A session for SCSI commands to this target.
    Normal(&'a IscsiName),
}

/// The settings of a login
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
#[derive(Clone, Copy)]
pub struct LoginConfig<'a> {
    /// The initiator's name.
    pub initiator_name: &'a IscsiName,
    /// A description of the initiator for administrators of the target; not sent when `None`.
    pub initiator_alias: Option<&'a str>,
    /// The type of the session.
    pub session_type: SessionType<'a>,
    /// The initiator part of the session identifier.
    pub isid: Isid,
    /// The connection identifier, unique in the session.
    pub cid: u16,
    /// The task tag of all requests of the login.
    pub itt: InitiatorTaskTag,
    /// `CmdSN` of the session's first command.
    pub cmd_sn: SerialNumber,
    /// The required authentication.
    pub authentication: Authentication<'a>,
    /// Whether the login replaces a session with the same ISID that may still be there. Without authentication it begins with the
    /// security stage then: tgt ends the old session only at the end of that stage.
    pub reinstates: bool,
    /// Acceptable algorithms in order of preference. Every offer must contain MD5 (CHP-02): if it is not in the list, it is
    /// offered last, and the login fails when the target chooses it.
    pub algorithms: &'a [ChapAlgorithm],
    /// The operational parameters to offer.
    pub offer: &'a PreparedOffer,
    /// Whether harmless [deviations](crate::Deviation) are tolerated.
    pub strictness: Strictness,
    /// Fresh random bytes for the initiator's challenge.
    pub nonce: Nonce,
    /// Whether a challenge is one that this initiator sent on any connection and that is not answered yet. A target that sends
    /// such a challenge wants the initiator to compute the target's response (CHP-17).
    pub is_own_challenge: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

impl LoginConfig<'_> {
    /// Checks the settings that can be wrong before anything is sent.
    fn check(&self) -> Result<(), ConfigError> {
        self.authentication.check()?;
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm);
        }
        self.initiator_alias.map_or(Ok(()), check_local_name).map_err(ConfigError::Alias)
    }

    const fn is_discovery(&self) -> bool {
        matches!(self.session_type, SessionType::Discovery)
    }

    /// Writes the declarations of the first request (LOG-04, LOG-05).
    fn declare(&self, text: &mut TextWriter) {
        text.push_text(LoginKey::InitiatorName.key(), self.initiator_name.as_str());
        if let Some(alias) = self.initiator_alias {
            text.push_text(LoginKey::InitiatorAlias.key(), alias);
        }
        match self.session_type {
            SessionType::Discovery => text.push_text(LoginKey::SessionType.key(), "Discovery"),
            SessionType::Normal(target) => {
                text.push_text(LoginKey::SessionType.key(), "Normal");
                text.push_text(LoginKey::TargetName.key(), target.as_str());
            }
        }
    }

    /// Whether a received value is the one that the initiator declared, or contradicts no declaration; `None` for a key that the
    /// initiator does not declare.
    fn is_echo(&self, key: LoginKey, value: &str) -> Option<bool> {
        let sent = match (key, self.session_type) {
            (LoginKey::InitiatorName, _) => self.initiator_name.as_str(),
            (LoginKey::InitiatorAlias, _) => self.initiator_alias.unwrap_or(value),
            (LoginKey::SessionType, SessionType::Discovery) => "Discovery",
            (LoginKey::SessionType, SessionType::Normal(_)) => "Normal",
            (LoginKey::TargetName, SessionType::Normal(target)) => target.as_str(),
            (LoginKey::TargetName, SessionType::Discovery) => value,
            _ => return None,
        };
        Some(value.eq_ignore_ascii_case(sent))
    }
}

//! The initiator's side of a login, without I/O
//! ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
//!
//! [`Login::start`] returns the first request. Each response goes to [`Login::receive`], which consumes the login and returns
//! it with the next request until the login is over. An error ends the login.

mod config;
mod context;
mod outcome;
mod response_check;
mod states;

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{LoginRequest, LoginResponse, Stage, TextKeys};

use crate::credentials::ConfigError;
use crate::error::{LoginError, ProtocolViolation};
use crate::login_text::ReceivedKeys;
pub use config::{LoginConfig, SessionType};
use context::LoginContext;
pub use outcome::{Authenticated, CompletedLogin, Redirect};
use states::{AwaitingMethod, Next, State};

/// A login in progress, waiting for the target's next response.
///
/// A clone goes on from the same point by itself, which lets a simulation try several continuations. It copies no secret: the
/// credentials are borrowed views.
#[derive(Clone)]
#[must_use = "dropping a login abandons it"]
pub struct Login<'a> {
    context: LoginContext<'a>,
    state: State<'a>,
}

/// The next step after a response.
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
        let (state, outgoing) = State::begin(&config);
        let mut context = LoginContext::new(config);
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

    /// Passes a complete text to the state; `granted` is the stage that begins if the response grants a transition.
    fn dispatch(&mut self, text: &Bytes, granted: Option<Stage>) -> Result<Next<'a>, LoginError> {
        let pairs = TextKeys::parse(text).map_err(ProtocolViolation::from)?;
        let mut keys = ReceivedKeys::new(pairs);
        self.context.take_declarations(&mut keys)?;
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

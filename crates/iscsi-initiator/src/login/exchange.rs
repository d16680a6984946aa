//! A whole login as bytes and without I/O: requests out, responses in, redirections, time limit
//! ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
//!
//! [`Exchange::begin`] encodes the first request of a login at [`Exchange::portal`]. Each further call states what happened
//! to its connection, and returns the [`Next`] step. An error ends the login; its connection has to be closed. Random
//! values and time are arguments: `now` is the duration since an origin that the caller chooses.

use std::io;
use std::mem;
use std::time::Duration;

use bytes::BytesMut;
use iscsi_login::initiator::{CompletedLogin, Login, Redirect, Step};
use iscsi_login::{ObservedDeviation, Tolerance};
use iscsi_pdu::{Digests, EncodedPdu, LoginRequest, LoginResponse, Portal, RawPdu, Stage};

use super::redirects::{RedirectKind, Redirects};
use super::settings::{Draw, LoginSettings};
use super::times::{LoginTimes, Stopwatch};
use crate::error::{Error, LoginStep};
use crate::wire::{Inbox, LoginInbox};

/// The next step of an [`Exchange`].
#[must_use]
pub enum Next {
    /// Close the connection, if there is one, draw new random values and call [`Exchange::begin`].
    Begin,
    /// Connect to [`Exchange::portal`], then call [`Exchange::connected`] or [`Exchange::unreachable`].
    Connect,
    /// Write [`Exchange::outgoing`], then call [`Exchange::sent`].
    Write,
    /// Read into [`Exchange::space`], then call [`Exchange::received`].
    Read,
    /// Full feature phase begins. The inbox has the bytes that followed the last response. Boxed, because every step of a login
    /// moves the next one.
    Complete(Box<(LoggedIn, Inbox)>),
}

/// The result of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The portal that the connection leads to, after redirections.
    pub portal: Portal,
    /// The kind of redirection that led there; `None` without one.
    pub redirect_kind: Option<RedirectKind>,
    /// The result of the login at this portal.
    pub completed: CompletedLogin,
    /// The deviations that were tolerated at all portals.
    pub tolerance: Tolerance,
    /// Durations of the parts of the login.
    pub times: LoginTimes,
}

/// A login in progress, at one portal after the other. A clone goes on from the same point by itself; it copies no secret.
#[derive(Clone)]
#[must_use = "dropping a login abandons it"]
pub struct Exchange<'a> {
    settings: LoginSettings<'a>,
    first: &'a Portal,
    portal: Portal,
    deadline: Duration,
    redirects: Redirects<'a>,
    tolerance: Tolerance,
    stopwatch: Stopwatch,
    /// The login at `portal`; `None` until it begins, and after the end.
    login: Option<Login<'a>>,
    is_connected: bool,
    /// The current request, in a buffer that all requests share.
    request: BytesMut,
    /// The number of bytes of the request that were written.
    sent: usize,
    inbox: LoginInbox,
}

impl<'a> Exchange<'a> {
    /// Creates a login whose time limit counts from `began`. The next step is [`begin`](Self::begin).
    pub fn new(settings: LoginSettings<'a>, portal: &'a Portal, began: Duration) -> Self {
        let config = settings.config;
        Self {
            settings,
            first: portal,
            portal: portal.clone(),
            deadline: began.saturating_add(config.login_timeout),
            redirects: Redirects::new(config.redirect_to.as_deref()),
            tolerance: Tolerance::new(config.strictness),
            stopwatch: Stopwatch::default(),
            login: None,
            is_connected: false,
            request: BytesMut::new(),
            sent: 0,
            inbox: LoginInbox::new(),
        }
    }

    /// Begins a login at [`portal`](Self::portal): checks the settings, and encodes the first request.
    ///
    /// # Errors
    /// [`Error::Credentials`] for settings with which no login may be attempted.
    pub fn begin(&mut self, draw: Draw, now: Duration) -> Result<(), Error> {
        let (login, request) = Login::start(self.settings.login_config(draw)).map_err(Error::Credentials)?;
        self.inbox = LoginInbox::new();
        self.stopwatch = Stopwatch::start(now);
        self.is_connected = false;
        self.set_request(login, &request)
    }

    /// The portal of the current login, or of the next one to begin.
    #[must_use]
    pub const fn portal(&self) -> &Portal {
        &self.portal
    }

    /// The connection to [`portal`](Self::portal) is open.
    pub fn connected(&mut self, now: Duration) -> Next {
        self.stopwatch.connected(now);
        self.is_connected = true;
        self.next()
    }

    /// The portal cannot be connected to. If a redirection named other addresses, the next one is tried.
    ///
    /// # Errors
    /// [`Error::Connect`] if there is no other address.
    pub fn unreachable(&mut self, reason: &io::Error) -> Result<(), Error> {
        let error = Error::connect(&self.portal, reason);
        let portal = self.redirects.instead(self.portal.clone(), error)?;
        self.move_to(portal);
        Ok(())
    }

    /// The bytes to write: the rest of the current request.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.request.get(self.sent..).unwrap_or_default()
    }

    /// This many bytes of [`outgoing`](Self::outgoing) were written.
    ///
    /// # Errors
    /// As [`received`](Self::received): the response may have arrived before.
    pub fn sent(&mut self, count: usize, now: Duration) -> Result<Next, Error> {
        self.sent = self.sent.saturating_add(count);
        self.received(now)
    }

    /// The buffer that received bytes are appended to, with space for one read.
    pub fn space(&mut self) -> &mut BytesMut {
        self.inbox.with_space()
    }

    /// Bytes were read into [`space`](Self::space). They are looked at once the request has been sent.
    ///
    /// # Errors
    /// [`Error::Login`] or [`Error::MalformedDuringLogin`] for a response that ends the login, or the error of a
    /// redirection that is not followed.
    pub fn received(&mut self, now: Duration) -> Result<Next, Error> {
        if !matches!(self.next(), Next::Read) {
            return Ok(self.next());
        }
        match self.inbox.next_pdu() {
            Ok(None) => Ok(Next::Read),
            Ok(Some(response)) => self.answer(response, now),
            Err(error) => Err(self.malformed(self.stage(), error)),
        }
    }

    /// The error of a connection that the target closed.
    #[must_use]
    pub fn closed(&self) -> Error {
        self.lost(&self.inbox.end_of_stream())
    }

    /// The error of a connection that was lost for this reason.
    #[must_use]
    pub fn lost(&self, reason: &dyn std::fmt::Display) -> Error {
        let (portal, stage) = (self.portal.clone(), self.stage());
        Error::ClosedDuringLogin { portal, stage, reason: reason.to_string() }
    }

    /// The time at which the limit of the whole login is reached.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Checks the time limit.
    ///
    /// # Errors
    /// [`timeout`](Self::timeout) from the deadline on.
    pub fn advance(&self, now: Duration) -> Result<(), Error> {
        if now < self.deadline { Ok(()) } else { Err(self.timeout()) }
    }

    /// The error of a login that has reached its time limit.
    #[must_use]
    pub fn timeout(&self) -> Error {
        let step =
            if self.is_connected { LoginStep::Negotiating(self.stage()) } else { LoginStep::Connecting };
        Error::LoginTimeout {
            portal: self.portal.clone(),
            redirects: self.redirects.hops(),
            first: self.first.clone(),
            step,
            limit: self.settings.config.login_timeout,
        }
    }

    /// The step that the login waits for.
    pub fn next(&self) -> Next {
        match &self.login {
            None => Next::Begin,
            Some(_) if !self.is_connected => Next::Connect,
            Some(_) if !self.outgoing().is_empty() => Next::Write,
            Some(_) => Next::Read,
        }
    }

    fn stage(&self) -> Stage {
        self.login.as_ref().map_or(Stage::SECURITY, Login::stage)
    }

    /// Encodes the next request. It is small enough to be copied into one buffer.
    fn set_request(&mut self, login: Login<'a>, request: &LoginRequest) -> Result<(), Error> {
        self.request.clear();
        EncodedPdu::new(request.encode(), Digests::default())?.append_to(&mut self.request);
        (self.login, self.sent) = (Some(login), 0);
        Ok(())
    }

    /// Takes the target's next PDU; anything but a Login Response is an error (LOG-02).
    fn answer(&mut self, raw: RawPdu, now: Duration) -> Result<Next, Error> {
        let Some(login) = self.login.take() else { return Ok(Next::Begin) };
        let stage = login.stage();
        let response = LoginResponse::decode(raw).map_err(|error| self.malformed(stage, error))?;
        log_response(&self.portal, &response);
        self.stopwatch.answered(stage, now);
        let step = login.receive(&response);
        match step.map_err(|error| Error::Login { portal: self.portal.clone(), stage, error })? {
            Step::Send(login, request) => self.set_request(login, &request)?,
            Step::Redirect(redirect) => self.redirect(&redirect)?,
            Step::Complete(completed) => return Ok(self.complete(completed)),
        }
        Ok(self.next())
    }

    fn redirect(&mut self, redirect: &Redirect) -> Result<(), Error> {
        record(&mut self.tolerance, &redirect.deviations);
        let portal = self.redirects.follow(self.portal.clone(), redirect)?;
        self.move_to(portal);
        Ok(())
    }

    /// Abandons the current login for one at another portal.
    fn move_to(&mut self, portal: Portal) {
        tracing::info!(%portal, "login redirected");
        (self.portal, self.login, self.is_connected) = (portal, None, false);
    }

    /// Full feature phase begins: digests and the segment length that the initiator declared come into force (DIG-02).
    fn complete(&mut self, completed: CompletedLogin) -> Next {
        record(&mut self.tolerance, &completed.deviations);
        let inbox = mem::replace(&mut self.inbox, LoginInbox::new());
        let parameters = &completed.parameters;
        let inbox = inbox.enter_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
        let logged_in = LoggedIn {
            portal: self.portal.clone(),
            redirect_kind: self.redirects.redirect_kind(),
            completed,
            tolerance: self.tolerance.clone(),
            times: self.stopwatch.times(),
        };
        Next::Complete(Box::new((logged_in, inbox)))
    }

    fn malformed(&self, stage: Stage, error: iscsi_pdu::Error) -> Error {
        Error::MalformedDuringLogin { portal: self.portal.clone(), stage, error: error.into() }
    }
}

/// Adds the deviations that were tolerated at one portal.
fn record(tolerance: &mut Tolerance, deviations: &[ObservedDeviation]) {
    for observed in deviations {
        tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        tolerance.record(observed.clone());
    }
}

fn log_response(portal: &Portal, response: &LoginResponse) {
    tracing::debug!(
        %portal,
        stage = %response.current_stage,
        transit = response.transit,
        status = %response.status,
        "login response"
    );
}

#[cfg(test)]
mod tests;

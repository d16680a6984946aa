//! One connection: the cutting of its bytes into PDUs, its login or its session, and its end.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, Isid, RawPdu};
use std::collections::VecDeque;

use super::fault::Fault;
use super::login_phase::{LoginPhase, LoginStep, RANDOM_BYTES, TIME_LIMIT};
use super::session::{Flow, Session};
use super::shared::Shared;

/// Limit on data segments during login (RFC 7143, 6.3).
const LOGIN_SEGMENT: u32 = 8192;
/// The time limit for an initiator to close the connection after a logout.
const CLOSING_TIME: Duration = Duration::from_secs(2);

/// A PDU to send, with the digests that it needs.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) pdu: RawPdu,
    pub(crate) digests: Digests,
}

/// The state of a connection.
#[derive(Clone)]
enum Phase {
    Login(Box<LoginPhase>),
    FullFeature(Box<Session>),
    Over,
}

/// The end of a connection, after the answers that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The initiator logged out, and closes the connection until this time.
    LoggedOut(Duration),
    /// The target closes the connection.
    Close,
}

/// What a PDU led to.
pub(super) enum Progress {
    Going,
    /// Full feature phase begins.
    LoggedIn,
    /// The session has been logged out.
    LoggedOut,
}

#[derive(Clone)]
pub(super) struct Connection {
    local: SocketAddr,
    decoder: Decoder,
    /// Bytes of an incomplete PDU.
    pub(super) input: BytesMut,
    digests: Digests,
    phase: Phase,
    /// Login Responses that wait to be sent.
    login_responses: VecDeque<RawPdu>,
    login_limit: Duration,
    ending: Option<Ending>,
    pub(super) fault: Option<Fault>,
    /// True if the connection has been announced as one with something to do.
    pub(super) is_announced: bool,
    /// The deadline that is entered in the engine's list.
    pub(super) deadline: Option<Duration>,
}

impl Connection {
    pub(super) fn new(shared: &mut Shared, local: SocketAddr, random: &[u8; RANDOM_BYTES]) -> Self {
        Self {
            local,
            decoder: Decoder::new(LOGIN_SEGMENT),
            input: BytesMut::new(),
            digests: Digests::default(),
            login_limit: shared.now + TIME_LIMIT,
            phase: Phase::Login(Box::new(LoginPhase::new(shared, random))),
            login_responses: VecDeque::new(),
            ending: None,
            fault: None,
            is_announced: false,
            deadline: None,
        }
    }

    /// Takes the next PDU off the front of `stream`; `None` if it is incomplete, or if nothing more is wanted.
    pub(super) fn cut(&mut self, stream: &mut BytesMut) -> Result<Option<RawPdu>, Fault> {
        if self.ending.is_some() {
            stream.clear();
            return Ok(None);
        }
        Ok(self.decoder.decode(stream)?)
    }

    pub(super) fn bytes_needed(&self, stream: &BytesMut) -> usize {
        if self.ending.is_some() { 0 } else { self.decoder.bytes_needed(stream) }
    }

    /// Takes one PDU of the initiator.
    pub(super) fn receive(&mut self, shared: &mut Shared, raw: RawPdu) -> Result<Progress, Fault> {
        match &mut self.phase {
            Phase::Login(login) => {
                let (request, step) = login.receive(&shared.config, raw)?;
                self.follow(shared, request.cid, request.isid, step)
            }
            Phase::FullFeature(session) => match session.receive(shared, raw)? {
                Flow::GoOn => Ok(Progress::Going),
                Flow::LoggedOut => {
                    self.ending = Some(Ending::LoggedOut(shared.now + CLOSING_TIME));
                    Ok(Progress::LoggedOut)
                }
            },
            Phase::Over => Ok(Progress::Going),
        }
    }

    fn follow(
        &mut self,
        shared: &mut Shared,
        cid: u16,
        isid: Isid,
        step: LoginStep,
    ) -> Result<Progress, Fault> {
        match step {
            LoginStep::Send(response) => self.login_responses.push_back(response.encode()),
            LoginStep::Refuse(response, refusal) => {
                self.login_responses.push_back(response.encode());
                return Err(refusal);
            }
            LoginStep::Complete(response, completed) => {
                self.login_responses.push_back(response.encode());
                let session = Session::new(&completed, cid, isid, self.local, &shared.config);
                let parameters = session.parameters;
                self.digests = parameters.digests;
                self.decoder.set_full_feature(self.digests, parameters.max_recv_data_segment_length);
                self.phase = Phase::FullFeature(Box::new(session));
                let report = &mut shared.report;
                report.mutual_sessions += u32::from(completed.target_authenticated);
                match completed.account {
                    Some(_) => report.normal_sessions += 1,
                    None => report.discovery_sessions += 1,
                }
                return Ok(Progress::LoggedIn);
            }
        }
        Ok(Progress::Going)
    }

    pub(super) const fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::FullFeature(session) => Some(session),
            Phase::Login(_) | Phase::Over => None,
        }
    }

    pub(super) const fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::FullFeature(session) => Some(session),
            Phase::Login(_) | Phase::Over => None,
        }
    }

    /// A session that has not been logged out, and whose connection is not about to be closed.
    pub(super) fn live_session_mut(&mut self) -> Option<&mut Session> {
        if self.ending.is_some() { None } else { self.session_mut() }
    }

    /// The next PDU to send.
    pub(super) fn next_pdu(&mut self) -> Option<Outgoing> {
        if let Some(pdu) = self.login_responses.pop_front() {
            return Some(Outgoing { pdu, digests: Digests::default() });
        }
        let digests = self.digests;
        self.session_mut()?.next_pdu().map(|pdu| Outgoing { pdu, digests })
    }

    pub(super) const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Ends the connection; answers to earlier requests are still sent.
    pub(super) const fn close(&mut self) {
        self.ending = Some(Ending::Close);
    }

    /// Ends the connection after a fault; answers to earlier requests are still sent.
    pub(super) fn fail(&mut self, fault: Fault) {
        self.close();
        self.fault = Some(fault);
    }

    /// Ends the connection and its tasks at once: nothing more is sent.
    pub(super) fn end(&mut self) {
        self.close();
        self.login_responses.clear();
        self.phase = Phase::Over;
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// True if there is something to send or to close.
    pub(super) fn has_something_to_do(&self) -> bool {
        self.ending == Some(Ending::Close)
            || !self.login_responses.is_empty()
            || self.session().is_some_and(Session::has_answers)
    }

    /// The time at which the connection wants to be looked at.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        match (self.ending, &self.phase) {
            (Some(Ending::LoggedOut(limit)), _) => Some(limit),
            (Some(Ending::Close), _) | (None, Phase::Over) => None,
            (None, Phase::Login(_)) => Some(self.login_limit),
            (None, Phase::FullFeature(session)) => session.next_due(),
        }
    }

    /// Does what the time demands.
    pub(super) fn advance(&mut self, shared: &mut Shared) {
        match (self.ending, &mut self.phase) {
            (Some(Ending::LoggedOut(limit)), _) if shared.now >= limit => self.end(),
            (None, Phase::Login(_)) if shared.now >= self.login_limit => {
                self.end();
                self.fault = Some(Fault::LoginTimeout);
            }
            (None, Phase::FullFeature(session)) => session.finish_due(shared),
            _ => {}
        }
    }
}

/// A length in bytes as a length in memory.
pub(super) fn segment_limit(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

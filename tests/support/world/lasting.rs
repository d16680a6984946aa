//! The nexus of a world's initiator: its session, and the login for the next one.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::{
    Decision, End, Engine, Exchange, Inbox, Limits, LoggedIn, LoginSettings, LogoutCause, Next, NextSession,
    Nexus, NexusEvent, Outcome, Phase, Probe, Request, SessionState, Step,
};
use iscsi_initiator::scsi::Completion;
use iscsi_initiator::{Error, Lun, RecoveryPolicy, SessionStatus};
use iscsi_pdu::InitiatorTaskTag;

use super::initiator::{draw, receive_login, write, write_login};
use super::rig::LANDING_LENGTH;
use super::setup::Setup;
use super::{Pipe, Received, Seed};

/// The limit of a logout.
const LOGOUT: Duration = Duration::from_secs(30);

/// A nexus with its session.
#[derive(Clone)]
pub(super) struct Lasting<'a> {
    pub(super) engine: Engine,
    nexus: Nexus,
    /// The login that is under way.
    login: Option<Exchange<'a>>,
    /// Whether the session has its connection.
    is_connected: bool,
    /// The look at the unit in the first session, and its command.
    probe: Option<(Probe, InitiatorTaskTag)>,
    /// What a caller wants that was not done yet.
    wanted: Option<Step>,
    /// Whether the settings are those after the change.
    pub(super) is_later: bool,
    /// The number of sessions so far.
    pub(super) sessions: usize,
}

impl<'a> Lasting<'a> {
    /// A nexus with the session of its first login.
    pub(super) fn new(setup: &Setup, logged_in: LoggedIn, inbox: Inbox, seed: &Seed, now: Duration) -> Self {
        let completed = logged_in.completed;
        let limits = Limits::new(setup.command_timeout(), LOGOUT);
        let mut session = SessionState::new(
            completed.parameters,
            completed.cmd_sn,
            completed.exp_stat_sn,
            completed.numbers,
            logged_in.tolerance,
            limits,
        );
        let policy = setup.variant.recovery.unwrap_or(RecoveryPolicy::OFF);
        let probe = policy.is_on().then(|| {
            session.make_lasting();
            let probe = Probe::new();
            let itt = submit(&mut session, &probe, now);
            (probe, itt)
        });
        let inbox = inbox.landing_from(LANDING_LENGTH);
        let engine = Engine::new(session, inbox, completed.parameters.digests);
        let nexus = Nexus::new(policy, completed.target_portal_group_tag, seed.part("pauses").number(), now);
        Self {
            engine,
            nexus,
            login: None,
            is_connected: true,
            probe,
            wanted: None,
            is_later: false,
            sessions: 1,
        }
    }

    /// The state of the nexus.
    pub(super) const fn status(&self) -> SessionStatus {
        self.nexus.status()
    }

    /// Tells the nexus what its caller wants.
    pub(super) fn tell(&mut self, event: NexusEvent, now: Duration) {
        let step = match event {
            NexusEvent::Suspend => self.nexus.suspend(&mut self.engine.session, now),
            NexusEvent::NotWanted => {
                self.engine.session.log_out(LogoutCause::Initiator, now);
                if self.nexus.phase().carries_commands() { Step::Wait } else { self.nexus.take(event, now) }
            }
            event => self.nexus.take(event, now),
        };
        self.wanted = self.wanted.or((step != Step::Wait).then_some(step));
    }

    /// Whether a session or a login has a connection.
    pub(super) const fn has_connection(&self) -> bool {
        self.is_connected || self.login.is_some()
    }

    /// Whether a login is under way.
    pub(super) const fn is_connecting(&self) -> bool {
        self.login.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let login = self.login.as_ref().map(Exchange::deadline);
        let session = self.engine.session.next_deadline();
        [login, session, self.nexus.next_deadline()].into_iter().flatten().min()
    }

    pub(super) fn advance(&mut self, now: Duration) {
        self.engine.session.advance(now);
        if let Some(Err(error)) = self.login.as_mut().map(|login| login.advance(now)) {
            self.fail(&error, now);
        }
    }

    /// Whether the initiator knows which unit it has.
    pub(super) const fn knows_unit(&self) -> bool {
        self.probe.is_none()
    }

    /// Whether operations are accepted: the unit is known, and there is a session or will be one.
    pub(super) fn accepts(&self) -> bool {
        let session = &self.engine.session;
        self.probe.is_none()
            && !self.nexus.is_failing_fast()
            && (session.is_open() || session.is_between_sessions())
    }

    /// Takes the answer to a command of the first look at the unit, which begins anew when the session is lost; false for any
    /// other outcome.
    pub(super) fn take_probe(&mut self, itt: InitiatorTaskTag, outcome: &Outcome, now: Duration) -> bool {
        let Some((mut probe, _)) = self.probe.take_if(|(_, asked)| *asked == itt) else { return false };
        let completion = match outcome {
            Outcome::Good(data) => {
                let mut completion = Completion::good();
                completion.data = data.clone().freeze();
                completion
            }
            Outcome::Scsi(ended, _) => ended.completion.clone(),
            _ if self.nexus.phase() == Phase::Over => return true,
            _ => {
                let probe = Probe::new();
                self.probe = Some((probe.clone(), submit(&mut self.engine.session, &probe, now)));
                return true;
            }
        };
        if probe.take(completion).is_err() {
            return true;
        }
        if probe.command().is_some() {
            let itt = submit(&mut self.engine.session, &probe, now);
            self.probe = Some((probe, itt));
        } else {
            let found = probe.finish();
            self.nexus.remember(Lun::ZERO, found.identity);
            self.engine.session.note_write_cache(Lun::ZERO, found.has_write_cache);
        }
        true
    }

    /// The end, if no other session follows.
    pub(super) fn end(&self) -> Option<End> {
        self.engine.session.end().filter(|_| self.nexus.phase() == Phase::Over).cloned()
    }

    /// Lets the nexus go on, and writes to the pipe. True if it wants another connection.
    pub(super) fn act(&mut self, setup: &'a Setup, seed: &mut Seed, pipe: &mut Pipe, now: Duration) -> bool {
        let mut wants_connection = false;
        loop {
            let wanted = self.wanted.take();
            match wanted.unwrap_or_else(|| self.nexus.drive(&mut self.engine.session, now)) {
                Step::Wait => break,
                Step::LogIn => wants_connection |= self.begin_login(setup, seed, now),
                Step::Abandon | Step::LogOut => self.login = None,
                Step::FailCommands => self.engine.session.end_waiting(),
                Step::Probe | Step::Replay | Step::End => {}
            }
        }
        if self.nexus.phase() == Phase::Over {
            self.login = None;
            if self.engine.session.end().is_some() {
                self.engine.session.end_kept();
            }
        }
        self.is_connected &= self.engine.session.end().is_none();
        if !self.is_connected && self.login.is_none() {
            pipe.close(now);
        }
        if self.is_connected {
            self.engine.send(|slices| {
                let bytes: Bytes = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                write(pipe, &bytes, now)
            });
        } else if let Some(login) = self.login.as_mut().filter(|_| !wants_connection) {
            let written = write_login(login, pipe, now);
            self.follow(written, now);
        }
        wants_connection
    }

    pub(super) fn connected(&mut self, outcome: &io::Result<()>, now: Duration) {
        let Some(login) = &mut self.login else { return };
        match outcome {
            Ok(()) => _ = login.connected(now),
            Err(error) => {
                if let Err(error) = login.unreachable(error) {
                    self.fail(&error, now);
                }
            }
        }
    }

    pub(super) fn receive(&mut self, received: &Received, now: Duration) {
        if let Some(login) = &mut self.login {
            if let Some(next) = receive_login(login, received, now) {
                self.follow(next, now);
            }
            return;
        }
        if !self.is_connected {
            return;
        }
        match received {
            Received::Data(bytes) => self.engine.receive(bytes, now),
            Received::Nothing => {}
            Received::EndOfStream => self.engine.closed(now),
            Received::Reset => self.engine.lost(&io::Error::from(io::ErrorKind::ConnectionReset)),
        }
    }

    fn begin_login(&mut self, setup: &'a Setup, seed: &mut Seed, now: Duration) -> bool {
        let settings = match setup.next_login_settings(self.is_later) {
            Ok(settings) => LoginSettings { reinstates: true, ..settings },
            Err(error) => {
                self.fail(&error, now);
                return false;
            }
        };
        let mut login = Exchange::new(settings, &setup.portal, now);
        if let Err(error) = login.begin(draw(seed), now) {
            self.fail(&error, now);
            return false;
        }
        self.login = Some(login);
        true
    }

    fn follow(&mut self, next: Result<Next, Error>, now: Duration) {
        match next {
            Ok(Next::Complete(complete)) => {
                let (logged_in, inbox) = *complete;
                self.begin_session(logged_in, inbox, now);
            }
            Ok(_) => {}
            Err(error) => self.fail(&error, now),
        }
    }

    fn begin_session(&mut self, logged_in: LoggedIn, inbox: Inbox, now: Duration) {
        let completed = logged_in.completed;
        let next = NextSession::new(&completed, logged_in.tolerance);
        let session = &mut self.engine.session;
        let _ = self.nexus.log_in_again(session, next, completed.target_portal_group_tag, now);
        self.engine.reconnect(inbox.landing_from(LANDING_LENGTH), completed.parameters.digests);
        (self.login, self.is_connected) = (None, true);
        self.sessions += 1;
    }

    /// The login has failed.
    fn fail(&mut self, error: &Error, now: Duration) {
        self.login = None;
        self.nexus.take(NexusEvent::LoginFailed(Decision::after_login(error)), now);
    }
}

fn submit(session: &mut SessionState, probe: &Probe, now: Duration) -> InitiatorTaskTag {
    let command = probe.command().unwrap_or_else(|| iscsi_initiator::scsi::TestUnitReady.into());
    session.submit_since(Request::command(Lun::ZERO, command), now)
}

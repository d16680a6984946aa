//! The initiator of a world: a login, then a session that carries a workload out.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::{
    Draw, End, Engine, Exchange, Limits, LogoutCause, Next, Outcome, Request, SessionState,
};
use iscsi_initiator::{Abort, Error, Extent, Lun};
use iscsi_login::Nonce;
use iscsi_pdu::{InitiatorTaskTag, ScsiStatus, SerialNumber};

use super::rig::LANDING_LENGTH;
use super::setup::{DISK, Setup};
use super::{Action, Checker, Operation, Pipe, Received, Violation, Workload};

/// The operations that are submitted before the first of them has ended.
const DEPTH: usize = 8;
const LIMIT: Duration = Duration::from_secs(30);

/// The initiator's side of a world.
#[derive(Clone)]
pub(super) struct Initiator<'a> {
    setup: &'a Setup,
    phase: Phase<'a>,
    workload: Workload,
    /// The number of operations that were submitted.
    submitted: usize,
    open: BTreeMap<InitiatorTaskTag, Operation>,
}

#[derive(Clone)]
enum Phase<'a> {
    Login(Box<Exchange<'a>>),
    Session(Box<Engine>),
    Over(Over),
}

/// The end of the initiator's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// The login failed.
    LoginFailed(Error),
    /// The session has ended.
    Session(End),
}

impl<'a> Initiator<'a> {
    /// An initiator that is connected, and is about to log in with these random bytes.
    pub(super) fn new(setup: &'a Setup, workload: Workload, random: [u8; Nonce::LENGTH]) -> Self {
        let mut exchange = Exchange::new(setup.login_settings(), &setup.portal, Duration::ZERO);
        let draw = Draw { nonce: Nonce::from_random(random), cmd_sn: SerialNumber(u32::MAX - 20) };
        let phase = match exchange.begin(draw, Duration::ZERO) {
            Ok(()) => {
                let _ = exchange.connected(Duration::ZERO);
                Phase::Login(Box::new(exchange))
            }
            Err(error) => Phase::Over(Over::LoginFailed(error)),
        };
        Self { setup, phase, workload, submitted: 0, open: BTreeMap::new() }
    }

    pub(super) const fn over(&self) -> Option<&Over> {
        match &self.phase {
            Phase::Over(over) => Some(over),
            Phase::Login(_) | Phase::Session(_) => None,
        }
    }

    /// The number of operations that the workload still has.
    pub(super) fn left(&self) -> usize {
        self.workload.operations().len() - self.submitted
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Login(exchange) => Some(exchange.deadline()),
            Phase::Session(engine) => engine.session.next_deadline(),
            Phase::Over(_) => None,
        }
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, now: Duration) {
        match &mut self.phase {
            Phase::Login(exchange) => {
                if let Err(error) = exchange.advance(now) {
                    self.phase = Phase::Over(Over::LoginFailed(error));
                }
            }
            Phase::Session(engine) => engine.session.advance(now),
            Phase::Over(_) => {}
        }
    }

    /// Submits operations, writes to the pipe, and takes outcomes; closes the pipe when everything is over.
    pub(super) fn act(
        &mut self,
        pipe: &mut Pipe,
        checker: &mut Checker,
        now: Duration,
    ) -> Result<(), Violation> {
        // An operation may end without a PDU of the target, and make space for the next one.
        let mut before = None;
        while before != Some((self.submitted, self.open.len())) {
            before = Some((self.submitted, self.open.len()));
            self.submit(checker, now)?;
            self.write(pipe, now);
            self.take_outcomes(checker, now)?;
        }
        if self.over().is_some() {
            pipe.close(now);
        }
        Ok(())
    }

    fn write(&mut self, pipe: &mut Pipe, now: Duration) {
        match &mut self.phase {
            Phase::Login(exchange) => match write_login(exchange, pipe, now) {
                Ok(next) => self.follow(next),
                Err(error) => self.phase = Phase::Over(Over::LoginFailed(error)),
            },
            Phase::Session(engine) => {
                engine.send(|slices| {
                    let bytes: Bytes = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                    write(pipe, &bytes, now)
                });
            }
            Phase::Over(_) => {}
        }
    }

    /// Takes what came through the pipe.
    pub(super) fn receive(&mut self, received: &Received, now: Duration) {
        match &mut self.phase {
            Phase::Login(exchange) => {
                let next = match received {
                    Received::Data(bytes) => {
                        exchange.space().extend_from_slice(bytes);
                        exchange.received(now)
                    }
                    Received::Nothing => return,
                    Received::EndOfStream => Err(exchange.closed()),
                    Received::Reset => Err(exchange.lost(&io::Error::from(io::ErrorKind::ConnectionReset))),
                };
                match next {
                    Ok(next) => self.follow(next),
                    Err(error) => self.phase = Phase::Over(Over::LoginFailed(error)),
                }
            }
            Phase::Session(engine) => match received {
                Received::Data(bytes) => engine.receive(bytes, now),
                Received::Nothing => {}
                Received::EndOfStream => engine.closed(now),
                Received::Reset => engine.lost(&io::Error::from(io::ErrorKind::ConnectionReset)),
            },
            Phase::Over(_) => {}
        }
    }

    /// The session begins with the login's last response.
    fn follow(&mut self, next: Next) {
        if let Next::Complete(complete) = next {
            let (logged_in, inbox) = *complete;
            let completed = logged_in.completed;
            let limits = Limits::new(self.setup.command_timeout(), LIMIT);
            let session = SessionState::new(
                completed.parameters,
                completed.cmd_sn,
                completed.exp_stat_sn,
                completed.numbers,
                logged_in.tolerance,
                limits,
            );
            let engine =
                Engine::new(session, inbox.landing_from(LANDING_LENGTH), completed.parameters.digests);
            self.phase = Phase::Session(Box::new(engine));
        }
    }

    /// Keeps some operations in flight. The logout waits for the outcomes of all others.
    fn submit(&mut self, checker: &mut Checker, now: Duration) -> Result<(), Violation> {
        let Phase::Session(engine) = &mut self.phase else { return Ok(()) };
        while engine.session.is_open() && self.open.len() < DEPTH {
            let Some(&operation) = self.workload.operations().get(self.submitted) else { break };
            if operation.action == Action::Logout {
                if !self.open.is_empty() {
                    break;
                }
                engine.session.log_out(LogoutCause::Initiator, now);
            }
            self.submitted += 1;
            checker.submitted(operation, now)?;
            if operation.action == Action::AbortTask {
                let aborted = last_command(&self.open);
                match aborted.and_then(|itt| engine.session.abort(itt, now)) {
                    Some(itt) => _ = self.open.insert(itt, operation),
                    // There is no command, or it was not sent and has ended.
                    None => checker.completed(operation.number, &[], now)?,
                }
            } else if let Some(request) = request(&operation) {
                let itt = engine.session.submit_since(request, now);
                self.open.insert(itt, operation);
            }
        }
        Ok(())
    }

    /// Reports the outcomes to the checker, and the end of the session.
    fn take_outcomes(&mut self, checker: &mut Checker, now: Duration) -> Result<(), Violation> {
        let Phase::Session(engine) = &mut self.phase else { return Ok(()) };
        while let Some((itt, outcome)) = engine.session.poll_outcome() {
            let operation = self.open.remove(&itt).ok_or(Violation::NeverSubmitted(itt.0))?;
            report(operation, &outcome, checker, now)?;
        }
        let Some(end) = engine.session.end().cloned() else { return Ok(()) };
        let logout = self.workload.operations().last().filter(|_| self.left() == 0);
        if let Some(logout) = logout {
            match end {
                End::LoggedOut(..) => checker.completed(logout.number, &[], now)?,
                End::Failed(_) => checker.failed(logout.number, now)?,
            }
        }
        checker.loss_known();
        self.phase = Phase::Over(Over::Session(end));
        Ok(())
    }
}

fn request(operation: &Operation) -> Option<Request> {
    let command = operation.command(DISK.block_size).map(|command| Request::command(Lun::ZERO, command));
    let text = || operation.text().map(|question| Request::text("SendTargets", question));
    let ping = || operation.ping().map(Request::ping);
    let function = || operation.management(Lun::ZERO).map(Request::management);
    command.or_else(text).or_else(ping).or_else(function)
}

/// The tag of the command that was submitted last of those without an outcome.
fn last_command(open: &BTreeMap<InitiatorTaskTag, Operation>) -> Option<InitiatorTaskTag> {
    let commands = open.iter().filter(|(_, operation)| operation.command(DISK.block_size).is_some());
    commands.max_by_key(|(_, operation)| operation.number).map(|(itt, _)| *itt)
}

fn report(
    operation: Operation,
    outcome: &Outcome,
    checker: &mut Checker,
    now: Duration,
) -> Result<(), Violation> {
    match outcome {
        Outcome::Good(data) => checker.completed(operation.number, data, now),
        Outcome::Text(_) | Outcome::Managed(_) | Outcome::Pong => {
            checker.completed(operation.number, &[], now)
        }
        Outcome::Scsi(ended, _) => match (ended.completion.status, ended.completion.incomplete) {
            (ScsiStatus::GOOD, None) => checker.completed(operation.number, &ended.completion.data, now),
            // A command of exact length that moved less has no result, though its status is good.
            (ScsiStatus::GOOD, Some(_)) => checker.failed(operation.number, now),
            _ => checker.refused(operation.number, now),
        },
        Outcome::SessionOver => checker.failed(operation.number, now),
        Outcome::TargetFailure(_)
        | Outcome::Rejected(_)
        | Outcome::Aborted(Abort { extent: Extent::NotSent, .. }) => checker.refused(operation.number, now),
        Outcome::Aborted(_) => checker.aborted(operation.number, now),
    }
}

/// Writes as much of a login's request as the pipe takes.
fn write_login(exchange: &mut Exchange<'_>, pipe: &mut Pipe, now: Duration) -> Result<Next, Error> {
    let mut next = exchange.next();
    while matches!(next, Next::Write) {
        let bytes = Bytes::copy_from_slice(exchange.outgoing());
        match write(pipe, &bytes, now) {
            Ok(taken) => next = exchange.sent(taken, now)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(exchange.lost(&error)),
        }
    }
    Ok(next)
}

/// One write, as a socket answers it.
fn write(pipe: &mut Pipe, bytes: &Bytes, now: Duration) -> io::Result<usize> {
    match pipe.write(bytes, now) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(taken) => Ok(taken),
        Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

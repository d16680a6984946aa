//! The initiator of a world: a login, then a session that carries a workload out.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::{Draw, End, Exchange, Next, NexusEvent, Outcome, Request};
use iscsi_initiator::{Abort, Error, Extent, Lun, OldTask, SessionStatus};
use iscsi_login::Nonce;
use iscsi_pdu::{InitiatorTaskTag, ScsiStatus, SerialNumber};

use super::lasting::Lasting;
use super::run::random;
use super::setup::{DISK, Setup};
use super::{Action, Checker, Operation, Pipe, Received, Seed, Told, Violation, Workload};

/// The initiator's side of a world.
#[derive(Clone)]
pub(super) struct Initiator<'a> {
    setup: &'a Setup,
    phase: Phase<'a>,
    seed: Seed,
    workload: Workload,
    /// The number of operations that were submitted.
    submitted: usize,
    /// The number of outcomes that were taken.
    taken: usize,
    open: BTreeMap<InitiatorTaskTag, Open>,
    /// What the user was told about each operation that has ended.
    told: Vec<(Operation, Told)>,
    /// Whether the settings are those after the change.
    is_later: bool,
}

/// An operation without an outcome.
#[derive(Clone, Copy)]
struct Open {
    operation: Operation,
    /// The number of sessions before its submission.
    session: usize,
}

#[derive(Clone)]
enum Phase<'a> {
    Login(Box<Exchange<'a>>),
    Nexus(Box<Lasting<'a>>),
    Over(Over),
}

/// The end of the initiator's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// The login failed.
    LoginFailed(Error),
    /// The session has ended, and no other one has replaced it.
    Session(End),
}

impl<'a> Initiator<'a> {
    /// An initiator that is connected, and is about to log in.
    pub(super) fn new(setup: &'a Setup, workload: Workload, mut seed: Seed) -> Self {
        let mut exchange = Exchange::new(setup.login_settings(), &setup.portal, Duration::ZERO);
        let phase = match exchange.begin(draw(&mut seed), Duration::ZERO) {
            Ok(()) => {
                let _ = exchange.connected(Duration::ZERO);
                Phase::Login(Box::new(exchange))
            }
            Err(error) => Phase::Over(Over::LoginFailed(error)),
        };
        Self {
            setup,
            phase,
            seed,
            workload,
            submitted: 0,
            taken: 0,
            open: BTreeMap::new(),
            told: Vec::new(),
            is_later: false,
        }
    }

    pub(super) const fn over(&self) -> Option<&Over> {
        match &self.phase {
            Phase::Over(over) => Some(over),
            Phase::Login(_) | Phase::Nexus(_) => None,
        }
    }

    /// The number of operations that the workload still has.
    pub(super) fn left(&self) -> usize {
        self.workload.operations().len() - self.submitted
    }

    /// The number of sessions so far.
    pub(super) fn sessions(&self) -> usize {
        match &self.phase {
            Phase::Nexus(lasting) => lasting.sessions,
            Phase::Login(_) | Phase::Over(_) => 0,
        }
    }

    /// What the user was told about each operation that has ended.
    pub(super) fn told(&self) -> &[(Operation, Told)] {
        &self.told
    }

    /// The state of the nexus, while there is one.
    pub(super) const fn status(&self) -> Option<SessionStatus> {
        match &self.phase {
            Phase::Nexus(lasting) => Some(lasting.status()),
            Phase::Login(_) | Phase::Over(_) => None,
        }
    }

    /// Whether it knows which unit it has, and may send commands to it.
    pub(super) const fn knows_unit(&self) -> bool {
        matches!(&self.phase, Phase::Nexus(lasting) if lasting.knows_unit())
    }

    /// Tells the nexus what its caller wants.
    pub(super) fn tell(&mut self, event: NexusEvent, now: Duration) {
        if let Phase::Nexus(lasting) = &mut self.phase {
            lasting.tell(event, now);
        }
    }

    /// Has later logins use the settings after the change.
    pub(super) fn reconfigure(&mut self) {
        self.is_later = true;
        if let Phase::Nexus(lasting) = &mut self.phase {
            lasting.is_later = true;
        }
    }

    /// Whether it has a connection, and reads from it.
    pub(super) const fn has_connection(&self) -> bool {
        match &self.phase {
            Phase::Login(_) => true,
            Phase::Nexus(lasting) => lasting.has_connection(),
            Phase::Over(_) => false,
        }
    }

    /// Whether a login for another session is under way.
    pub(super) fn is_connecting(&self) -> bool {
        matches!(&self.phase, Phase::Nexus(lasting) if lasting.is_connecting())
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Login(exchange) => Some(exchange.deadline()),
            Phase::Nexus(lasting) => lasting.deadline(),
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
            Phase::Nexus(lasting) => lasting.advance(now),
            Phase::Over(_) => {}
        }
    }

    /// Submits operations, writes to the pipe, and takes outcomes; closes the pipe when its connection is over. True if it wants
    /// another connection.
    pub(super) fn act(
        &mut self,
        pipe: &mut Pipe,
        checker: &mut Checker,
        now: Duration,
    ) -> Result<bool, Violation> {
        let mut wants_connection = false;
        // An operation may end without a PDU of the target, and make space for the next one.
        let mut before = None;
        while before != Some(self.progress()) {
            before = Some(self.progress());
            self.submit(checker, now)?;
            wants_connection |= self.write(pipe, now);
            self.take_outcomes(checker, now)?;
        }
        if self.over().is_some() {
            pipe.close(now);
        }
        Ok(wants_connection)
    }

    /// What has changed when more can be done.
    fn progress(&self) -> (usize, usize, Option<(bool, bool)>) {
        let state = match &self.phase {
            Phase::Nexus(lasting) => Some((lasting.accepts(), lasting.engine.session.end().is_some())),
            Phase::Login(_) | Phase::Over(_) => None,
        };
        (self.submitted, self.taken, state)
    }

    /// Writes to the pipe. True if it wants another connection.
    fn write(&mut self, pipe: &mut Pipe, now: Duration) -> bool {
        match &mut self.phase {
            Phase::Login(exchange) => match write_login(exchange, pipe, now) {
                Ok(next) => self.follow(next, now),
                Err(error) => self.phase = Phase::Over(Over::LoginFailed(error)),
            },
            Phase::Nexus(lasting) => return lasting.act(self.setup, &mut self.seed, pipe, now),
            Phase::Over(_) => {}
        }
        false
    }

    /// The connection that it wanted is there, or cannot be opened.
    pub(super) fn connected(&mut self, outcome: &io::Result<()>, now: Duration) {
        if let Phase::Nexus(lasting) = &mut self.phase {
            lasting.connected(outcome, now);
        }
    }

    /// Takes what came through the pipe.
    pub(super) fn receive(&mut self, received: &Received, now: Duration) {
        match &mut self.phase {
            Phase::Login(exchange) => match receive_login(exchange, received, now) {
                None => {}
                Some(Ok(next)) => self.follow(next, now),
                Some(Err(error)) => self.phase = Phase::Over(Over::LoginFailed(error)),
            },
            Phase::Nexus(lasting) => lasting.receive(received, now),
            Phase::Over(_) => {}
        }
    }

    /// The session begins with the login's last response.
    fn follow(&mut self, next: Next, now: Duration) {
        if let Next::Complete(complete) = next {
            let (logged_in, inbox) = *complete;
            let mut lasting = Lasting::new(self.setup, logged_in, inbox, &self.seed, now);
            lasting.is_later = self.is_later;
            self.phase = Phase::Nexus(Box::new(lasting));
        }
    }

    /// Keeps some operations in flight. The logout waits for the outcomes of all others.
    fn submit(&mut self, checker: &mut Checker, now: Duration) -> Result<(), Violation> {
        let Phase::Nexus(lasting) = &mut self.phase else { return Ok(()) };
        while lasting.accepts() && self.open.len() < self.setup.variant.depth {
            let Some(&operation) = self.workload.operations().get(self.submitted) else { break };
            if operation.action == Action::Logout {
                if !self.open.is_empty() || !lasting.engine.session.is_open() {
                    break;
                }
                lasting.tell(NexusEvent::NotWanted, now);
            }
            self.submitted += 1;
            checker.submitted(operation, now)?;
            let session = &mut lasting.engine.session;
            let itt = if operation.action == Action::AbortTask {
                last_command(&self.open).and_then(|itt| session.abort(itt, now))
            } else {
                request(&operation).map(|request| session.submit_since(request, now))
            };
            if let Some(itt) = itt {
                self.open.insert(itt, Open { operation, session: lasting.sessions });
            } else if operation.action == Action::AbortTask {
                // There is no command to be aborted, or it was not sent and has ended.
                checker.completed(operation.number, &[], now)?;
            }
        }
        Ok(())
    }

    /// Reports the outcomes to the checker, and the end of the last session.
    fn take_outcomes(&mut self, checker: &mut Checker, now: Duration) -> Result<(), Violation> {
        let Phase::Nexus(lasting) = &mut self.phase else { return Ok(()) };
        while let Some((itt, outcome)) = lasting.engine.session.poll_outcome() {
            self.taken += 1;
            if lasting.take_probe(itt, &outcome, now) {
                continue;
            }
            let Open { operation, session } =
                self.open.remove(&itt).ok_or(Violation::NeverSubmitted(itt.0))?;
            self.told.push((operation, Told::of(&outcome)));
            report(operation, &outcome, session != lasting.sessions, checker, now)?;
        }
        let Some(end) = lasting.end() else { return Ok(()) };
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
fn last_command(open: &BTreeMap<InitiatorTaskTag, Open>) -> Option<InitiatorTaskTag> {
    let commands = open.iter().filter(|(_, open)| open.operation.command(DISK.block_size).is_some());
    commands.max_by_key(|(_, open)| open.operation.number).map(|(itt, _)| *itt)
}

/// Reports an outcome. A command that an earlier session may have carried out may have taken effect, whatever its last answer is.
fn report(
    operation: Operation,
    outcome: &Outcome,
    is_of_earlier_session: bool,
    checker: &mut Checker,
    now: Duration,
) -> Result<(), Violation> {
    let number = operation.number;
    match outcome {
        Outcome::Good(data) => checker.completed(number, data, now),
        Outcome::Text(_) | Outcome::Managed(_) | Outcome::Pong => checker.completed(number, &[], now),
        Outcome::Scsi(ended, _) => match (ended.completion.status, ended.completion.incomplete) {
            (ScsiStatus::GOOD, None) => checker.completed(number, &ended.completion.data, now),
            // A command of exact length that moved less has no result, though its status is good.
            (ScsiStatus::GOOD, Some(_)) => checker.failed(number, now),
            _ if is_of_earlier_session => checker.aborted(number, now),
            _ => checker.refused(number, now),
        },
        Outcome::SessionOver => checker.failed(number, now),
        Outcome::Ambiguous(OldTask::MayRun) | Outcome::Unanswered(_) => checker.left_behind(number, now),
        // After a flush that says so, acknowledged writes may be lost.
        Outcome::TargetFailure(_)
        | Outcome::Rejected(_)
        | Outcome::WritesMayBeLost
        | Outcome::NoSession
        | Outcome::Aborted(Abort { extent: Extent::NotSent, .. }) => checker.refused(number, now),
        Outcome::Aborted(_) | Outcome::Ambiguous(OldTask::Ended) => checker.aborted(number, now),
    }
}

/// The random values of a login.
pub(super) fn draw(seed: &mut Seed) -> Draw {
    let nonce = Nonce::from_random(random::<{ Nonce::LENGTH }>(seed));
    // Near the end of the numbers, so that they wrap around.
    Draw { nonce, cmd_sn: SerialNumber(u32::MAX - 20) }
}

/// Writes as much of a login's request as the pipe takes.
pub(super) fn write_login(
    exchange: &mut Exchange<'_>,
    pipe: &mut Pipe,
    now: Duration,
) -> Result<Next, Error> {
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

/// Passes what came through the pipe to a login; `None` if nothing did.
pub(super) fn receive_login(
    exchange: &mut Exchange<'_>,
    received: &Received,
    now: Duration,
) -> Option<Result<Next, Error>> {
    Some(match received {
        Received::Data(bytes) => {
            exchange.space().extend_from_slice(bytes);
            exchange.received(now)
        }
        Received::Nothing => return None,
        Received::EndOfStream => Err(exchange.closed()),
        Received::Reset => Err(exchange.lost(&io::Error::from(io::ErrorKind::ConnectionReset))),
    })
}

/// One write, as a socket answers it.
pub(super) fn write(pipe: &mut Pipe, bytes: &Bytes, now: Duration) -> io::Result<usize> {
    match pipe.write(bytes, now) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(taken) => Ok(taken),
        Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

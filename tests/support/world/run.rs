//! A world and its course.

use std::fmt;
use std::num::NonZero;
use std::time::Duration;

use iscsi_initiator::SessionStatus;
use iscsi_initiator::engine::{NexusEvent, Phase};
use iscsi_pdu::Opcode;

use super::initiator::{Initiator, Over};
use super::setup::{DISK, Setup};
use super::target::Target;
use super::{
    Checker, Clock, Ending, Event, Pipe, PipeSettings, Reach, Received, Seed, Stuck, Told, Violation,
    Workload, WriteCache,
};
use crate::ram_disk::{ConnectionId, Engine, Transmit};

/// The longest time that a run may take: one command and one logout that are not answered, after some latency.
pub(super) const LIMIT: Duration = Duration::from_mins(10);
/// The longest time of a run in which lost sessions are replaced.
const RECOVERY_LIMIT: Duration = Duration::from_hours(1);

/// A direction of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the initiator to the target.
    ToTarget,
    /// From the target to the initiator.
    ToInitiator,
}

impl Direction {
    /// Both directions.
    pub const BOTH: [Self; 2] = [Self::ToTarget, Self::ToInitiator];
}

/// An initiator, a target and the connection between them. A clone goes its own way.
#[derive(Clone)]
pub struct World<'a> {
    pub(super) setup: &'a Setup,
    clock: Clock<Event>,
    pub(super) initiator: Initiator<'a>,
    pub(super) target: Target,
    to_target: Pipe,
    to_initiator: Pipe,
    /// Connections that the initiator has left, while bytes are on their way to the target.
    abandoned: Vec<Abandoned>,
    pipes: PipeSettings,
    seed: Seed,
    pub(super) checker: Checker,
    pub(super) reach: Reach,
    /// The number of writes of another initiator.
    pub(super) writes_of_another: u32,
    /// Whether another unit is under the LUN, to which nothing may be written.
    pub(super) is_replaced: bool,
    /// Whether bytes to the target were damaged, of which it rightly complains.
    is_damaged: bool,
}

/// A connection that the initiator has left.
#[derive(Clone)]
struct Abandoned {
    id: ConnectionId,
    to_target: Pipe,
}

/// The reason why a run is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An operation had a wrong result or end.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The run does not end.
    #[error(transparent)]
    Stuck(#[from] Stuck),
    /// The initiator wrote to another unit than the one that it knew.
    #[error("another unit was written to")]
    OtherUnit,
    /// The initiator broke rules of the protocol, by the judgement of the target.
    #[error("the target says: {0}")]
    Protocol(String),
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut world = formatter.debug_struct("World");
        world.field("now", &self.clock.now()).field("left", &self.initiator.left());
        world.field("status", &self.status()).field("pending", &self.checker.pending().collect::<Vec<_>>());
        world.field("to_target", &self.to_target.crossed());
        world.field("to_initiator", &self.to_initiator.crossed()).finish_non_exhaustive()
    }
}

impl<'a> World<'a> {
    /// A world in which the initiator is connected and about to log in. The workload, random bytes and what the pipes draw
    /// come from the seed.
    #[must_use]
    pub fn new(setup: &'a Setup, pipes: &PipeSettings, seed: &Seed) -> Self {
        Self::with(setup, pipes, seed, Workload::new(DISK, seed.part("workload")))
    }

    /// A world with this workload.
    #[must_use]
    pub fn with(setup: &'a Setup, pipes: &PipeSettings, seed: &Seed, workload: Workload) -> Self {
        let cache = if setup.variant.write_cache { WriteCache::Volatile } else { WriteCache::WriteThrough };
        let limit = if setup.variant.recovery.is_some() { RECOVERY_LIMIT } else { LIMIT };
        Self {
            setup,
            clock: Clock::new(limit),
            initiator: Initiator::new(setup, workload, seed.part("initiator")),
            target: Target::new(setup, &random::<{ Engine::RANDOM_BYTES }>(&mut seed.part("target"))),
            to_target: Pipe::new(pipes.clone(), seed.part("to the target")),
            to_initiator: Pipe::new(pipes.clone(), seed.part("to the initiator")),
            abandoned: Vec::new(),
            pipes: pipes.clone(),
            seed: seed.part("later connections"),
            checker: Checker::new(DISK, cache),
            reach: Reach::Open,
            writes_of_another: 0,
            is_replaced: false,
            is_damaged: false,
        }
    }

    /// The time since the beginning.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Schedules an event.
    pub fn schedule(&mut self, at: Duration, event: Event) {
        self.clock.schedule(at, event);
    }

    /// The end of the initiator's part, once it has come.
    #[must_use]
    pub const fn over(&self) -> Option<&Over> {
        self.initiator.over()
    }

    /// The number of the initiator's sessions so far, while it is not over.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.initiator.sessions()
    }

    /// Whether the initiator is logging in again.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        self.initiator.is_connecting()
    }

    /// The state of the initiator's nexus, while there is one.
    #[must_use]
    pub const fn status(&self) -> Option<SessionStatus> {
        self.initiator.status()
    }

    /// Whether the initiator's nexus is in this phase.
    #[must_use]
    pub fn is_in(&self, phase: Phase) -> bool {
        self.status().is_some_and(|status| status.phase == phase)
    }

    /// Tells the initiator's nexus what its caller wants.
    pub fn tell(&mut self, event: NexusEvent) {
        let now = self.now();
        self.initiator.tell(event, now);
    }

    /// What the user was told about an operation, once it has ended.
    #[must_use]
    pub fn told(&self, number: u32) -> Option<Told> {
        self.initiator.told().iter().find(|(operation, _)| operation.number == number).map(|(_, told)| *told)
    }

    /// The number of commands on this connection that have arrived at the target and are not finished.
    #[must_use]
    pub fn running(&self) -> usize {
        self.target.engine.unfinished_commands(self.target.connection)
    }

    /// The target.
    #[must_use]
    pub const fn target(&self) -> &Engine {
        &self.target.engine
    }

    /// The number of operations that were not submitted.
    #[must_use]
    pub fn left(&self) -> usize {
        self.initiator.left()
    }

    const fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToTarget => &mut self.to_target,
            Direction::ToInitiator => &mut self.to_initiator,
        }
    }

    /// Inverts bits of the byte at this offset, unless it has crossed already.
    pub fn damage(&mut self, direction: Direction, offset: u64, bits: NonZero<u8>) {
        let is_ahead = self.pipe(direction).damage(offset, bits);
        self.is_damaged |= is_ahead && direction == Direction::ToTarget;
    }

    /// The number of bytes that have crossed.
    #[must_use]
    pub const fn crossed(&self, direction: Direction) -> u64 {
        match direction {
            Direction::ToTarget => self.to_target.crossed(),
            Direction::ToInitiator => self.to_initiator.crossed(),
        }
    }

    /// True while the target waits for additional headers of a SCSI Command. The commands of a workload have none: damage
    /// announced them, and where they end the target would find the digest wrong.
    #[must_use]
    pub fn is_target_misled(&self) -> bool {
        let awaited = self.target.engine.incomplete_pdu(self.target.connection);
        awaited.is_some_and(|bhs| bhs.opcode() == Opcode::SCSI_COMMAND && bhs.ahs_length() > 0)
    }

    /// The number of bytes that can cross now.
    #[must_use]
    pub fn ready(&self, direction: Direction) -> usize {
        match direction {
            Direction::ToTarget => self.to_target.ready(self.now()),
            Direction::ToInitiator => self.to_initiator.ready(self.now()),
        }
    }

    /// Lets bytes cross, this many at most.
    pub fn deliver(&mut self, direction: Direction, limit: usize) {
        let now = self.now();
        let received = self.pipe(direction).read(limit, now);
        match direction {
            Direction::ToTarget => self.target.receive(&received, now),
            Direction::ToInitiator => self.initiator.receive(&received, now),
        }
    }

    /// Cuts the connection: in this direction at once, in the other one behind the bytes on their way, which arrive unless
    /// the connection was reset.
    pub fn cut(&mut self, direction: Direction, ending: Ending) {
        match direction {
            Direction::ToTarget => self.to_target.cut_with(&mut self.to_initiator, ending),
            Direction::ToInitiator => self.to_initiator.cut_with(&mut self.to_target, ending),
        }
    }

    /// Lets both sides act on what they have.
    ///
    /// # Errors
    /// An operation had a wrong result or end.
    pub fn act(&mut self) -> Result<(), Fault> {
        let now = self.now();
        while let Some(event) = self.clock.due() {
            self.happen(event)?;
        }
        self.target.engine.advance(now);
        self.initiator.advance(now);
        let wants_connection = self.initiator.act(&mut self.to_target, &mut self.checker, now)?;
        self.target.act(&mut self.to_initiator, now);
        if wants_connection {
            self.open(now);
            self.initiator.act(&mut self.to_target, &mut self.checker, now)?;
        }
        self.deliver_abandoned(now);
        Ok(())
    }

    /// Opens another connection of the initiator.
    pub(super) fn connect(&mut self, now: Duration) {
        let (setup, seed) = (self.setup, &mut self.seed);
        let pipes = &self.pipes;
        let [to_target, to_initiator] =
            [(); 2].map(|()| Pipe::new(pipes.clone(), Seed::new(seed.integer(0..=u64::MAX))));
        let to_target = std::mem::replace(&mut self.to_target, to_target);
        self.to_initiator = to_initiator;
        let id = self.target.connect(setup, &random::<{ Engine::RANDOM_BYTES }>(seed), now);
        self.abandoned.push(Abandoned { id, to_target });
        self.initiator.connected(&Ok(()), now);
    }

    /// Lets bytes arrive that were on their way when the initiator left their connection. What the target answers is lost.
    fn deliver_abandoned(&mut self, now: Duration) {
        let engine = &mut self.target.engine;
        self.abandoned.retain_mut(|left| {
            loop {
                match left.to_target.read(usize::MAX, now) {
                    Received::Data(bytes) => engine.receive(left.id, &bytes, now),
                    Received::Nothing => break,
                    Received::EndOfStream | Received::Reset => {
                        engine.disconnect(left.id);
                        return false;
                    }
                }
            }
            while matches!(engine.transmit(left.id), Transmit::Pdu(_)) {}
            true
        });
    }

    /// Lets time pass until something can happen.
    ///
    /// # Errors
    /// Nothing will happen any more, or not within the limit.
    pub fn wait(&mut self) -> Result<(), Fault> {
        let times = [
            self.to_target.next_arrival().filter(|_| !self.target.is_closed()),
            self.to_initiator.next_arrival().filter(|_| self.initiator.has_connection()),
            self.abandoned.iter().filter_map(|left| left.to_target.next_arrival()).min(),
            self.initiator.deadline(),
            self.target.engine.deadline(),
        ];
        Ok(self.clock.advance(times)?)
    }

    /// One turn: bytes cross, both sides act, and time passes if nothing else can happen.
    ///
    /// # Errors
    /// As [`Self::act`] and [`Self::wait`].
    pub fn turn(&mut self) -> Result<(), Fault> {
        for direction in Direction::BOTH {
            self.deliver(direction, usize::MAX);
        }
        self.act()?;
        if self.over().is_none() && Direction::BOTH.iter().all(|direction| self.ready(*direction) == 0) {
            self.wait()?;
        }
        Ok(())
    }

    /// Runs to the end, and checks everything that has to hold then.
    ///
    /// # Errors
    /// The first fault that was found.
    pub fn run(mut self) -> Result<Over, Fault> {
        while self.over().is_none() {
            self.turn()?;
        }
        self.finish()
    }

    /// The medium has possible contents; one that has replaced another has none.
    fn check_medium(&mut self) -> Result<(), Fault> {
        let medium = self.target.medium(&self.setup.target);
        if !self.is_replaced {
            return Ok(self.checker.final_medium(&medium)?);
        }
        let is_empty = medium.iter().all(|byte| *byte == 0);
        is_empty.then_some(()).ok_or(Fault::OtherUnit)
    }

    /// Checks a world that is over: every operation has ended, the medium has possible contents, and the target has nothing
    /// to complain about.
    ///
    /// # Errors
    /// The first fault that was found.
    pub fn finish(mut self) -> Result<Over, Fault> {
        let later = self.clock.now() + LIMIT;
        self.deliver_abandoned(later);
        self.target.drain(&mut self.to_target, later);
        self.checker.all_ended()?;
        self.check_executions()?;
        self.check_medium()?;
        match self.target.engine.report().violations.first() {
            Some(rule) if !self.is_damaged => Err(Fault::Protocol(rule.clone())),
            _ => self.over().cloned().ok_or(Fault::Stuck(Stuck::Idle { now: self.now() })),
        }
    }
}

pub(super) fn random<const LENGTH: usize>(seed: &mut Seed) -> [u8; LENGTH] {
    std::array::from_fn(|_| seed.damage().get())
}

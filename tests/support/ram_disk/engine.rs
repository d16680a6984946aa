//! The rules of the target as one value, without sockets, clock, randomness and locks.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::{EncodedPdu, IscsiName, Lun, RawPdu};

use super::connection::{Connection, Ending, Outgoing, Progress};
use super::fault::Fault;
use super::login_phase;
use super::nexus::Nexus;
use super::scsi::Units;
use super::session::Session;
use super::shared::Shared;
use super::unit::UnitError;
use super::{Config, Execution, Report};

/// A connection of an engine, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// No connection at all.
    pub(super) const NONE: Self = Self(0);
}

/// The next thing to do for a connection.
#[derive(Debug)]
pub enum Transmit {
    /// Send this PDU, and ask again.
    Pdu(EncodedPdu),
    /// Wait for bytes of the initiator, for the deadline, or for a request on another connection.
    Idle,
    /// Send nothing more, and wait for the initiator to close the connection: it has logged out.
    ShutDown,
    /// Close the connection.
    Close,
}

/// The RAM-disk target: all its connections, sessions and units, with everything that happens to them as an argument.
///
/// Time is measured from an origin that the caller chooses, and does not go back. After [`Engine::connect`], the caller hands
/// over the bytes of the initiator by [`Engine::receive`], sends what [`Engine::transmit`] returns, calls
/// [`Engine::advance`] at the [`Engine::deadline`], and reports the end of a connection by [`Engine::disconnect`]. A clone
/// shares its settings and the pages of its media, until one of both writes.
///
/// ```
/// use iscsi_tests::ram_disk::{Config, Engine, Target, Transmit};
/// use std::time::Duration;
///
/// let mut engine = Engine::new(Config::with_targets([Target::new("iqn.2001-04.com.example:disk".parse()?)]))?;
/// let connection = engine.connect(Duration::ZERO, ([127, 0, 0, 1], 3260).into(), &[7; Engine::RANDOM_BYTES]);
/// engine.receive(connection, &[0; 48], Duration::ZERO);
/// assert!(matches!(engine.transmit(connection), Transmit::Close));
/// assert_eq!(engine.report().violations.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    pub(super) shared: Shared,
    pub(super) connections: BTreeMap<ConnectionId, Box<Connection>>,
    pub(super) sessions: BTreeMap<Nexus, ConnectionId>,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    next_connection: u64,
    ready: Vec<ConnectionId>,
}

impl Engine {
    /// Random bytes that a connection takes.
    pub const RANDOM_BYTES: usize = login_phase::RANDOM_BYTES;

    /// A target without connections.
    ///
    /// # Errors
    /// A unit is impossible.
    pub fn new(config: Config) -> Result<Self, UnitError> {
        let targets = config.targets.iter().map(Units::open).collect::<Result<_, _>>()?;
        Ok(Self {
            shared: Shared::new(Arc::new(config), targets),
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next_connection: 1,
            ready: Vec::new(),
        })
    }

    /// Begins a connection to this address of the target, with fresh random bytes for its login.
    pub fn connect(
        &mut self,
        now: Duration,
        local: SocketAddr,
        random: &[u8; Self::RANDOM_BYTES],
    ) -> ConnectionId {
        self.advance(now);
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.shared.report.connections += 1;
        let connection = Connection::new(&mut self.shared, local, random);
        self.connections.insert(id, Box::new(connection));
        self.settle(id, id);
        id
    }

    /// Ends a connection that the initiator has closed, that was lost, or that the caller has closed.
    pub fn disconnect(&mut self, id: ConnectionId) {
        self.leave(id);
        let Some(connection) = self.connections.remove(&id) else { return };
        self.shared.report.connections_closed += 1;
        connection.deadline.map(|deadline| self.deadlines.remove(&(deadline, id)));
    }

    /// Takes bytes of the initiator. An incomplete PDU is kept until the rest comes.
    pub fn receive(&mut self, id: ConnectionId, bytes: &[u8], now: Duration) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let mut input = std::mem::take(&mut connection.input);
        input.extend_from_slice(bytes);
        self.receive_from(id, &mut input, now);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.input = input;
        }
    }

    /// Takes the complete PDUs from the front of a buffer of the caller, and returns how many bytes are missing to the
    /// next step.
    pub fn receive_from(&mut self, id: ConnectionId, stream: &mut BytesMut, now: Duration) -> usize {
        self.advance(now);
        while let Some(connection) = self.connections.get_mut(&id) {
            match connection.cut(stream) {
                Ok(Some(raw)) => self.take(id, raw),
                Ok(None) => break,
                Err(fault) => self.fail(id, fault),
            }
        }
        self.settle(id, id);
        self.connections.get(&id).map_or(0, |connection| connection.bytes_needed(stream))
    }

    /// Takes one PDU that has been cut off already.
    pub(crate) fn receive_pdu(&mut self, id: ConnectionId, raw: RawPdu, now: Duration) {
        self.advance(now);
        self.take(id, raw);
        self.settle(id, id);
    }

    fn take(&mut self, id: ConnectionId, raw: RawPdu) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        self.shared.current = id;
        match connection.receive(&mut self.shared, raw) {
            Ok(Progress::Going) => {}
            Ok(Progress::LoggedIn) => self.enter(id),
            Ok(Progress::LoggedOut) => self.leave(id),
            Err(fault) => self.fail(id, fault),
        }
        self.apply_effects(id);
    }

    /// The next thing to do for a connection.
    pub fn transmit(&mut self, id: ConnectionId) -> Transmit {
        if let Some(Outgoing { pdu, digests }) = self.next_pdu(id) {
            match EncodedPdu::new(pdu, digests) {
                Ok(pdu) => return Transmit::Pdu(pdu),
                Err(error) => self.fail(id, error.into()),
            }
        }
        match self.connections.get(&id).map(|connection| connection.ending()) {
            Some(None) => Transmit::Idle,
            Some(Some(Ending::LoggedOut(_))) => Transmit::ShutDown,
            Some(Some(Ending::Close)) | None => Transmit::Close,
        }
    }

    /// The next PDU to send, if there is one.
    pub(crate) fn next_pdu(&mut self, id: ConnectionId) -> Option<Outgoing> {
        self.connections.get_mut(&id)?.next_pdu()
    }

    /// The connections with something to send or to close because of the time, or of a request on another connection, since
    /// the last call.
    pub fn take_ready(&mut self) -> Vec<ConnectionId> {
        let ready = std::mem::take(&mut self.ready);
        for id in &ready {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.is_announced = false;
            }
        }
        ready
    }

    /// The next time at which [`Self::advance`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|first| first.0)
    }

    /// Lets time pass: commands whose service time is over are executed, and late initiators lose their connection.
    pub fn advance(&mut self, now: Duration) {
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline <= now
        {
            self.shared.now = self.shared.now.max(deadline);
            self.shared.current = id;
            let Some(connection) = self.connections.get_mut(&id) else {
                self.deadlines.remove(&(deadline, id));
                continue;
            };
            connection.advance(&mut self.shared);
            if connection.ending() == Some(Ending::Close) {
                self.leave(id);
            }
            self.settle(id, ConnectionId::NONE);
            self.apply_effects(ConnectionId::NONE);
        }
        self.shared.now = self.shared.now.max(now);
    }

    /// The report so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.shared.report
    }

    /// The commands executed so far, at most [`Config::most_executions`].
    #[must_use]
    pub fn executions(&self) -> &[Execution] {
        &self.shared.executions
    }

    /// True if a connection has been ended with all that waited to be sent.
    pub(super) fn has_ended(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_none_or(|connection| connection.is_over())
    }

    /// True if a connection takes no more requests.
    pub(crate) fn is_closing(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_none_or(|connection| connection.ending().is_some())
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The fault by which the target ended a connection.
    pub(crate) fn fault(&self, id: ConnectionId) -> Option<&Fault> {
        self.connections.get(&id)?.fault.as_ref()
    }

    pub(crate) fn session(&self, id: ConnectionId) -> Option<&Session> {
        self.connections.get(&id)?.session()
    }

    pub(crate) fn session_mut(&mut self, id: ConnectionId) -> Option<(&mut Session, &mut Shared)> {
        self.connections.get_mut(&id)?.session_mut().map(|session| (session, &mut self.shared))
    }

    /// The place of a target, and the LUN of one of its units.
    pub(super) fn find(&self, target: &IscsiName, unit: u16) -> Option<(usize, Lun)> {
        let at = self.shared.config.targets.iter().position(|known| known.name == *target)?;
        Some((at, Lun::from_number(unit)?))
    }

    fn fail(&mut self, id: ConnectionId, fault: Fault) {
        self.leave(id);
        self.shared.note(&fault);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.fail(fault);
        }
    }

    /// Ends a connection with its session at once.
    pub(super) fn end(&mut self, id: ConnectionId, caller: ConnectionId) {
        self.leave(id);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.end();
        }
        self.settle(id, caller);
    }

    /// Enters the deadline of a connection, and announces it if its caller does not know that it has something to do.
    pub(super) fn settle(&mut self, id: ConnectionId, caller: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let deadline = connection.next_deadline();
        if deadline != connection.deadline {
            connection.deadline.map(|deadline| self.deadlines.remove(&(deadline, id)));
            deadline.map(|deadline| self.deadlines.insert((deadline, id)));
            connection.deadline = deadline;
        }
        if id != caller && !connection.is_announced && connection.has_something_to_do() {
            connection.is_announced = true;
            self.ready.push(id);
        }
    }
}

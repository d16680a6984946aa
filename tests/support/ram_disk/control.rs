//! Control of an engine by its caller: power, units, conditions, windows and times, beside the protocol.

use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::{Bhs, IscsiName, Isid};

use super::effect::{Effect, Scope, Sessions};
use super::engine::{ConnectionId, Engine};
use super::reservation::InitiatorPort;
use super::unit::{Unit, UnitError};
use super::{Config, LogicalUnit, Sense, answer};

impl Engine {
    /// Loses power and starts again: all connections end, write caches and reservations without `APTPL` are lost, and the
    /// first command of each initiator port to each unit meets UNIT ATTENTION 29h/00h.
    pub fn restart(&mut self, now: Duration) {
        self.advance(now);
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for id in connections {
            self.end(id, ConnectionId::NONE);
        }
        let units = self.shared.targets.iter_mut().flat_map(|units| &mut units.list);
        units.for_each(|(_, unit)| unit.lose_power());
        self.shared.restart();
    }

    /// Has other settings from now on, with the same targets. Sessions and units stay as they are.
    pub fn reconfigure(&mut self, config: Arc<Config>) {
        self.shared.config = config;
    }

    /// Closes the connections of all normal sessions without a logout, and returns their number.
    pub fn end_sessions(&mut self) -> usize {
        self.end_all(None, ConnectionId::NONE)
    }

    /// Closes one connection without a logout.
    pub fn end_connection(&mut self, id: ConnectionId) {
        self.end(id, ConnectionId::NONE);
    }

    /// Makes commands with this operation code take time, from the arrival of their data to their execution.
    pub fn set_service_time(&mut self, operation: u8, time: Duration) {
        self.shared.set_service_time(operation, time);
    }

    /// Lets the initiator of a session send this many commands ahead from now on. Numbers that were allowed stay allowed. A
    /// session that waits for nothing learns the new window from [`Self::show_numbers`].
    pub fn set_window(&mut self, id: ConnectionId, commands: u32) {
        if let Some((session, _)) = self.session_mut(id) {
            session.window.set_size(commands);
        }
    }

    /// Sends a NOP-In that shows the initiator the current numbers.
    pub fn show_numbers(&mut self, id: ConnectionId) {
        if let Some((session, _)) = self.session_mut(id) {
            session.show_numbers();
        }
        self.settle(id, ConnectionId::NONE);
    }

    /// Commands of a connection that have arrived and are not finished.
    #[must_use]
    pub fn unfinished_commands(&self, id: ConnectionId) -> usize {
        self.session(id).map_or(0, |session| session.tasks.len())
    }

    /// The header of a PDU whose rest has not arrived.
    #[must_use]
    pub fn incomplete_pdu(&self, id: ConnectionId) -> Option<Bhs> {
        self.connections.get(&id)?.input.first_chunk().copied().map(Bhs::from_bytes)
    }

    /// Raises a unit attention condition in all sessions with this unit. False if there is no such target.
    pub fn raise_attention(&mut self, target: &IscsiName, unit: u16, sense: Sense) -> bool {
        let Some((target, lun)) = self.find(target, unit) else { return false };
        let scope = Scope { target, lun: Some(lun), sessions: Sessions::All };
        self.shared.effects.push(Effect::Raise(scope, sense));
        self.apply_effects(ConnectionId::NONE);
        true
    }

    /// Puts another unit, of zeros, under the number of an old one or of none. Commands of the old unit fail with LOGICAL UNIT
    /// NOT SUPPORTED. The caller raises the condition that tells the initiators, if any.
    ///
    /// # Errors
    /// The unit is impossible.
    pub fn replace_unit(&mut self, target: &IscsiName, unit: LogicalUnit) -> Result<(), UnitError> {
        let (lun, opened) = Unit::open(unit)?;
        let Some((target, _)) = self.find(target, unit.number) else { return Ok(()) };
        let scope = Scope { target, lun: Some(lun), sessions: Sessions::All };
        self.shared.effects.push(Effect::Fail(scope, Sense::UNIT_NOT_SUPPORTED));
        self.apply_effects(ConnectionId::NONE);
        if let Some(units) = self.shared.targets.get_mut(target) {
            match units.get_mut(lun) {
                Some(old) => *old = opened,
                None => units.list.push((lun, opened)),
            }
        }
        Ok(())
    }

    /// Whether a unit is ready from now on. One that is not refuses commands that need its medium.
    pub fn set_ready(&mut self, target: &IscsiName, unit: u16, is_ready: bool) {
        if let Some(unit) = self.unit_mut(target, unit) {
            unit.is_ready = is_ready;
        }
    }

    /// Another initiator writes to a unit, with the FUA bit.
    pub fn write_for_another(&mut self, target: &IscsiName, unit: u16, offset: u64, data: &[u8]) {
        if let Some(unit) = self.unit_mut(target, unit) {
            unit.write(offset, data, true);
        }
    }

    /// Another initiator reserves a unit for its own writes.
    pub fn reserve_for_another(&mut self, target: &IscsiName, unit: u16, initiator: &IscsiName) {
        if let Some(unit) = self.unit_mut(target, unit) {
            unit.reservations.take(InitiatorPort::new(initiator.clone(), Isid([0x80, 0, 0, 0, 0, 9])));
        }
    }

    fn unit_mut(&mut self, target: &IscsiName, unit: u16) -> Option<&mut Unit> {
        let (target, lun) = self.find(target, unit)?;
        self.shared.targets.get_mut(target)?.get_mut(lun)
    }

    /// Announces that the target drops the connection, and does not want another one before so many seconds (RFC 7143,
    /// 11.9.1), and closes it behind the announcement.
    pub fn drop_connection(&mut self, id: ConnectionId, time2wait: u16) {
        if let Some((session, _)) = self.session_mut(id) {
            session.answer(answer::announcement_of_drop(time2wait));
        }
        self.leave(id);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.close();
        }
        self.settle(id, ConnectionId::NONE);
    }

    /// Makes written blocks stable, as a cache does on its own at any time.
    pub fn destage(&mut self, target: &IscsiName, unit: u16, lba: u64, blocks: u64) {
        if let Some(unit) = self.unit_mut(target, unit) {
            unit.destage(lba, blocks);
        }
    }

    /// Bytes of a unit's medium, cut off at its end; `None` if there is no such target or unit.
    #[must_use]
    pub fn read_medium(&self, target: &IscsiName, unit: u16, offset: u64, length: usize) -> Option<Vec<u8>> {
        let (target, lun) = self.find(target, unit)?;
        Some(self.shared.targets.get(target)?.get(lun)?.read(offset, length).into())
    }
}

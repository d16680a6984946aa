//! Effects of a request on sessions: reinstatement (RFC 7143, 6.3.5), resets, and conditions of units.

use iscsi_pdu::Lun;

use super::Sense;
use super::engine::{ConnectionId, Engine};
use super::nexus::Nexus;
use super::reservation::InitiatorPort;
use super::scsi::Units;
use super::session::Session;
use super::shared::Shared;

/// The sessions that an effect concerns.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Sessions {
    All,
    AllBut(ConnectionId),
    Of(InitiatorPort),
}

/// The units of the target that an effect concerns, in some sessions.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) target: usize,
    /// `None`: all units.
    pub(super) lun: Option<Lun>,
    pub(super) sessions: Sessions,
}

impl Scope {
    pub(super) fn concerns(&self, lun: Lun) -> bool {
        self.lun.is_none_or(|own| own == lun)
    }
}

/// An effect of one session's request on others.
#[derive(Clone)]
pub(super) enum Effect {
    /// Ends tasks without a response, and raises a unit attention condition in the sessions that had any.
    Abort(Scope, Option<Sense>),
    /// Ends tasks with CHECK CONDITION.
    Fail(Scope, Sense),
    /// Raises a unit attention condition.
    Raise(Scope, Sense),
    /// Ends all sessions of a target.
    EndSessions(usize),
    /// Closes the connection of a session after the answers that wait.
    LoseNexus(ConnectionId),
}

impl Engine {
    /// Enters a session. One of the same name that is still open is ended with its tasks: the new one reinstates it (6.3.5).
    pub(super) fn enter(&mut self, id: ConnectionId) {
        let Some(session) = self.connections.get(&id).and_then(|connection| connection.session()) else {
            return;
        };
        let name = session.nexus();
        if let Some(earlier) = self.sessions.insert(name.clone(), id) {
            self.shared.report.reinstatements += 1;
            self.shared.session_over(&name);
            self.end(earlier, id);
        }
        let untold = self.shared.take_untold(&name);
        let attention = name.target.and_then(|target| self.shared.first_attention(target, &name.port));
        let Some((session, shared)) = self.session_mut(id) else { return };
        let units = session.target.and_then(|at| shared.targets.get(at));
        for (lun, sense) in units.into_iter().flat_map(Units::luns).zip(attention.into_iter().cycle()) {
            session.raise_attention(lun, sense);
        }
        for lun in untold {
            session.raise_attention(lun, Sense::POWER_ON);
        }
    }

    /// Takes a session out again, unless another has taken its place.
    pub(super) fn leave(&mut self, id: ConnectionId) {
        let Some(session) = self.connections.get(&id).and_then(|connection| connection.session()) else {
            return;
        };
        let name = session.nexus();
        self.shared.keep_untold(&name, session.untold(Sense::POWER_ON));
        if self.sessions.get(&name) == Some(&id) {
            self.sessions.remove(&name);
            self.shared.session_over(&name);
        }
    }

    /// Ends the sessions of one target or of all, and returns their number.
    pub(super) fn end_all(&mut self, target: Option<usize>, caller: ConnectionId) -> usize {
        let concerned = |name: &Nexus| match target {
            None => name.target.is_some(),
            Some(target) => name.target == Some(target),
        };
        let sessions = self.sessions.iter().filter(|(name, _)| concerned(name));
        let ended: Vec<_> = sessions.map(|(_, id)| *id).collect();
        for id in &ended {
            self.end(*id, caller);
        }
        ended.len()
    }

    /// Ends a session as after a timeout of its connection (RFC 7144, 6.3): its port meets a condition when it comes back.
    fn lose_nexus(&mut self, id: ConnectionId) {
        self.leave(id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(session) = connection.session()
            && let Some(target) = session.target
        {
            self.shared.nexus_lost(target, session.port.clone());
        }
        connection.close();
    }

    /// Applies what a request meant for other sessions.
    pub(super) fn apply_effects(&mut self, caller: ConnectionId) {
        for effect in std::mem::take(&mut self.shared.effects) {
            match effect {
                Effect::EndSessions(target) => drop(self.end_all(Some(target), caller)),
                Effect::LoseNexus(id) => self.lose_nexus(id),
                Effect::Raise(scope, sense) => self.for_each_session(&scope, caller, |session, shared| {
                    let units = session.target.and_then(|at| shared.targets.get(at));
                    for lun in units.into_iter().flat_map(Units::luns).filter(|lun| scope.concerns(*lun)) {
                        session.raise_attention(lun, sense);
                    }
                }),
                Effect::Abort(scope, sense) => self.for_each_session(&scope, caller, |session, _| {
                    if session.abort(|task| scope.concerns(task.request.lun))
                        && let (Some(lun), Some(sense)) = (scope.lun, sense)
                    {
                        session.raise_attention(lun, sense);
                    }
                }),
                Effect::Fail(scope, sense) => self.for_each_session(&scope, caller, |session, _| {
                    session.fail_tasks(|task| scope.concerns(task.request.lun), sense);
                }),
            }
        }
    }

    fn for_each_session(
        &mut self,
        scope: &Scope,
        caller: ConnectionId,
        mut apply: impl FnMut(&mut Session, &Shared),
    ) {
        let mut concerned = Vec::new();
        for (id, connection) in &mut self.connections {
            let Some(session) = connection.live_session_mut() else { continue };
            let is_in_scope = match &scope.sessions {
                Sessions::All => true,
                Sessions::AllBut(other) => id != other,
                Sessions::Of(port) => session.port == *port,
            };
            if is_in_scope && session.target == Some(scope.target) {
                apply(session, &self.shared);
                concerned.push(*id);
            }
        }
        for id in concerned {
            self.settle(id, caller);
        }
    }
}

//! State that all connections of an engine share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::Lun;

use super::command::Request;
use super::effect::{Effect, Scope, Sessions};
use super::engine::ConnectionId;
use super::fault::Fault;
use super::nexus::Nexus;
use super::reservation::{Consequences, InitiatorPort};
use super::scsi::{Plan, Rejection, Source, Units};
use super::{Config, Execution, Report, Sense};

/// Initiator ports remembered since the last start.
const MOST_PORTS: usize = 4096;

/// The state that all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(super) config: Arc<Config>,
    /// The units of each target, in the order of the configuration.
    pub(super) targets: Vec<Units>,
    pub(super) report: Report,
    pub(super) executions: Vec<Execution>,
    pub(super) now: Duration,
    /// The connection whose request is being executed.
    pub(super) current: ConnectionId,
    pub(super) effects: Vec<Effect>,
    /// How long commands take, by operation code; the rest takes no time.
    service_times: Arc<BTreeMap<u8, Duration>>,
    next_tsih: u16,
    was_restarted: bool,
    /// The ports that have logged in to a target since the last start, as far as that matters.
    known_ports: BTreeSet<(usize, InitiatorPort)>,
    /// The units that have not told a port of the last start, whose session ended before.
    untold: BTreeMap<(usize, InitiatorPort), Vec<Lun>>,
    /// The ports that reset their own nexus, and are to be told when they come back.
    lost_nexuses: BTreeSet<(usize, InitiatorPort)>,
}

impl Shared {
    pub(super) fn new(config: Arc<Config>, targets: Vec<Units>) -> Self {
        Self {
            config,
            targets,
            report: Report::default(),
            executions: Vec::new(),
            now: Duration::ZERO,
            current: ConnectionId::NONE,
            effects: Vec::new(),
            service_times: Arc::default(),
            next_tsih: 1,
            was_restarted: false,
            known_ports: BTreeSet::new(),
            untold: BTreeMap::new(),
            lost_nexuses: BTreeSet::new(),
        }
    }

    /// A session identifier, never 0.
    pub(super) fn next_tsih(&mut self) -> u16 {
        let tsih = self.next_tsih;
        self.next_tsih = tsih.wrapping_add(1).max(1);
        tsih
    }

    pub(super) fn note(&mut self, fault: &Fault) {
        self.report.note(fault);
    }

    pub(super) fn service_time(&self, operation: u8) -> Duration {
        self.service_times.get(&operation).copied().unwrap_or_default()
    }

    pub(super) fn set_service_time(&mut self, operation: u8, time: Duration) {
        Arc::make_mut(&mut self.service_times).insert(operation, time);
    }

    /// The target starts anew: every port is new to it.
    pub(super) fn restart(&mut self) {
        self.was_restarted = true;
        self.known_ports.clear();
        self.untold.clear();
        self.lost_nexuses.clear();
    }

    /// The session of a port is over, and with it the reservations of whole units.
    pub(super) fn session_over(&mut self, nexus: &Nexus) {
        if let Some(units) = nexus.target.and_then(|target| self.targets.get_mut(target)) {
            units.end_unit_reservations(None, Some(&nexus.port));
        }
    }

    /// A port has reset its nexus to a target.
    pub(super) fn nexus_lost(&mut self, target: usize, port: InitiatorPort) {
        if self.lost_nexuses.len() < MOST_PORTS {
            self.lost_nexuses.insert((target, port));
        }
    }

    /// These units have not told a port of the last start of the target: they tell its next session.
    pub(super) fn keep_untold(&mut self, nexus: &Nexus, units: Vec<Lun>) {
        if let Some(target) = nexus.target
            && !units.is_empty()
            && self.untold.len() < MOST_PORTS
        {
            self.untold.insert((target, nexus.port.clone()), units);
        }
    }

    /// The units that have something to tell a new session.
    pub(super) fn take_untold(&mut self, nexus: &Nexus) -> Vec<Lun> {
        let port = nexus.target.map(|target| (target, nexus.port.clone()));
        port.and_then(|port| self.untold.remove(&port)).unwrap_or_default()
    }

    /// The condition that the first command of a new session meets.
    pub(super) fn first_attention(&mut self, target: usize, port: &InitiatorPort) -> Option<Sense> {
        let known = (target, port.clone());
        let was_lost = self.lost_nexuses.remove(&known);
        if self.config.unit_attention {
            return Some(Sense::POWER_ON);
        }
        let is_new = !self.known_ports.contains(&known);
        let matters = self.was_restarted || self.config.nexus_loss_attention;
        if matters && is_new && self.known_ports.len() < MOST_PORTS {
            self.known_ports.insert(known);
        }
        if self.was_restarted && is_new {
            return Some(Sense::POWER_ON);
        }
        (was_lost || (self.config.nexus_loss_attention && !is_new)).then_some(Sense::NEXUS_LOSS)
    }

    /// Executes a command with the data that the initiator sent.
    pub(super) fn execute(
        &mut self,
        target: usize,
        request: &Request,
        plan: &Plan,
        port: &InitiatorPort,
        data: &[u8],
    ) -> Result<Source, Rejection> {
        let Some(units) = self.targets.get_mut(target) else {
            return Err(Rejection::Check(Sense::UNIT_NOT_SUPPORTED));
        };
        let (source, consequences) = units.execute(request.lun, plan, &request.cdb, port, data)?;
        self.spread(target, request.lun, consequences);
        if matches!(plan, Plan::ModeSelect { .. }) {
            let sessions = Sessions::AllBut(self.current);
            let others = Scope { target, lun: Some(request.lun), sessions };
            self.effects.push(Effect::Raise(others, Sense::MODE_PARAMETERS_CHANGED));
        }
        if !matches!(plan, Plan::Data(_)) {
            self.record(target, request, data);
            self.report.bytes_written += u64::try_from(data.len()).unwrap_or_default();
        }
        Ok(source)
    }

    fn spread(&mut self, target: usize, lun: Lun, consequences: Consequences) {
        let scope = |port| Scope { target, lun: Some(lun), sessions: Sessions::Of(port) };
        let aborted = consequences.aborted.into_iter().map(|port| Effect::Abort(scope(port), None));
        let told = consequences.attentions.into_iter().map(|(port, sense)| Effect::Raise(scope(port), sense));
        self.effects.extend(aborted.chain(told));
        if let Some(sense) = consequences.others_meet {
            let sessions = Sessions::AllBut(self.current);
            self.effects.push(Effect::Raise(Scope { target, lun: Some(lun), sessions }, sense));
        }
    }

    fn record(&mut self, target: usize, request: &Request, data: &[u8]) {
        self.report.executions += 1;
        if self.executions.len() >= self.config.most_executions {
            return;
        }
        let (lba, blocks) = request.cdb.blocks().unwrap_or_default();
        let mut first = [0; 16];
        first.iter_mut().zip(data).for_each(|(place, byte)| *place = *byte);
        self.executions.push(Execution {
            time: self.now,
            connection: self.current,
            target,
            lun: request.lun,
            itt: request.itt,
            cmd_sn: request.cmd_sn,
            operation: request.cdb.operation(),
            lba,
            blocks,
            data: first,
        });
    }
}
